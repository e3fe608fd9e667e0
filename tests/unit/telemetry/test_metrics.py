"""Figures: added up in the process, written in CloudWatch's embedded metric format."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.telemetry import Meter, Metric, configure_logging

SENT = Metric("Sent")
FAILED = Metric("Failed")
LATENCY = Metric("Latency", "Milliseconds")


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the lines written since the last look."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def directive(line: dict[str, Any]) -> dict[str, Any]:
    """Return what tells CloudWatch which of the line's fields are metrics."""
    (only,) = line["_aws"]["CloudWatchMetrics"]
    found: dict[str, Any] = only
    return found


@pytest.fixture
def meter() -> Meter:
    """A meter of no service in particular."""
    return Meter("sender", "prod")


def test_a_line_is_an_embedded_metric(meter: Meter, capsys: pytest.CaptureFixture[str]) -> None:
    """Every name the directive mentions is a field of the line, as the specification demands."""
    meter.count(SENT, 2, outcome="ok")
    meter.count(SENT, outcome="ok")
    meter.flush()

    (line,) = written(capsys)
    assert {"outcome": "ok", "service": "sender", "env": "prod", "Sent": 3} == {
        name: line[name] for name in ("outcome", "service", "env", "Sent")
    }
    assert {
        "Namespace": "Switchboard",
        "Dimensions": [["service", "env", "outcome"]],
        "Metrics": [{"Name": "Sent", "Unit": "Count"}],
    } == directive(line)
    assert isinstance(line["_aws"]["Timestamp"], int)


def test_each_set_of_dimensions_is_a_line(meter: Meter, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts of one set share a line; in whatever order the dimensions were named."""
    meter.count(SENT, outcome="ok", queue="a")
    meter.count(FAILED, queue="a", outcome="ok")
    meter.count(SENT, outcome="bad", queue="a")
    meter.flush()

    lines = {(line["outcome"], line["queue"]): line for line in written(capsys)}
    assert {("ok", "a"), ("bad", "a")} == set(lines)
    assert (1, 1) == (lines["ok", "a"]["Sent"], lines["ok", "a"]["Failed"])


def test_a_duration_is_all_its_values_rounded(
    meter: Meter, capsys: pytest.CaptureFixture[str]
) -> None:
    """Percentiles survive: the values are kept, to two significant digits."""
    for value in (1234.5, 0.04567, 99.0):
        meter.observe(LATENCY, value)
    meter.flush()

    (line,) = written(capsys)
    assert [1200.0, 0.046, 99.0] == line["Latency"]
    assert [{"Name": "Latency", "Unit": "Milliseconds"}] == directive(line)["Metrics"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(observed=st.integers(0, 1_000))
def test_no_line_holds_more_than_a_hundred_values(
    capsys: pytest.CaptureFixture[str], observed: int
) -> None:
    """CloudWatch would drop the line; and no value is dropped by us instead."""
    meter = Meter("sender", "prod")
    for _ in range(observed):
        meter.observe(LATENCY, 5)
    meter.flush()

    sizes = [len(line["Latency"]) for line in written(capsys)]
    assert all(1 <= size <= 100 for size in sizes)
    assert observed == sum(sizes)


def test_beyond_a_thousand_values_the_totals_still_count(
    meter: Meter, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line stays affordable; how many there were is still known."""
    for _ in range(1_500):
        meter.observe(LATENCY, 5)
    meter.flush()

    assert 1_000 == sum(len(line["Latency"]) for line in written(capsys))
    assert {"Latency": 1_500} == meter.totals()


def test_flushing_begins_again_but_totals_go_on(
    meter: Meter, capsys: pytest.CaptureFixture[str]
) -> None:
    """CloudWatch adds the lines up, so nothing is told twice; totals are since the start."""
    meter.count(SENT, 3)
    meter.flush()
    meter.count(SENT, 4)
    meter.flush()
    meter.flush()

    assert [3, 4] == [line["Sent"] for line in written(capsys)]
    assert {"Sent": 7} == meter.totals()


def test_totals_name_their_dimensions(meter: Meter) -> None:
    """A test, or a person, finds a figure by its name and what it is of."""
    meter.count(SENT, 2, outcome="ok", by="model")
    meter.observe(LATENCY, 9, by="model")

    assert {"Sent{by=model,outcome=ok}": 2, "Latency{by=model}": 1} == meter.totals()


async def test_stopping_writes_what_was_counted(
    meter: Meter, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last minute of a process is not lost."""
    stop = asyncio.Event()
    running = asyncio.create_task(meter.run(stop))
    meter.count(SENT)
    stop.set()
    await running

    assert [1] == [line["Sent"] for line in written(capsys)]


async def test_it_writes_without_being_told_to_stop(capsys: pytest.CaptureFixture[str]) -> None:
    """Every `flush_s` seconds."""
    meter, stop, lines = Meter("sender", "prod", flush_s=0.01), asyncio.Event(), []
    meter.count(SENT)
    running = asyncio.create_task(meter.run(stop))
    async with asyncio.timeout(10):
        while not (lines := written(capsys)):  # noqa: ASYNC110  standard output tells nobody
            await asyncio.sleep(0.005)
    stop.set()
    await running

    assert [1] == [line["Sent"] for line in lines]


def test_figures_do_not_depend_on_the_log_level(
    meter: Meter, capsys: pytest.CaptureFixture[str], quiet_logging: None
) -> None:
    """An installation that logs errors only still wants its figures."""
    configure_logging(service="sender", env="prod", level="error")
    meter.count(SENT)
    meter.flush()

    assert [1] == [line["Sent"] for line in written(capsys)]
