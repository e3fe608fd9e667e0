"""Each import rule notices the import it forbids: a rule that cannot fail guards nothing."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

# The rule, a module it concerns, and an import that breaks it.
BREACHES = [
    ("services-apart", "services/router/app.py", "import services.sender.app"),
    ("library-below", "libs/switchboard/lifecycle.py", "import services.router.app"),
    ("services-below", "services/router/app.py", "import tools.metasim"),
    ("deciding-is-pure", "libs/switchboard/rules/decide.py", "import switchboard.db"),
    ("command-line-above", "services/router/app.py", "import switchboard.cli.app"),
    ("topology-is-plain", "libs/switchboard/topology.py", "import pydantic"),
    ("door-sqs", "services/router/router.py", "import aiobotocore.session"),
    ("door-s3", "libs/switchboard/queues/admin.py", "import aioboto3"),
    ("door-redis", "services/router/router.py", "import redis"),
    ("door-postgres", "libs/switchboard/graph/__init__.py", "import asyncpg"),
    ("door-meta", "services/router/router.py", "import aiohttp"),
    ("door-ollama", "services/classifier/classifier.py", "import ollama"),
    ("one-envelope", "services/control/resources/workspaces.py", "import switchboard.db.pool"),
    ("ollamasim-apart", "tools/ollamasim/__init__.py", "import switchboard.contracts"),
    ("metasim-apart", "tools/metasim/__init__.py", "import switchboard.contracts"),
    ("chaos-from-outside", "tools/chaos/stage.py", "import switchboard.contracts"),
    ("chaos-plans-purely", "tools/chaos/judging.py", "import asyncpg"),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the packages the rules are about."""
    copy = tmp_path_factory.mktemp("tree")
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in ("libs", "services", "tools", "dev"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignore)
    shutil.copy(ROOT / ".importlinter", copy)
    return copy


def broken(tree: Path) -> str:
    """Return what import-linter says of `tree`; empty if every rule is kept."""
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=tree,
        env={"PYTHONPATH": f"{tree}:{tree / 'libs'}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if run.returncode == 0 else run.stdout + run.stderr


def test_every_rule_has_a_breach() -> None:
    """No rule is left out of this test."""
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    names = {section.rsplit(":", 1)[1] for section in rules.sections() if "contract:" in section}

    assert names == {rule for rule, _, _ in BREACHES}


@pytest.mark.parametrize(("rule", "module", "line"), BREACHES)
def test_a_breach_is_noticed(tree: Path, rule: str, module: str, line: str) -> None:
    """Breaking the rule in a copy of the tree makes its check fail."""
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    title = rules[f"importlinter:contract:{rule}"]["name"]
    path = tree / module
    original = path.read_text()
    path.write_text(f"{original}\n{line}\n")
    try:
        assert f"{title} BROKEN" in broken(tree)
    finally:
        path.write_text(original)
