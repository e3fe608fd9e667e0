"""Log lines: JSON, with the service's name, from ourselves and from libraries."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import structlog

from switchboard.telemetry import configure_logging, report_errors

pytestmark = pytest.mark.usefixtures("quiet_logging")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was written, each line read as JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_our_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A line names its event, service and installation, and keeps its fields as they are."""
    configure_logging(service="router", env="prod", level="info")
    structlog.get_logger().info("event.routed", account_id="178", elapsed_ms=1.5)

    (line,) = lines(capsys)
    expected = {"event": "event.routed", "level": "info", "service": "router", "env": "prod"}
    assert expected == {name: line[name] for name in expected}
    assert ("178", 1.5) == (line["account_id"], line["elapsed_ms"])
    assert line["timestamp"].endswith("Z")


def test_libraries_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's warning is a JSON line too; its chatter, which may quote a URL, is not heard."""
    configure_logging(service="router", env="prod", level="debug")
    logging.getLogger("aiohttp.client").info("GET https://graph/?access_token=secret")
    logging.getLogger("asyncio").warning("slow callback")

    (line,) = lines(capsys)
    assert ("slow callback", "warning", "router") == (
        line["event"],
        line["level"],
        line["service"],
    )


def test_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines below it are not written."""
    configure_logging(service="router", env="prod", level="warning")
    log = structlog.get_logger()
    log.info("not.heard")
    log.warning("heard")

    assert ["heard"] == [line["event"] for line in lines(capsys)]


def test_an_error_keeps_its_traceback_on_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """One event, one line, or nobody can search for it."""
    configure_logging(service="router", env="prod", level="info")
    try:
        int("nobody expected this")
    except ValueError:
        structlog.get_logger().exception("consumer.failed")

    (line,) = lines(capsys)
    assert "ValueError: invalid literal" in line["exception"]


def test_without_a_dsn_nothing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentry is only set up where somebody asked for it."""
    monkeypatch.setattr("sentry_sdk.init", lambda **_: pytest.fail("set up all the same"))

    report_errors(None, service="router", env="prod")


def test_reports_leave_out_what_people_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    """Local variables hold messages and tokens, bodies hold webhooks: neither is sent."""
    given: dict[str, Any] = {}
    monkeypatch.setattr("sentry_sdk.init", lambda **options: given.update(options))

    report_errors("https://key@sentry.example/1", service="router", env="prod")

    assert (False, "never", False) == (
        given["include_local_variables"],
        given["max_request_body_size"],
        given["send_default_pii"],
    )
