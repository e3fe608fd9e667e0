"""Whatever a service writes, the next one reads: the same value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args
from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from switchboard.contracts import (
    ANSWER,
    DELIVERY_DUE,
    INBOUND_EVENT,
    QUESTION,
    Answer,
    Contract,
    DeliveryDue,
    Event,
    FollowerRead,
    InboundEvent,
    PostsRead,
    PublishedPost,
    Question,
)
from switchboard.contracts.ids import NAMESPACE

# JSON cannot carry half a surrogate pair; everything else that text can be, it must.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001  hypothesis wants bare bounds and adds the zone

st.register_type_strategy(str, TEXT)
st.register_type_strategy(datetime, MOMENTS)

KINDS: list[type[BaseModel]] = [*get_args(get_args(InboundEvent)[0])]


def anything(contract: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Return values of `contract` with every field drawn, the optional ones too."""
    fields = {
        name: _field(name, field.annotation)
        for name, field in contract.model_fields.items()
        if name != "kind"
    }
    return st.builds(contract, **fields)


def _field(name: str, annotation: Any) -> st.SearchStrategy[Any]:
    """Return values of a field, which `builds` would leave at its default if it has one."""
    if name in {"part", "parts", "step"}:
        return st.integers(min_value=1)
    if name.endswith("_at"):
        return MOMENTS
    if name == "event":
        return EVENTS
    if name == "posts":
        return st.lists(anything(PublishedPost), max_size=3).map(tuple)
    if name == "earlier":
        return st.none()
    drawn: st.SearchStrategy[Any] = st.from_type(annotation)
    return drawn


EVENTS = st.sampled_from(KINDS).flatmap(anything)


@given(EVENTS)
def test_events(event: Event) -> None:
    """Any event survives its queue."""
    assert event == INBOUND_EVENT.validate_json(event.to_json())


@given(EVENTS)
def test_event_id_is_made_of_the_identity_alone(event: Event) -> None:
    """Read again, or computed anywhere else, it is the same id."""
    read = INBOUND_EVENT.validate_json(event.to_json())

    assert event.event_id == read.event_id
    assert uuid5(NAMESPACE, event.identity()) == event.event_id


@given(EVENTS, MOMENTS, TEXT)
def test_event_id_does_not_depend_on_the_report(
    event: Event, received_at: datetime, trace_id: str
) -> None:
    """When a webhook came, and under which trace, does not make another event."""
    report = event.model_copy(update={"received_at": received_at, "trace_id": trace_id})

    assert event.event_id == report.event_id


@given(EVENTS)
def test_the_moment_is_kept_to_the_microsecond(event: Event) -> None:
    """Zones may be spelt otherwise; the moment is the same."""
    read = INBOUND_EVENT.validate_json(event.to_json())

    assert event.occurred_at.astimezone(UTC) == read.occurred_at.astimezone(UTC)


@given(EVENTS, st.data())
def test_questions(event: Event, data: st.DataObject) -> None:
    """Any question survives its queue, with the whole event in it."""
    option = st.fixed_dictionaries(
        {"name": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64)},
        optional={"description": TEXT, "examples": st.lists(TEXT).map(tuple)},
    )
    question = Question.model_validate(
        {
            "event": event,
            "text": data.draw(TEXT),
            "intents": data.draw(st.lists(option, min_size=1, max_size=4)),
            "intents_version": data.draw(st.integers()),
            "asked_at": data.draw(MOMENTS),
            "answer_by": data.draw(MOMENTS),
        }
    )

    assert question == QUESTION.validate_json(question.to_json())


@given(EVENTS, st.data())
def test_answers(event: Event, data: st.DataObject) -> None:
    """Any answer survives its queue, an abstention above all."""
    becauses = get_args(Answer.model_fields["because"].annotation)
    answer = Answer.model_validate(
        {
            "event": event,
            "intent": data.draw(st.none() | TEXT),
            "because": data.draw(st.sampled_from(becauses)),
            "by": data.draw(st.sampled_from(["model", "examples", "cache", "nobody"])),
            "confidence": data.draw(st.none() | st.floats(0, 1)),
            "model": data.draw(st.none() | TEXT),
            "intents_version": data.draw(st.integers()),
            "answered_at": data.draw(MOMENTS),
        }
    )

    assert answer == ANSWER.validate_json(answer.to_json())


@given(st.one_of(anything(FollowerRead), anything(PostsRead)))
def test_answers_of_meta(read: Contract) -> None:
    """What Meta said survives its queue, with the event it was asked about."""
    assert read == ANSWER.validate_json(read.to_json())


@given(st.builds(DeliveryDue))
def test_deliveries(due: Contract) -> None:
    """Any call to send survives its queue."""
    assert due == DELIVERY_DUE.validate_json(due.to_json())
