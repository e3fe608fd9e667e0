"""A decision is told in sentences: every code has one, and what was stored is in them."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from services.sender import conclusions
from switchboard import errors
from switchboard.contracts.events import INBOUND_EVENT, InboundEvent
from switchboard.graph import errors as meta_errors
from switchboard.rules import explaining, sentences
from switchboard.rules.campaigns import Campaign
from switchboard.rules.contact import AnsweredBefore, Contact
from switchboard.rules.decide import decide
from switchboard.rules.decision import Because, Decision, DeliveryKind, Failed, Outcome, Stopped
from switchboard.rules.explaining import Chapter, explain, marked
from switchboard.rules.states import State
from tests.support.builders import (
    NOON,
    REEL,
    answer,
    campaign,
    comment,
    message,
    on_comment,
    on_message,
    rules,
    text_message,
)

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (Outcome, sentences.OUTCOMES),
        (Because, sentences.BECAUSE),
        (Failed, sentences.FAILED),
        (Stopped, sentences.STOPPED),
        (DeliveryKind, sentences.KINDS),
        (State, sentences.STATES),
    ],
)
def test_every_code_has_its_sentence(codes: Any, told: dict[str, str]) -> None:
    """The codes are a closed list, and so are their sentences."""
    assert set(get_args(codes)) == set(told)
    assert all(sentence.strip() for sentence in told.values())


def test_every_state_of_a_delivery_is_one_the_database_takes() -> None:
    """And the database takes no other."""
    migrations = "".join(
        path.read_text() for path in sorted((ROOT / "supabase" / "migrations").glob("*.sql"))
    )
    found = re.search(r"state text not null check \(state in \(([^)]*)\)", migrations)

    assert found is not None
    assert set(re.findall(r"'(\w+)'", found[1])) == set(sentences.STATES)


def test_every_reason_that_is_recorded_has_its_sentence() -> None:
    """Meta's errors, our failures, and what the sender and its statements write by themselves."""
    reasons = {row.reason for _, _, row in meta_errors.every_row()}
    reasons |= {failure.reason for failure in _failures(errors.Failure)}
    reasons |= {found for found in _written() if found != "null"}

    assert set() == reasons - set(sentences.REASONS)


def test_what_somebody_must_do_is_said() -> None:
    """Behind what has happened stands what to do, where Meta waits for somebody to do it."""
    waits_for_people = {meta_errors.Action.OWNER, meta_errors.Action.REAUTH}
    mute = [
        row.reason
        for _, _, row in meta_errors.every_row()
        if row.action in waits_for_people and "; " not in sentences.sentence_of(row.reason)
    ]

    assert [] == mute


def test_sentences_stand_behind_because() -> None:
    """A reason is the end of a sentence: it begins small, unless with a name, and has no stop."""
    for reason, sentence in sentences.REASONS.items():
        assert sentence.startswith(("Meta", "Instagram", "Redis")) or sentence[0].islower(), reason
        assert not sentence.endswith((".", " "))
        assert "  " not in sentence


def test_every_kind_of_event_has_its_words() -> None:
    """An event is told by what happened, not by its kind's name."""
    kinds = set(INBOUND_EVENT.json_schema()["discriminator"]["mapping"])

    assert kinds == set(explaining._WROTE)


@pytest.mark.parametrize(
    ("also", "expected"),
    [
        ([], "send [link] now!"),
        ([(10, 14)], "send [link] [now!]"),
        ([(0, 4), (7, 11)], "[send] [link n]ow!"),
    ],
)
def test_what_was_matched_is_marked(also: list[tuple[int, int]], expected: str) -> None:
    """The proof's span stands in brackets, and those of its group; what overlaps is joined."""
    others = [{"start": start, "end": end} for start, end in also]

    told = marked("send link now!", {"start": 5, "end": 9, "also": others})

    assert expected == told


def test_a_comment_that_is_answered() -> None:
    """What came, the winner with its proof, those that failed with why, and what is sent."""
    by_post = campaign(on_comment("link", media_ids=[REEL]), number=1)
    others = [
        campaign(on_comment("link"), number=2),
        campaign(on_comment("price"), number=3),
        campaign(on_comment("link", keywords={"exclude": ["pls"]}), number=4),
        campaign(on_message("link"), number=5),
    ]

    told = _told(comment("LINK pls"), [by_post, *others])

    assert 'Compared as: "link pls"' in told["What came"]
    two = "Two (version 1): it would have answered, but another campaign came first: "
    assert [
        'One (version 1): chosen: "link" as a whole word in "[link] pls"',
        two + '"link" as a whole word in "[link] pls"',
        "Three (version 1): none of its keywords is in the text",
        "Four (version 1): an excluded word is in the text",
        "Five (version 1): it is for another kind of event",
    ] == list(told["Campaigns that were looked at"])
    assert "A keyword was found in the text." in told["Decided"]
    assert any(line.startswith("It came before 1 other: ") for line in told["Decided"])


def test_once_says_when_it_was() -> None:
    """Who got a campaign already is told when."""
    once = _with_once(campaign(on_comment("link")))
    before = NOON - timedelta(days=1)
    earlier = comment(comment_id="17900000000000000").event_id
    known = AnsweredBefore(campaign_id=once.id, media_id=None, at=before, event_id=earlier)

    told = _told(comment("link"), [once], Contact(revision=1, answered=(known,)))

    (line,) = told["Campaigns that were looked at"]
    assert "it has answered this person already: on 2026-11-01T12:00:00Z" in line


def test_the_person_as_they_were_and_what_changed() -> None:
    """Pause, tags and window are told as they were, and each change with both values."""
    asks = campaign(on_message("price"), text_message("Hi"), {"kind": "tag", "add": ["asked"]})
    contact = Contact(revision=3, tags=("vip",), window_closes_at=NOON + timedelta(hours=1))

    told = _told(message("price"), [asks], contact)

    assert "Tags: vip." in told["The person as they were then"]
    assert ('tags: ["vip"] became ["asked", "vip"].',) == told["What changed about the person"]


def test_the_classifiers_answer() -> None:
    """An intent is told with who recognised it."""
    by_intent = campaign({"kind": "intent", "intent": "shipping"})
    event = comment("do you ship?")

    told = _told(event, [by_intent], learnt=answer(event, "shipping"), intents=("shipping",))

    assert ('The classifier said: intent "shipping" (recognised, by model).',) == told[
        "What was asked, and the answer"
    ]


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ({"ours": False}, "It belongs to no delivery of ours."),
        ({"ours": True, "campaign_id": None}, "It belongs to a delivery of ours."),
        ({"ours": True, "campaign_id": "c1"}, "It belongs to a delivery of ours, of Recipe."),
    ],
)
def test_whose_an_echo_is(origin: dict[str, Any], told: str) -> None:
    """Ours or not, and of which campaign where that was asked; no person was looked at for it."""
    decision = {
        "outcome": "ignored",
        "because": "echo",
        "answer": {"kind": "origin", "origin": origin},
        "contact": {},
    }
    chapters = {
        one.title: one.lines for one in explain(decision, {"kind": "echo.v1"}, {"c1": "Recipe"})
    }

    assert (told,) == chapters["What was asked, and the answer"]
    assert "The person as they were then" not in chapters


def test_a_delivery_says_how_it_stands() -> None:
    """State, reason, times and text of each delivery are told, and the reason's code."""
    row = {
        "kind": "private_reply",
        "step": "0",
        "state": "refused",
        "reason": "comment_not_answerable",
        "attempts": 1,
        "content": {"text": "Here it is"},
    }

    (chapter,) = [c for c in explain({}, {}, {}, [row]) if "sent" in c.title]

    (line,) = chapter.lines
    assert (
        "private reply of step 1: was not sent and never will be, because the comment was answered "
        "before, deleted, or is older than 7 days (comment_not_answerable); attempts: 1. "
        'It says "Here it is"'
    ) == line


def test_the_steps_a_delivery_took_are_told() -> None:
    """Below it stand its steps in order, each with its moment, who took it, and why."""
    steps = [
        {"at": "T1", "after": "sending", "by": "sender", "reason": None},
        {"at": "T2", "after": "parked", "by": "sender", "reason": "account_held"},
    ]
    row = {"kind": "message", "step": "0", "state": "parked", "steps": steps}

    (chapter,) = [c for c in explain({}, {}, {}, [row]) if "sent" in c.title]

    assert [
        "    T1  sending, by sender",
        "    T2  parked, by sender: nothing of the account goes out for a while",
    ] == list(chapter.lines[1:])


def test_a_decision_of_an_older_release_is_told() -> None:
    """What an older release did not store is left out, and codes nobody knows stay as they are."""
    old = {"outcome": "matched", "because": "a_lost_reason", "considered": []}

    chapters = explain(old, {"kind": "comment.v1", "author_id": "1", "text": "hi"}, {})

    assert "a_lost_reason" in next(c for c in chapters if c.title == "Decided").lines


def _told(
    event: InboundEvent,
    campaigns: Sequence[Campaign],
    contact: Contact | None = None,
    *,
    learnt: Any = None,
    intents: tuple[str, ...] = (),
) -> dict[str, tuple[str, ...]]:
    """Return the chapters about `event`, as they are told from what is stored."""
    book = rules(*campaigns, intents=intents)
    decision: Decision = decide(event, book, contact or Contact(), NOON, learnt)
    stored = json.loads(decision.explanation())
    names = {str(c.id): name for c, name in zip(campaigns, _NAMES, strict=False)}
    chapters: list[Chapter] = explain(stored, json.loads(event.to_json()), names)
    return {chapter.title: chapter.lines for chapter in chapters}


_NAMES = ("One", "Two", "Three", "Four", "Five")


def _with_once(one: Campaign) -> Campaign:
    definition = one.definition.model_dump(mode="json")
    definition["conditions"]["once"] = {"per": "campaign"}
    return Campaign.model_validate({**one.model_dump(), "definition": definition})


def _failures(root: type[errors.Failure]) -> set[type[errors.Failure]]:
    found = {root}
    for one in root.__subclasses__():
        found |= _failures(one)
    return {one for one in found if one.__module__.startswith(_OF_DELIVERIES)}


def _written() -> set[str]:
    """Return the reasons that the sender's code and the statements about deliveries spell out."""
    sources = [*(ROOT / "services" / "sender").glob("*.py")]
    code = "".join(path.read_text() for path in sources)
    found = set(re.findall(r'(?:Never|Late|Doubtful|Postponed)\(\s*"(\w+)"', code))
    found |= set(re.findall(r'NeverSent\("\w+", "(\w+)"\)', code)) | set(conclusions.FOUND.values())
    found |= set(re.findall(r'Note\([^)]*because="(\w+)"', code))
    client = (ROOT / "libs/switchboard/graph/client.py").read_text()
    found |= set(re.findall(r'(?:because =|else|no_answer\() ?"(\w+)"', client))
    statements = [ROOT / "libs/switchboard/db" / f"{name}.py" for name in _WITH_STATEMENTS]
    statements += (ROOT / "supabase/migrations").glob("*_chains.sql")
    text = "".join(path.read_text() for path in statements)
    chosen = "".join(re.findall(r"\breason = case\b.*?\bend\b", text, re.DOTALL))
    found |= set(re.findall(r"\b(?:then|else) '(\w+)'", chosen))
    return found | set(re.findall(r"\breason = '(\w+)'", text))


# Where what can end a delivery is raised; all of it is loaded, whatever else is tested with this.
_LIBRARY = ("errors", "db", "graph", "hooks", "queues", "state")
_OF_DELIVERIES = (*(f"switchboard.{name}" for name in _LIBRARY), "services.sender")
for _name in (*_OF_DELIVERIES, "services.sender.app"):
    importlib.import_module(_name)

_WITH_STATEMENTS = ("deliveries", "pacing", "recording", "uncertain", "by_hand")
