"""What holds for every body whatsoever."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingress.envelope import unfold
from services.ingress.normalise import normalise
from services.ingress.reading import moment_in, raw_json
from services.ingress.signature import SignatureRefused, signed_by
from services.ingress.sorting import sort
from switchboard.contracts import INBOUND_EVENT, TraceId, WebhookUnreadable
from switchboard.errors import Unreadable
from tests.unit.ingress.bodies import FAN, SENT_MS, SHOP, signature

NOW = datetime(2025, 11, 1, 12, 30, tzinfo=UTC)
TRACE = TraceId("c" * 32)

# Any text, also half an emoji and NUL; any number that JSON can spell.
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip

# Meta's own words in any arrangement: much nearer to what is read than anything at random.
WORDS = (
    "id", "comment_id", "from", "username", "self_ig_scoped_id", "text", "media", "parent_id",
    "media_id", "sender", "recipient", "timestamp", "message", "mid", "is_echo", "is_deleted",
    "is_self", "is_unsupported", "attachments", "type", "payload", "url", "ig_post_media_id",
    "title", "quick_reply", "reply_to", "story", "referral", "ref", "postback", "reaction",
    "action", "emoji", "read", "message_edit", "num_edit", "optin", "pass_thread_control",
    "app_roles", "metadata", "ads_context_data",
)  # fmt: skip
FIELDS = (
    "comments", "live_comments", "mentions", "messages", "message_echoes", "message_edit",
    "message_reactions", "messaging_postbacks", "messaging_referral", "messaging_seen",
    "messaging_optins", "messaging_handover", "standby", "unheard_of",
)  # fmt: skip
leaves = scalars | st.sampled_from([SHOP, FAN, int(FAN), SENT_MS, "story_mention", "share", True])
likely = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6)
    ),
    max_leaves=16,
)
updates = st.dictionaries(st.sampled_from(WORDS), likely, max_size=8) | likely
changes = st.fixed_dictionaries({"field": st.sampled_from(FIELDS) | anything, "value": updates})
entries = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from([SHOP, int(SHOP), "17841", "", None]) | anything,
        "time": anything | st.just(SENT_MS),
        "changes": st.lists(changes | anything, max_size=3) | anything,
        "messaging": st.lists(updates, max_size=3) | anything,
        "standby": st.lists(updates, max_size=2),
        "field": st.sampled_from(FIELDS),
        "value": updates,
    },
)
bodies = st.fixed_dictionaries(
    {"entry": st.lists(entries | anything, max_size=3) | entries},
    optional={"object": st.sampled_from(["instagram", "page"]) | anything},
)


@given(body=st.binary(max_size=60), secrets=st.lists(st.text(min_size=1), min_size=1, unique=True),
       data=st.data())  # fmt: skip
def test_exactly_the_signed_bytes_are_accepted(
    body: bytes, secrets: list[str], data: st.DataObject
) -> None:
    """A body is accepted with any of the secrets, and no other body or secret is."""
    place = data.draw(st.integers(0, len(secrets) - 1))
    other = data.draw(st.binary(max_size=60).filter(lambda drawn: drawn != body))
    header = [signature(body, secrets[place])]

    assert place == signed_by(body, header, secrets)
    for content, accepted in [
        (other, secrets),
        (body, [s for s in secrets if s != secrets[place]]),
    ]:
        with pytest.raises(SignatureRefused):
            signed_by(content, header, accepted)


@given(header=st.lists(st.text(max_size=80), max_size=2), body=st.binary(max_size=20))
def test_no_header_at_random_is_accepted(header: list[str], body: bytes) -> None:
    """Whatever the header says, it is a proof or it is refused, and never an error."""
    with pytest.raises(SignatureRefused):
        signed_by(body, header, ["secret"])


@given(body=bodies | st.lists(bodies, min_size=1, max_size=2) | anything)
async def test_nothing_is_lost(body: Any) -> None:
    """Every update is one event or a dropped test; what has no updates is kept to the byte."""
    content = json.dumps(body).encode()
    try:
        expected = len(unfold(content))
    except Unreadable:
        expected = None

    found = await sort(content, received_at=NOW, trace_id=TRACE)
    events = [INBOUND_EVENT.validate_json(message.body) for message in found.messages]

    if expected is None:
        (kept,) = events
        assert isinstance(kept, WebhookUnreadable)
        assert content == base64.b64decode(kept.body_base64)
    else:
        assert expected == len(events) + found.tests
    assert len(events) == found.kinds.total()


@given(content=st.binary(max_size=40))
async def test_bytes_at_random_are_kept(content: bytes) -> None:
    """No bytes with a good signature are refused or lost."""
    found = await sort(content, received_at=NOW, trace_id=TRACE)
    (kept,) = [INBOUND_EVENT.validate_json(message.body) for message in found.messages]

    assert isinstance(kept, WebhookUnreadable)
    assert content == base64.b64decode(kept.body_base64)


@given(body=bodies)
async def test_every_message_is_one_that_sqs_takes(body: Any) -> None:
    """Messages hold only the characters, and groups only the form, that SQS documents."""
    found = await sort(json.dumps(body).encode(), received_at=NOW, trace_id=TRACE)

    for message in found.messages:
        assert len(message.group) <= 128
        assert all("!" <= character <= "~" for character in message.group)
        assert not set(message.body) & {chr(code) for code in [*range(9), 0xFFFE, 0xFFFF]}
        message.body.encode()


def _reversed(value: Any) -> Any:
    """Return the same JSON with the keys of its objects the other way round."""
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(one) for one in value] if isinstance(value, list) else value


@given(body=bodies)
def test_identity_survives_being_written_anew(body: Any) -> None:
    """Another spelling of the same JSON, at another moment, tells of the same happenings."""
    body = json.loads(json.dumps(body))  # two halves of one emoji are one character from here on
    plain = json.dumps(body).encode()
    anew = json.dumps(_reversed(body), ensure_ascii=True, indent=3).encode()

    def identities(content: bytes, now: datetime) -> list[str]:
        return [
            normalise(update, received_at=now, trace_id=TRACE).identity()
            for update in unfold(content)
            if update.told_at is not None
        ]

    assert identities(plain, NOW) == identities(anew, NOW.replace(hour=18))


@given(moment_ms=st.integers(10**12 + 1, 253_402_300_798_999))
def test_one_moment_however_it_is_written(moment_ms: int) -> None:
    """Milliseconds as number and as text are one moment, and seconds the second it is in."""
    number, text = ({"at": spelled} for spelled in (moment_ms, str(moment_ms)))
    seconds = {"at": moment_ms // 1000}

    exact = moment_in(number, "at")

    assert exact is not None
    assert exact == moment_in(text, "at")
    assert exact.replace(microsecond=0) == moment_in(seconds, "at")
    assert moment_ms == round(exact.timestamp() * 1000)


@given(value=anything)
def test_raw_json_is_read_back(value: Any) -> None:
    """What is kept of an update is the update."""
    value = json.loads(json.dumps(value))  # two halves of one emoji are one character from here on

    assert value == json.loads(raw_json(value))
