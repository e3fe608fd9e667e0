"""What is plain is found or absent; what is not stays open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.sender.evidence import (
    Absent,
    Found,
    Rival,
    Sighting,
    Sought,
    Span,
    Unclear,
    Verdict,
    judge,
)
from switchboard.contracts import MessageId, PersonId
from switchboard.rules.wording import Told, Wording, attachment
from tests.unit.sender.builders import NOON, PERSON

HELLO = Wording(texts=frozenset({"Hello"}))
NAMED = Wording(texts=frozenset({"Hi Ana, here you are"}), around=("Hi", ", here you are"))
BUTTONS = Wording(texts=frozenset({"Hello"}), attached="template")


def at(seconds: float) -> datetime:
    """Return a moment that many seconds after the attempt began."""
    return NOON + timedelta(seconds=seconds)


def span(begin_s: float, end_s: float) -> Span:
    """Return a time."""
    return Span(at(begin_s), at(end_s))


def sought(wording: Wording = HELLO, **more: Any) -> Sought:
    """Return a message whose attempt took ten seconds and has settled two minutes later."""
    whole: dict[str, Any] = {"since": at(-10), "until": at(130), "attempt": span(-10, 20)}
    return Sought(wording=wording, **(whole | more))


def said(
    text: str | None = "Hello",
    seconds: float | None = 5,
    name: str = "m",
    *attached: str,
    own: bool | None = True,
) -> Sighting:
    """Return something that was said."""
    return Sighting(
        source="conversation",
        message_id=MessageId(name),
        at=None if seconds is None else at(seconds),
        own=own,
        told=Told(text, frozenset(map(attachment, attached))),
        recipient_id=PersonId(PERSON),
    )


def verdict(
    *sightings: Sighting,
    of: Sought | None = None,
    taken: set[str] | None = None,
    rivals: tuple[Rival, ...] = (),
    complete: bool = True,
) -> Verdict:
    """Return what these show, in a view that is complete."""
    return judge(of or sought(), sightings, taken=taken or set(), rivals=rivals, complete=complete)


def found(name: str) -> Any:
    """Return what is equal to this having been found."""

    class _Found:
        def __eq__(self, other: object) -> bool:
            return isinstance(other, Found) and other.sighting.message_id == name

        __hash__ = None  # type: ignore[assignment]  # nobody keeps it

        def __repr__(self) -> str:
            return f"found {name}"

    return _Found()


@pytest.mark.parametrize(
    ("sightings", "expected"),
    [
        ([], Absent()),
        ([said()], found("m")),
        # outside of the time
        ([said(seconds=-11)], Absent()),
        ([said(seconds=131)], Absent()),
        ([said(seconds=-10)], found("m")),
        ([said(seconds=130)], found("m")),
        ([said(seconds=None)], found("m")),
        # somebody else's
        ([said("Thanks", own=False)], Absent()),
        ([said("Hello", own=False)], Unclear("cannot_tell", 1)),
        ([said("Hello", own=None)], Unclear("cannot_tell", 1)),
        ([said("Thanks", own=None)], Unclear("another", 1)),
        # another's, and ours
        ([said(name="t")], Absent()),
        ([said(name="t"), said(name="m")], found("m")),
        # other words, or none
        ([said("One moment")], Unclear("another", 1)),
        ([said("One moment", name="o"), said()], found("m")),
        ([said(None)], Unclear("cannot_tell", 1)),
        # the earliest of several
        ([said(seconds=7, name="n"), said(seconds=5)], found("m")),
        # one that is told of twice: by the better teller
        ([said(None), said("Hello")], found("m")),
        ([said("Hello"), said(None, own=None)], found("m")),
    ],
)
def test_one_that_is_alone(sightings: list[Sighting], expected: Verdict) -> None:
    """The same words, of the account's own, in time and not another's, and nothing less."""
    assert expected == verdict(*sightings, taken={"t"})


@pytest.mark.parametrize(
    ("sightings", "expected"),
    [
        ([], Unclear("out_of_view")),
        ([said(seconds=-11)], Unclear("out_of_view")),
        ([said()], found("m")),
        ([said("One moment")], Unclear("another", 1)),
    ],
)
def test_a_view_that_is_not_complete(sightings: list[Sighting], expected: Verdict) -> None:
    """What was seen is there, but what was not seen is not absent."""
    assert expected == verdict(*sightings, complete=False)


@pytest.mark.parametrize(
    ("wording", "sighting", "expected"),
    [
        (NAMED, said("Hi Bo, here you are"), found("m")),
        (NAMED, said("Hi Ana, good bye"), Unclear("another", 1)),
        (BUTTONS, said(None, 5, "m", "template"), found("m")),
        (BUTTONS, said(None, 5, "m", "image"), Unclear("another", 1)),
        (BUTTONS, said(None, 5, "m", "template", own=None), Unclear("cannot_tell", 1)),
    ],
)
def test_what_fits(wording: Wording, sighting: Sighting, expected: Verdict) -> None:
    """Where Meta tells no more than that, what fits is it, if nothing else is there."""
    assert expected == verdict(sighting, of=sought(wording))


def test_what_fits_beside_something_else() -> None:
    """Two that could be it, or two deliveries it could be of: it is not guessed."""
    template = said(None, 5, "m", "template")
    rival = Rival(HELLO, span(-10, 20))
    of = sought(BUTTONS)

    assert Unclear("several", 2) == verdict(template, said(None, 6, "n"), of=of)
    assert Unclear("several", 1) == verdict(template, of=of, rivals=(rival,))
    assert found("m") == verdict(template, said("Hm", 6, "n"), of=of)


WHILE_OURS, LATER, EARLIER = span(-8, 22), span(60, 90), span(-90, -60)


@pytest.mark.parametrize(
    ("seconds", "rival", "expected"),
    [
        # both calls were under way: either may have it, so the first to ask does
        ([5], WHILE_OURS, found("a")),
        # only the other's was: it is left to it
        ([70], LATER, Unclear("several", 1)),
        # only ours was
        ([5], LATER, found("a")),
        ([5, 70], LATER, found("a")),
        # neither's: Meta was late, and nobody can say with which
        ([40], LATER, Unclear("several", 1)),
        # enough for both: each its own, in the order they were begun
        ([5, 6], WHILE_OURS, found("a")),
        ([5, 6], span(-12, 20), found("b")),
    ],
)
def test_another_that_says_the_same(seconds: list[float], rival: Span, expected: Verdict) -> None:
    """Two that cannot be told apart: what is plainly the other's is not taken."""
    sightings = [said(seconds=s, name=name) for s, name in zip(seconds, "ab", strict=False)]

    assert expected == verdict(*sightings, rivals=(Rival(HELLO, rival),))


@pytest.mark.parametrize(
    ("seconds", "rival", "expected"),
    [
        ([5], WHILE_OURS, Unclear("several", 1)),
        ([5], LATER, found("a")),
        ([70], LATER, Unclear("several", 1)),
        ([5, 6], WHILE_OURS, found("a")),
        ([5, 6], span(-12, 20), found("b")),
    ],
)
@pytest.mark.parametrize("ours", [True, False])
def test_another_private_reply_that_says_the_same(
    seconds: list[float],
    rival: Span,
    expected: Verdict,
    ours: bool,  # noqa: FBT001  a table's column
) -> None:
    """Of private replies it matters which was given, so what is not plain stays open."""
    sightings = [said(seconds=s, name=name) for s, name in zip(seconds, "ab", strict=False)]
    other = Rival(HELLO, rival, one_for_each=not ours)

    assert expected == verdict(*sightings, of=sought(one_for_each=ours), rivals=(other,))


def test_a_rival_that_says_something_else() -> None:
    """Its words are not ours, so ours are ours; and until they are known as its, they are open."""
    other = Rival(Wording(texts=frozenset({"Other"})), span(-10, 20), one_for_each=True)

    assert found("m") == verdict(said(), of=sought(one_for_each=True), rivals=(other,))
    assert Unclear("another", 1) == verdict(said("Other"), rivals=(other,))


@pytest.mark.parametrize(
    ("sightings", "rivals", "expected"),
    [
        ([said()], 0, found("m")),
        ([said()], 1, Unclear("several", 1)),
        ([said(), said(name="n")], 0, Unclear("several", 2)),
        ([said(), said("One moment", name="n")], 0, found("m")),
        ([said("One moment")], 0, Absent(1)),
        ([said(None)], 0, Unclear("cannot_tell", 1)),
        ([said("Hi Bo, here you are")], 0, Unclear("several", 1)),
        ([], 0, Absent()),
    ],
)
def test_when_nobody_knows_to_whom(
    sightings: list[Sighting], rivals: int, expected: Verdict
) -> None:
    """In the midst of words to many, only what nothing else could be is taken for it."""
    both = Wording(HELLO.texts | NAMED.texts, NAMED.around)
    others = (Rival(both, WHILE_OURS),) * rivals

    assert expected == verdict(*sightings, of=sought(both, anywhere=True), rivals=others)
