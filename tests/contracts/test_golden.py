"""What was once written to a queue can always be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from switchboard.contracts import (
    ANSWER,
    DELIVERY_DUE,
    INBOUND_EVENT,
    QUESTION,
    AnyAnswer,
    Contract,
    Event,
    InboundEvent,
)
from tests.contracts.samples import SAMPLES, kind_of

GOLDEN = Path(__file__).parent / "golden"
CASES = [pytest.param(sample, id=kind_of(sample)) for sample in SAMPLES]


def golden(kind: str) -> dict[str, Any]:
    """Return the golden file of `kind`."""
    read: dict[str, Any] = json.loads((GOLDEN / f"{kind}.json").read_text("utf-8"))
    return read


def reader(sample: Contract) -> TypeAdapter[Any]:
    """Return what the services parse this contract with."""
    if isinstance(sample, Event):
        return INBOUND_EVENT
    readers: dict[str, TypeAdapter[Any]] = {
        "question.v1": QUESTION,
        "answer.v1": ANSWER,
        "follower_read.v1": ANSWER,
        "posts_read.v1": ANSWER,
        "delivery_due.v1": DELIVERY_DUE,
    }
    return readers[kind_of(sample)]


def kinds_we_read() -> set[str]:
    """Return the kinds that the readers accept."""
    models: list[type[BaseModel]] = []
    for contract in (InboundEvent, AnyAnswer):
        union: Any = get_args(contract)[0]
        models += get_args(union)
    tags = [model.model_fields["kind"].default for model in models]
    return {*tags, "question.v1", "delivery_due.v1"}


def test_every_kind_we_read_has_a_golden_file() -> None:
    """A new kind comes with a file; a file's kind is never dropped from the readers."""
    assert kinds_we_read() == {path.stem for path in GOLDEN.glob("*.json")}


def test_every_golden_file_has_its_sample() -> None:
    """No file goes unread by the tests below."""
    assert {path.stem for path in GOLDEN.glob("*.json")} == {kind_of(one) for one in SAMPLES}


@pytest.mark.parametrize("sample", CASES)
def test_parses_to_what_it_meant(sample: Contract) -> None:
    """Every field of the file arrives, as its type."""
    parsed = reader(sample).validate_python(golden(kind_of(sample)))

    assert sample == parsed


@pytest.mark.parametrize("sample", CASES)
def test_is_written_as_it_was_read(sample: Contract) -> None:
    """What we write today is what the file holds: nothing renamed, dropped or spelt otherwise."""
    assert golden(kind_of(sample)) == json.loads(sample.to_json())


@pytest.mark.parametrize("sample", CASES)
def test_unknown_fields_pass(sample: Contract) -> None:
    """A newer writer's extra field does not stop an older reader."""
    newer = golden(kind_of(sample)) | {"a_field_of_tomorrow": {"deep": [1, 2]}}

    assert sample == reader(sample).validate_json(json.dumps(newer))


@pytest.mark.parametrize("sample", CASES)
def test_an_unknown_kind_is_refused(sample: Contract) -> None:
    """A kind from tomorrow is buried, not misread as today's."""
    other = golden(kind_of(sample)) | {"kind": "comment.v999"}

    with pytest.raises(ValidationError):
        reader(sample).validate_python(other)


@pytest.mark.parametrize(
    ("sample", "field"),
    [
        pytest.param(sample, field, id=f"{kind_of(sample)}-{field}")
        for sample in SAMPLES
        for field in ("occurred_at", "received_at", "asked_at", "answer_by", "answered_at")
        if field in type(sample).model_fields
    ],
)
def test_a_naive_time_is_refused(sample: Contract, field: str) -> None:
    """A time without a zone could mean any of 26 hours, so it means nothing."""
    naive = golden(kind_of(sample)) | {field: "2026-11-02T09:30:15"}

    with pytest.raises(ValidationError):
        reader(sample).validate_python(naive)


@pytest.mark.parametrize("sample", CASES)
def test_is_frozen(sample: Contract) -> None:
    """Nobody changes a message on its way through a service."""
    with pytest.raises(ValidationError):
        sample.kind = "comment.v1"  # type: ignore[attr-defined]  # not every contract says so
