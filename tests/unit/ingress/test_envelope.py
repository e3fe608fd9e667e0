"""The wrapping around updates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.ingress.envelope import unfold
from switchboard.errors import Unreadable
from tests.unit.ingress.bodies import SHOP, change, comment, entry, envelope, message, wire

TOLD = change("comments", comment())
SAID = message(text="hi")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (envelope(entry(changes=[TOLD])), [("change", "comments")]),
        ([envelope(entry(changes=[TOLD]))], [("change", "comments")]),
        (envelope(entry(changes=TOLD)), [("change", "comments")]),
        (envelope(entry(**TOLD)), [("change", "comments")]),
        ({"object": "instagram", "entry": entry(changes=[TOLD])}, [("change", "comments")]),
        ({"entry": [entry(changes=[TOLD])]}, [("change", "comments")]),
        (envelope(entry(messaging=[SAID, SAID])), [("messaging", "messaging")] * 2),
        (envelope(entry(messaging=SAID)), [("messaging", "messaging")]),
        (envelope(entry(standby=[SAID])), [("standby", "standby")]),
        (
            envelope(entry(changes=[TOLD], messaging=[SAID])),
            [("change", "comments"), ("messaging", "messaging")],
        ),
        (
            [envelope(entry(changes=[TOLD])), envelope(entry(messaging=[SAID]))],
            [("change", "comments"), ("messaging", "messaging")],
        ),
        (envelope(), []),
        (envelope(entry(changes=[TOLD]), object="page"), [("odd", "object")]),
        (envelope(entry(changes=[TOLD]), object={"a": 1}), [("odd", "object")]),
        (envelope(entry(changes=[3, {"field": "x"}, TOLD])),
         [("odd", "change"), ("odd", "change"), ("change", "comments")]),
        (envelope(entry(messaging="hi")), [("messaging", "messaging")]),
        (envelope(7, entry(changes=[TOLD])), [("odd", "entry"), ("change", "comments")]),
        (envelope(entry(changed_fields=["comments"])), [("odd", "entry")]),
        (envelope(entry(changes=[TOLD], messaging_feedback=[{"a": 1}])),
         [("change", "comments"), ("odd", "entry")]),
        (envelope(entry(changes=[TOLD], uid="5")), [("change", "comments")]),
        (envelope(entry(value={"a": 1})), [("odd", "change")]),
        (envelope(entry(changes=[TOLD], id=None)), [("odd", "entry.id")]),
        (envelope(entry(changes=[TOLD], id="9" * 129)), [("odd", "entry.id")]),
        ([envelope(entry(changes=[TOLD])), 5], [("change", "comments"), ("odd", "envelope")]),
    ],
)  # fmt: skip
def test_every_wrapping_is_taken_off(body: Any, found: list[tuple[str, str]]) -> None:
    """However updates are wrapped, each is found, and what is odd is kept beside them."""
    assert found == [(update.standing, update.field) for update in unfold(wire(body))]


@pytest.mark.parametrize("entry_id", [SHOP, int(SHOP)])
def test_the_account_is_text(entry_id: Any) -> None:
    """The account is the same whether its id came as text or as a number."""
    (update,) = unfold(wire(envelope(entry(changes=[TOLD], id=entry_id))))

    assert update.account_id == SHOP


@pytest.mark.parametrize(
    ("entry_id", "test"), [("0", True), (0, True), ("00", False), (SHOP, False)]
)
def test_the_dashboards_test(entry_id: Any, *, test: bool) -> None:
    """Entry id 0 is Meta's test button, and nothing else is."""
    (update,) = unfold(wire(envelope(entry(changes=[TOLD], id=entry_id))))

    assert test is update.test


def test_a_byte_order_mark_is_no_fault() -> None:
    """A body may begin with UTF-8's mark."""
    body = b"\xef\xbb\xbf" + json.dumps(envelope(entry(changes=[TOLD]))).encode()

    assert len(unfold(body)) == 1


@pytest.mark.parametrize(
    ("body", "because"),
    [
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b'{"object":"instagram","entry":[', "not_json"),
        (b'{"object":"instagram","entry":[]} x', "not_json"),
        (b'{"entry":[],"entry":[]}', "not_json"),
        (b'{"entry":[{"id":"1","time":NaN}]}', "not_json"),
        (b'{"entry":[{"id":"1","time":-Infinity}]}', "not_json"),
        (b'{"entry":[{"id":"1","time":1e999}]}', "not_json"),
        (b'{"entry":[{"id":' + b"9" * 5_000 + b"}]}", "not_json"),
        ('{"entry":[{"id":"é"}]}'.encode("latin-1"), "not_utf8"),
        ('{"entry":[]}'.encode("utf-16"), "not_utf8"),
        (b'{"entry":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "too_deep"),
        (b"null", "another_shape"),
        (b"7", "another_shape"),
        (b'"entry"', "another_shape"),
        (b"{}", "another_shape"),
        (b"[]", "another_shape"),
        (b"[[]]", "another_shape"),
        (b'{"object":"instagram"}', "another_shape"),
        (b'{"object":"instagram","entry":"x"}', "another_shape"),
        (b'{"field":"comments","value":{}}', "another_shape"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, because: str) -> None:
    """A body that is not ours to read is refused with one word for the figures."""
    with pytest.raises(Unreadable, match=f"^{because}$"):
        unfold(body)
