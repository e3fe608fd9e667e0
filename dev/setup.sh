#!/bin/sh
# Makes .venv and .local/ministack as requirements/*.txt say. `make setup` runs it when those changed.
#
# PYTHON names the interpreter to use; otherwise the first that is new enough is taken. Nothing
# outside the checkout is touched, caches aside.
set -eu

usable() { # can this interpreter make an environment for us?
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        if usable "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    if [ -n "${PYTHON:-}" ]; then
        echo "PYTHON=$PYTHON is not a Python 3.11 or later with venv" >&2
    else
        echo "no Python 3.11 or later with venv found: install one (on Debian, python3-venv too)," \
            "or name it: make PYTHON=/path/to/python" >&2
    fi
    exit 1
}

environment() { # make an environment in $1 unless one that works is there
    if ! "$1/bin/python" -c '' >/dev/null 2>&1; then
        rm -rf "$1"
        "$python" -m venv "$1"
    fi
}

install() { # make the environment $1 hold exactly what $2 lists; pip, if uv finds no index
    .venv/bin/uv pip sync --quiet --python "$1/bin/python" --require-hashes "$2" 2>"$log" ||
        "$1/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
            -r "$2" 2>>"$log" ||
        failed "installing $2"
}

failed() {
    echo "setup failed while $1:" >&2
    tail -n 15 "$log" >&2
    exit 1
}

mkdir -p .local/logs
log=.local/logs/setup.log
python=$(find_python)

echo "setup: environment with $("$python" --version)"
environment .venv
[ -x .venv/bin/uv ] && [ "$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" = \
    "$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements/bootstrap.txt)" ] ||
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r requirements/bootstrap.txt >"$log" 2>&1 || failed "installing uv"

echo "setup: libraries and tools"
install .venv requirements/dev.txt

echo "setup: this project"
.venv/bin/uv pip install --quiet --python .venv/bin/python --offline --no-deps --no-build-isolation \
    --editable . 2>"$log" || failed "installing the project"

echo "setup: the local SQS server"
environment .local/ministack
install .local/ministack requirements/ministack.txt

touch .local/ready
echo "setup: done"
