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
from switchboard.graph.messages import require_text
from tests.unit.sender.builders import NOON, claimed
from tools.metasim.composing import require_private_sendable, require_sendable

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

    row = classify(code, subcode, is_send=True)
    once = kind != "message"
    unclear = row.action is Action.AMBIG or (row.may_have_begun and once)
    assert unclear == isinstance(ending, Doubtful)
    assert isinstance(ending, Doubtful | Never | Late | Postponed)
    if isinstance(ending, Postponed):
        waits = ending.wait if ending.hold is None else ending.hold.first
        assert ending.reconnect or waits >= timedelta(seconds=1)
        if row.action is not Action.UNKNOWN:
            assert ending.reconnect or waits >= timedelta(seconds=regain_s)
        uncounted = row.is_limit or row.action in {Action.HOLD, Action.OWNER, Action.REAUTH}
        assert uncounted != ending.counted
        assert uncounted or not once
        assert uncounted or attempts < 5


@given(
    left=st.timedeltas(timedelta(days=-1), timedelta(days=8)),
    budget=st.timedeltas(timedelta(seconds=1), timedelta(minutes=1)),
    margin=st.timedeltas(timedelta(), timedelta(hours=1)),
    held=st.none() | st.timedeltas(timedelta(hours=-1), timedelta(days=9)),
    moved=st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=8)),
    kind=kinds,
)
def test_nothing_goes_late(
    *,
    left: timedelta,
    budget: timedelta,
    margin: timedelta,
    held: timedelta | None,
    moved: timedelta | None,
    kind: str,
) -> None:
    """If a delivery may go, its call ends before Meta's deadline with the margin to spare."""
    delivery = claimed(
        kind=kind,
        deadline=NOON + left,
        held_until=None if held is None else NOON + held,
        window_closes_at=None if moved is None else NOON + moved,
    )
    blocked = obstacle(delivery, now=NOON, call_budget=budget, margin=margin)

    if blocked is None:
        closes = [left, *([moved] if moved is not None and kind == "message" else [])]
        assert budget + margin < max(closes)
        assert held is None or held <= timedelta()
    if isinstance(blocked, Postponed):
        assert held is not None
        assert held > timedelta()


urls = st.sampled_from(["https://shop.example/x", "http://a.example", "ftp://a.example", "x"])
titles, payloads = st.text(max_size=25), st.text(max_size=5)
links = st.fixed_dictionaries({"kind": st.just("link"), "title": titles, "url": urls})
taps = st.fixed_dictionaries({"kind": st.just("postback"), "title": titles, "payload": payloads})
chips = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["text", "email", "phone"]),
        "title": st.just("") | titles,
        "payload": payloads,
    }
)
names = st.sampled_from(["first_name", "name", "username", "email", "keyword", "size"])
texts = st.lists(
    st.text(max_size=150) | names.map("{{{{{}}}}}".format) | names.map("{{{{{}|you}}}}".format),
    max_size=4,
).map("".join)
medias = st.fixed_dictionaries(
    {"kind": st.sampled_from(["image", "video", "audio", "file"]), "url": urls}
) | st.fixed_dictionaries({"kind": st.just("post"), "media_id": st.text(max_size=3)})
contents = st.fixed_dictionaries(
    {},
    optional={
        "text": texts,
        "buttons": st.lists(links | taps, max_size=4),
        "quick_replies": st.lists(chips, max_size=14),
        "media": medias,
        "button": links,
    },
)


@given(
    kind=kinds,
    content=contents,
    name=st.none() | st.text(max_size=100),
    fields=st.dictionaries(st.just("size"), st.text(max_size=100)),
)
def test_what_is_said_is_within_metas_limits(
    kind: str, content: dict[str, Any], name: str | None, fields: dict[str, str]
) -> None:
    """
    Whatever content a row holds, what leaves is within Meta's limits, or nothing leaves.

    Judged by the simulator's rules, which share no code with ours. A public reply's text is looked
    at by the client, just before the call.
    """
    row = claimed(kind=kind, content=content, name=name, fields=fields)
    try:
        said = compose(row, None)
        if isinstance(said, Public):
            require_text(said.text)
    except NotSendable:
        return
    if isinstance(said, Public):
        assert 0 < len(said.text.encode(errors="surrogatepass")) <= 1000
    elif kind == "private_reply":
        require_private_sendable(said.message.body["message"])
    else:
        require_sendable(said.message.body["message"])
    if isinstance(said, Private):
        shown = said.message.body["message"].get("quick_replies", [])
        assert all(len(chip["title"]) <= 20 for chip in shown)  # longer ones Meta cuts
