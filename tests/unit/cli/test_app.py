"""The command line: what it says of wrong input, in one line, and what needs no database."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from switchboard.cli import media
from switchboard.cli.app import app, main
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from switchboard.rules.linter import MediaFound
from tests.support.builders import on_comment, on_message, private_reply

_UUID = "00000000-0000-0000-0000-000000000001"


@pytest.fixture(autouse=True)
def _without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A file with a campaign in which nothing is wrong."""
    return _file(tmp_path, trigger=on_comment("link"), steps=[private_reply("Here")])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explain"], "Missing argument 'EVENT'"),
        (["explain", _UUID], "DATABASE_URL: Field required; set it as for the services"),
        (["forecast"], "Missing option '--account'"),
        (["replay"], "Missing option '--since'"),
        (["replay", "--since", "yesterday"], "--since: 'yesterday' is no date; write 2026-11-01"),
        (
            ["replay", "--since", "0001-01-01T00:00:00+14:00"],
            "--since: '0001-01-01T00:00:00+14:00'",
        ),
        (["replay", "--since", "2026-11-01", "--until", "x"], "--until: 'x' is no date"),
        (["replay", "--since", "2026-11-01", "--as", _UUID], "--as: names what --campaign"),
        (["dry-run", "/nowhere", "--account", "shop"], "/nowhere: No such file or directory"),
        (["dry-run", "f", "--account", "shop", "--days", "0"], "Invalid value for '--days'"),
        (["lint", "/nowhere"], "/nowhere: No such file or directory; name a file, or -"),
        (["draft", "show", "mine"], "CAMPAIGN: 'mine' is no campaign's id"),
        (["publish", "f"], "Missing option '--account'"),
        (["deliveries", "list"], "Missing option '--account'"),
        (["deliveries", "show", "mine"], "'mine' is no delivery's id; see"),
        (["deliveries", "decide", _UUID], "give one of --sent, --retry and --drop"),
        (["deliveries", "decide", _UUID, "--sent", "--drop"], "give one of --sent, --retry"),
        (
            ["deliveries", "decide", _UUID, "--drop", "--message-id", "m"],
            "--message-id: goes with --sent",
        ),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong is named on stderr, with what to do, and the code is 2."""
    code = main(arguments)

    told = capsys.readouterr()
    assert (2, "") == (code, told.out)
    assert told.err.startswith("switchboard: ")
    assert said in told.err
    assert 1 == told.err.count("\n")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"{", "not JSON: EOF while parsing an object at line 1 column 1"),
        (b"\xff", "not JSON: "),
        (b"[]", "a campaign is one JSON object; see `switchboard schema`"),
        (b'{"trigger": {"kind": "comment"}}', "steps: Field required; `switchboard lint`"),
        (b'{"trigger": {"kind": "fax"}, "steps": []}', "trigger.kind: there is no 'fax'"),
        (b" " * (2**20 + 1), "1048577 bytes; a campaign has 1048576 at most"),
    ],
)
def test_a_file_that_is_no_campaign(
    written: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is named with the first thing that is wrong with it."""
    file = tmp_path / "campaign.json"
    file.write_bytes(written)

    code = main(["dry-run", str(file), "--account", "shop"])

    told = capsys.readouterr()
    assert 2 == code
    assert f"{file}: " in told.err
    assert said in told.err
    assert 1 == told.err.count("\n")


def test_an_address_that_is_none_is_not_shown(
    good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong DATABASE_URL is told of without its value, which has a password in it."""
    monkeypatch.setenv("DATABASE_URL", "http://user:hunter2@db/x")

    code = main(["dry-run", str(good), "--account", "shop"])

    told = capsys.readouterr()
    assert (2, 1) == (code, told.err.count("\n"))
    assert "DATABASE_URL: " in told.err
    assert "hunter2" not in told.err


def test_lint_has_nothing_to_say(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A campaign in which nothing is wrong ends with 0."""
    assert 0 == main(["lint", str(good)])
    assert "Nothing is wrong with it.\n" == capsys.readouterr().out


def test_lint_reads_standard_input(
    good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With - for a file the campaign is read from standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(good.read_bytes())))

    assert 0 == main(["lint", "-"])
    assert "Nothing is wrong with it.\n" == capsys.readouterr().out


def test_lint_tells_every_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What Meta would refuse is told with its place and code, and the code is 1."""
    file = _file(
        tmp_path,
        trigger=on_comment("link"),
        steps=[private_reply("Here"), private_reply("And here")],
    )

    code = main(["lint", str(file)])

    assert 1 == code
    assert "error: steps.1: " in (out := capsys.readouterr().out)
    assert "[second_private_reply]" in out


def test_lint_tells_every_fault_of_what_is_no_campaign(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All faults are listed with their places, not only the first."""
    file = _file(tmp_path, trigger={"kind": "comment"}, steps=[{"kind": "wait"}, {"kind": "tag"}])

    code = main(["lint", str(file)])

    lines = capsys.readouterr().out.splitlines()
    assert (1, 2) == (code, len(lines))
    assert lines[0].startswith("error: steps.0.duration: ")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (MediaFound("image/png", 1000), "Nothing is wrong with it."),
        (MediaFound("text/html", None), "error: steps.0.variants.0.media.url: text/html is no"),
        ("the server answers 404", "error: steps.0.variants.0.media.url: nobody can fetch it: the"),
    ],
)
def test_files_are_looked_at_where_they_are(
    said: MediaFound | str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --check-media, what a file's server says of it is held against what Meta takes."""
    picture = {"media": {"kind": "image", "url": "https://shop.example/a.png"}}
    step = {"kind": "message", "variants": [picture]}
    file = _file(tmp_path, trigger=on_message("price"), steps=[step])
    monkeypatch.setattr(media, "_ask", lambda _url: said)

    code = main(["lint", str(file), "--check-media"])

    assert expected.startswith("error") == bool(code)
    assert expected in capsys.readouterr().out


def test_a_file_of_this_machine_is_not_opened() -> None:
    """Only what a web server has can be asked about, wherever a redirect leads."""
    assert "neither https nor http" == media._ask("file:///etc/hostname")
    for elsewhere in ("file:///etc/hostname", "ftp://shop.example/a.png"):
        with pytest.raises(URLError, match="unknown url type"):
            media._opener().open(elsewhere)


def test_the_schema_is_the_campaigns(capsys: pytest.CaptureFixture[str]) -> None:
    """What `schema` prints is what definitions are read by."""
    assert 0 == main(["schema"])
    assert CAMPAIGN_DEFINITION.json_schema() == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "command",
    [
        "explain",
        "forecast",
        "replay",
        "dry-run",
        "lint",
        "publish",
        "draft",
        "campaigns",
        "schema",
    ],
)
def test_every_command_has_help(command: str) -> None:
    """Each command says what it is for."""
    run = CliRunner().invoke(app, [command, "--help"])

    assert 0 == run.exit_code
    assert "Usage: " in run.output


def _file(folder: Path, **definition: Any) -> Path:
    file = folder / "campaign.json"
    file.write_text(json.dumps(definition))
    return file


def _leaves(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with the words that call it."""
    for name, command in group.commands.items():
        if getattr(command, "commands", None):
            yield from _leaves(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(_leaves(get_command(app)))

# Each command with what it must be given: wrong, all of it, or nowhere to be found.
_WRONG: dict[tuple[str, ...], list[str]] = {
    ("accounts", "list"): [],
    ("accounts", "show"): ["nobodys"],
    ("alerts",): [],
    ("campaigns", "export"): ["/dev/null/x", "--account", "nobodys"],
    ("campaigns", "import"): ["/nowhere", "--account", "nobodys"],
    ("campaigns", "list"): ["--account", "nobodys"],
    ("deliveries", "cancel"): [_UUID],
    ("deliveries", "decide"): [_UUID, "--drop", "--yes"],
    ("deliveries", "list"): ["--account", "nobodys"],
    ("deliveries", "show"): [_UUID],
    ("dlq", "discard"): ["events", "--id", "m", "--yes"],
    ("dlq", "list"): [],
    ("dlq", "redrive"): ["events", "--all"],
    ("dlq", "show"): ["m"],
    ("draft", "save"): ["/nowhere", "--account", "nobodys"],
    ("draft", "show"): [_UUID],
    ("dry-run",): ["/nowhere", "--account", "nobodys"],
    ("erase",): ["1", "--account", "nobodys", "--yes"],
    ("events",): ["--account", "nobodys"],
    ("explain",): [_UUID],
    ("export",): ["nobodys", "/nowhere/there"],
    ("forecast",): ["--account", "nobodys"],
    ("import",): ["/nowhere"],
    ("intents", "calibrate"): ["--account", "nobodys"],
    ("intents", "check"): ["/nowhere"],
    ("intents", "eval"): ["/nowhere"],
    ("intents", "label"): [_UUID, "price"],
    ("intents", "learn"): ["/nowhere", "--account", "nobodys"],
    ("intents", "publish"): ["/nowhere", "--account", "nobodys"],
    ("intents", "show"): ["--account", "nobodys"],
    ("intents", "suggest"): ["--account", "nobodys"],
    ("lint",): ["/nowhere"],
    ("migrate",): ["--directory", "/nowhere"],
    ("pause",): [_UUID],
    ("publish",): ["/nowhere", "--account", "nobodys", "--name", "x"],
    ("operators", "add"): ["nobody"],
    ("operators", "list"): [],
    ("operators", "remove"): ["nobody"],
    ("queues", "create"): [],
    ("tokens", "new-key"): ["k", "--kms-key", "alias/x"],
    ("tokens", "rotate"): [],
    ("replay",): ["--since", "2026-11-01"],
    ("try-again",): ["--account", "nobodys"],
    ("webhook-secret",): ["--account", "nobodys"],
    ("workspaces", "delete"): ["nobodys", "--yes"],
    ("workspaces", "keep"): ["nobodys"],
    ("workspaces", "list"): [],
    ("workspaces", "owner"): ["nobodys", "nobody"],
}
_NEVER_WRONG = {("schema",), ("doctor",)}  # nothing is read; what is wrong is what it finds


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_can_tell_programs(path: tuple[str, ...]) -> None:
    """Whatever a command prints, `--json` prints it as JSON."""
    options = {name for parameter in COMMANDS[path].params for name in parameter.opts}

    assert "--json" in options


def test_every_command_is_tried_wrongly() -> None:
    """Whoever adds a command says with what it goes wrong."""
    assert set(COMMANDS) - _NEVER_WRONG == set(_WRONG)


@pytest.mark.parametrize("path", _WRONG, ids=" ".join)
@pytest.mark.parametrize("how", [(), ("--json",)])
def test_what_is_wrong_is_one_line(
    path: tuple[str, ...],
    how: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without settings, files or anything there, each says so in a line and does nothing."""
    for name in ("REDIS_URL", "QUEUE_PREFIX", "TOKEN_KEYS", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "no address")

    code = main([*path, *_WRONG[path], *how])
    said = capsys.readouterr()

    assert (2, "") == (code, said.out)
    assert 1 == said.err.count("\n")
    assert said.err.startswith("switchboard: ")
    assert "Traceback" not in said.err


@pytest.mark.parametrize("written", ["{", "[]", '"a"', "\u00ff{", "", "null"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["lint"],
        ["publish", "--account", "shop", "--name", "x"],
        ["draft", "save", "--account", "shop", "--name", "x"],
        ["dry-run", "--account", "shop"],
        ["replay", "--since", "2026-11-01", "--account", "shop", "--campaign"],
        ["campaigns", "import", "--account", "shop"],
        ["intents", "check"],
        ["intents", "publish", "--account", "shop"],
    ],
    ids=" ".join,
)
def test_a_file_with_something_else_in_it(
    arguments: list[str], written: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no JSON, or no such thing, is told in one line that names the file."""
    file = tmp_path / "file.json"
    file.write_text(written, encoding="latin-1")

    code = main([*arguments, str(file)])
    said = capsys.readouterr()

    assert (2, "") == (code, said.out)
    assert 1 == said.err.count("\n")
    assert "file.json" in said.err
