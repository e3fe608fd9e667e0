"""The promise of the sender, over every delivery and every answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.sender.composing import Private, Public, compose
from services.sender.endings import Doubtful, Late, Never, Postponed, ending_of
from services.sender.obstacles import obstacle
from switchboard.graph import Action, NotSendable, Said, Usage, classify
from switchboard.graph.failures import refusal
from tests.unit.sender.builders import NOON, claimed

kinds = st.sampled_from(["message", "private_reply", "public_reply"])


@given(
    kind=kinds,
    attempts=st.integers(1, 9),
    code=st.sampled_from([-1, 1, 2, 4, 10, 20, 100, 190, 200, 368, 613, 1200]) | st.integers(),
    subcode=st.none() | st.sampled_from([1357046, 1772107, 2534022, 2534025]) | st.integers(),
    regain_s=st.integers(0, 10**6),
)
def test_what_may_have_been_sent_never_comes_back(
    kind: str, attempts: int, code: int, subcode: int | None, regain_s: int
) -> None:
    """An answer under which Meta may have acted ends the delivery; no other is called unclear."""
    said = Said(code=code, subcode=subcode, usage=Usage(0, regain_s))
    ending = ending_of(refusal(said, is_send=True), claimed(kind=kind, attempts=attempts))

    action = classify(code, subcode, is_send=True).action
    assert (action is Action.AMBIG) == isinstance(ending, Doubtful)
    assert isinstance(ending, Doubtful | Never | Late | Postponed)
    if isinstance(ending, Postponed) and action is not Action.UNKNOWN:
        assert not ending.counted
        assert ending.reconnect or ending.wait >= timedelta(seconds=max(1, regain_s))


@given(
    left=st.timedeltas(timedelta(days=-1), timedelta(days=8)),
    budget=st.timedeltas(timedelta(seconds=1), timedelta(minutes=1)),
    margin=st.timedeltas(timedelta(), timedelta(hours=1)),
    held=st.none() | st.timedeltas(timedelta(hours=-1), timedelta(days=9)),
)
def test_nothing_goes_late(
    left: timedelta, budget: timedelta, margin: timedelta, held: timedelta | None
) -> None:
    """If a delivery may go, its call ends before the deadline with the margin to spare."""
    delivery = claimed(deadline=NOON + left, held_until=None if held is None else NOON + held)
    blocked = obstacle(delivery, now=NOON, call_budget=budget, margin=margin)

    if blocked is None:
        assert NOON + budget + margin < delivery.deadline
        assert held is None or held <= timedelta()
    if isinstance(blocked, Postponed):
        assert blocked.wait > timedelta()


@given(
    kind=kinds,
    text=st.text(max_size=400),
    title=st.none() | st.text(max_size=25),
    url=st.sampled_from(["https://shop.example/x", "http://a.example", "ftp://a.example", "x"]),
)
def test_what_is_said_is_within_metas_limits(
    kind: str, text: str, title: str | None, url: str
) -> None:
    """Whatever content a row holds, what leaves is within Meta's limits, or nothing leaves."""
    content: dict[str, Any] = {"text": text}
    if title is not None:
        content["button"] = {"title": title, "url": url}
    try:
        said = compose(claimed(kind=kind, content=content), None)
    except NotSendable:
        return
    body: dict[str, Any] = {"text": said.text} if isinstance(said, Public) else {}
    body |= said.message.body["message"] if isinstance(said, Private) else {}
    if "text" in body:
        assert 0 < len(body["text"].encode()) <= 1000
    else:
        payload = body["attachment"]["payload"]
        assert 0 < len(payload["text"]) <= 640
        assert all(0 < len(button["title"]) <= 20 for button in payload["buttons"])
