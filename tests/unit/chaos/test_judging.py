"""What is wrong with a run, by one thing that is wrong at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tools.chaos.evidence import Care, Counted, Decided, Evidence, Row, Shown, Told
from tools.chaos.judging import VIOLATIONS, judge

ACCOUNT = "17841400000700003"
COMMENT = f"c:{ACCOUNT}:1"
MESSAGE = f"m:{ACCOUNT}:mid.1"


def row(**fields: Any) -> Row:
    """Return the private reply to comment 1, sent."""
    usual: dict[str, Any] = {
        "id": "delivery 1",
        "account_id": ACCOUNT,
        "event": COMMENT,
        "kind": "private_reply",
        "comment_id": "1",
        "person_id": "igsid",
        "state": "sent",
        "reason": None,
        "code": None,
        "after_id": None,
    }
    return Row(**usual | fields)


def answer(**fields: Any) -> Row:
    """Return a message to the same person."""
    return row(
        **{"id": "delivery 2", "event": MESSAGE, "kind": "message", "comment_id": None} | fields
    )


def lost(what: str = "private_reply", **fields: Any) -> dict[str, Any]:
    """Return an entry of the simulator's: the answer to comment 1 never came."""
    usual = {
        "at": "2026-11-02T12:00:00.000Z",
        "account_id": ACCOUNT,
        "trigger": "1",
        "username": "ana",
        "what": what,
        "happened": f"{what} expected, none came",
    }
    return usual | fields


def refused(reason: str = "fault", **fields: Any) -> dict[str, Any]:
    """Return a refused call as the simulator tells it."""
    code = {"reason": reason, "code": 551, "error_subcode": 1545041}
    return lost(happened=f"refused: {reason}") | code | fields


def verdict(**lists: Any) -> dict[str, Any]:
    """Return the simulator's verdict: nothing wrong, but for `lists`."""
    empty: dict[str, Any] = {name: [] for name in (*VIOLATIONS, "lost", "undelivered", "refused")}
    return empty | {"sent": 1, "expected": 1} | lists


def evidence(**fields: Any) -> Evidence:
    """Return a run of one comment that was answered, but for `fields`."""
    whole = Evidence(
        verdict=verdict(),
        is_over=True,
        rows=[row()],
        decided=[
            Decided(COMMENT, "comment.v1", "matched"),
            Decided(f"e:{ACCOUNT}:mid.2", "echo.v1", "ignored"),
        ],
        told=[Told(identity=COMMENT, account_id=ACCOUNT, person="ana", igsid="igsid")],
        opted_out=frozenset(),
        taken_over=(),
        left={},
        dead_letters={},
        poison=(),
        ended=(),
    )
    return replace(whole, **fields)


def kinds(what: Evidence, *, strict: bool = False) -> list[str]:
    """Return which kinds of findings there are."""
    return [finding.kind for finding in judge(what, strict=strict).findings]


def test_a_good_run() -> None:
    """All that was told is decided, all that was decided is sent: nothing is wrong."""
    judged = judge(evidence(), strict=True)

    assert judged.ok
    assert {"sent": 1} == judged.states
    assert (2, 1, 1) == (judged.events, judged.sent, judged.expected)


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation(name: str) -> None:
    """Whatever the simulator says must never happen is told, also of a run cut short."""
    wrong = verdict(**{name: [lost()]})

    assert [name] == kinds(evidence(verdict=wrong))
    assert [name] == kinds(evidence(verdict=wrong, is_over=False))


def test_a_loss_that_nothing_explains() -> None:
    """An answer that the books call sent, and nobody saw, is lost."""
    assert ["lost"] == kinds(evidence(verdict=verdict(lost=[lost()])))


def test_a_run_cut_short_has_lost_nothing_yet() -> None:
    """What was still to come when the run was ended is not told."""
    unfinished = evidence(
        verdict=verdict(lost=[lost()]), rows=[row(state="parked")], left={"events": 3}
    )

    assert [] == kinds(replace(unfinished, is_over=False))
    assert ["lost", "unfinished", "left"] == kinds(unfinished)


def test_a_refusal_we_ordered_explains_a_loss() -> None:
    """Refused as the simulator was told to refuse: explained. The same by itself: not."""
    told = verdict(lost=[lost()], refused=[refused()])
    ended = row(state="refused", reason="person_unreachable", code=551)

    judged = judge(evidence(verdict=told, rows=[ended]), strict=True)
    assert judged.ok
    assert {"ordered: person_unreachable": 1} == judged.explained

    other = replace(ended, code=100)
    assert ["lost", "refused"] == kinds(evidence(verdict=told, rows=[other]))


def test_one_explanation_explains_one_loss() -> None:
    """Two lost replies to one comment of which one was refused: the other is lost."""
    told = verdict(lost=[lost(), lost()], refused=[refused()])
    ended = row(state="refused", reason="person_unreachable", code=551)

    assert ["lost"] == kinds(evidence(verdict=told, rows=[ended]))


def test_a_private_reply_does_not_explain_a_public_one() -> None:
    """Each kind of reply has its own explanation."""
    told = verdict(lost=[lost("public_reply")], refused=[refused()])
    ended = row(state="refused", reason="person_unreachable", code=551)

    assert ["lost"] == kinds(evidence(verdict=told, rows=[ended]))


def test_uncertain_explains_unless_strict() -> None:
    """What nobody knows explains a loss for now; strictly it is unfinished, and the loss a loss."""
    doubtful = evidence(
        verdict=verdict(lost=[lost()]), rows=[row(state="uncertain", reason="timed_out")]
    )

    assert [] == kinds(doubtful)
    assert {"uncertain": 1} == judge(doubtful, strict=False).explained
    assert ["lost", "unfinished"] == kinds(doubtful, strict=True)


def test_what_waits_for_the_explained_is_explained() -> None:
    """A chain whose first message was refused as ordered is explained to its end."""
    told = verdict(lost=[lost("message", trigger="mid.1")] * 3, refused=[refused(code=10)])
    chain = [
        answer(id="a", state="expired", reason="window_closed", code=10),
        answer(id="b", state="cancelled", reason="earlier_not_sent", after_id="a"),
        answer(id="c", state="cancelled", reason="earlier_not_sent", after_id="b"),
    ]

    judged = judge(evidence(verdict=told, rows=chain), strict=True)
    assert judged.ok
    assert {"ordered: window_closed": 1, "after one of these": 2} == judged.explained
    assert ["lost", "cancelled"] == kinds(
        evidence(verdict=told, rows=[*chain[:2], replace(chain[2], after_id="z")])
    )


def test_messages_are_lost_by_person() -> None:
    """Another person's refusal explains nothing."""
    told = verdict(lost=[lost("message")], refused=[refused()])
    others = answer(person_id="somebody else", state="refused", reason="gone", code=551)

    assert ["lost"] == kinds(evidence(verdict=told, rows=[others]))


def test_who_opted_out_explains_what_is_not_said() -> None:
    """Not said to somebody who wanted nothing: explained. To anybody else: wrong."""
    unsaid = answer(state="refused", reason="opted_out")

    assert [] == kinds(evidence(rows=[row(), unsaid], opted_out=frozenset({"igsid"})))
    assert ["refused"] == kinds(evidence(rows=[row(), unsaid]))


@pytest.mark.parametrize("state", ["parked", "ready", "sending", "waiting"])
def test_what_has_not_ended(state: str) -> None:
    """A delivery that is still under way when all is quiet will be so for ever."""
    assert ["unfinished"] == kinds(evidence(rows=[row(state=state)]))


@pytest.mark.parametrize("state", ["refused", "expired", "cancelled"])
def test_what_ended_for_no_reason(state: str) -> None:
    """A delivery that was given up although nothing was ordered is wrong, even if nobody waits."""
    assert [state] == kinds(evidence(rows=[row(state=state, reason="deadline_passed")]))


@pytest.mark.parametrize("reason", ["already_replied", "bad_token", "invalid"])
def test_a_call_that_meta_had_to_refuse(reason: str) -> None:
    """A call that was refused by itself, such as a second private reply, was a mistake of ours."""
    assert ["refused"] == kinds(evidence(verdict=verdict(refused=[refused(reason)])))


def test_an_old_token_between_two() -> None:
    """In a run in which a token dies, a call with one that is no longer known has an excuse."""
    told = verdict(refused=[refused("bad_token", code=190)])

    assert [] == kinds(evidence(verdict=told, tokens_died=True))
    assert ["refused"] == kinds(evidence(verdict=told))


@pytest.mark.parametrize("reason", ["fault", "under_way", "probe"])
def test_a_call_that_was_ordered_to_be_refused(reason: str) -> None:
    """A call that met what we had ordered was none."""
    assert [] == kinds(evidence(verdict=verdict(refused=[refused(reason)])))


def test_what_was_told_and_not_decided() -> None:
    """An event that is not in the ledger, or waits there for an answer, has no decision."""
    echo = Decided(f"e:{ACCOUNT}:mid.2", "echo.v1", "ignored")

    assert ["undecided"] == kinds(evidence(decided=[echo]))
    assert ["undecided"] == kinds(evidence(decided=[Decided(COMMENT, "comment.v1", "asked"), echo]))


def test_what_came_back_and_is_not_in_the_ledger() -> None:
    """Each answer people saw comes back to us, and must be in the ledger like anything else."""
    decided = [Decided(COMMENT, "comment.v1", "matched")]

    assert ["undecided"] == kinds(evidence(decided=decided))


def test_a_refusal_explains_what_no_webhook_told_of() -> None:
    """It was found by reading, and Meta refused the answer as it was ordered to."""
    told = verdict(undelivered=[lost()], refused=[refused()])
    ended = row(state="refused", reason="person_unreachable", code=551)

    assert [] == kinds(evidence(verdict=told, rows=[ended]))
    assert ["undelivered", "refused"] == kinds(
        evidence(verdict=told, rows=[replace(ended, code=100)])
    )


def test_an_undelivered_webhook() -> None:
    """A webhook that was not accepted by the end is wrong: everything is whole by then."""
    assert ["undelivered"] == kinds(evidence(verdict=verdict(undelivered=[lost()])))


def test_somebody_left_to_nobody() -> None:
    """In a run nobody writes by hand; an echo of ours that was taken for a person's is wrong."""
    assert ["taken_over"] == kinds(evidence(taken_over=["igsid"]))


def test_what_is_left_on_queues() -> None:
    """Queues are empty in the end."""
    assert ["left"] == kinds(evidence(left={"outbound": 2}))


def test_poison_and_nothing_else_is_buried() -> None:
    """Our poison lies among its queue's dead letters, once or twice, and nothing else does."""
    poison = [("events", "poison 1")]

    assert [] == kinds(evidence(poison=poison, dead_letters={"events": ["poison 1", "poison 1"]}))
    assert ["poison"] == kinds(evidence(poison=poison))
    assert ["buried"] == kinds(evidence(dead_letters={"events": ["an event"]}))
    assert ["buried", "poison"] == kinds(
        evidence(poison=poison, dead_letters={"outbound": ["poison 1"]})
    )


def test_an_account_that_sent_more_than_it_may() -> None:
    """So many private replies in an hour, and not one more."""
    allowed = {ACCOUNT: 20}

    assert [] == kinds(evidence(allowances=allowed, answered={ACCOUNT: 20}))
    assert ["over_allowance"] == kinds(evidence(allowances=allowed, answered={ACCOUNT: 21}))


def test_a_process_that_ended_by_itself() -> None:
    """Nothing may end but by our hand."""
    assert ["ended"] == kinds(evidence(ended=["router ended by itself (1)"]))


NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SHOWN = Shown(COMMENT, ACCOUNT, "18", NOW - timedelta(hours=1))
COUNTED = Counted(ACCOUNT, "18", readable=1, stored=1, at=NOW)


def cared(**fields: Any) -> Evidence:
    """Return a run of which Meta shows comment 1, which was counted."""
    whole = Care(shown=[SHOWN], counted=[COUNTED], calls={ACCOUNT: 5}, most_calls=5)
    return evidence(care=replace(whole, **fields))


def test_all_that_meta_shows_is_in_the_ledger() -> None:
    """One of one, within the budget: nothing is wrong."""
    assert [] == kinds(cared())


def test_a_comment_that_nobody_found() -> None:
    """Meta shows a second comment, of which nobody was told and which nobody read."""
    missing = replace(SHOWN, identity=f"c:{ACCOUNT}:2")
    counted = replace(COUNTED, readable=2, stored=2)

    assert ["uncovered"] == kinds(cared(shown=[SHOWN, missing], counted=[counted]))


def test_a_comment_that_was_too_old() -> None:
    """What could no longer be answered is left alone, and is not counted either."""
    old = replace(SHOWN, identity=f"c:{ACCOUNT}:2", written_at=NOW - timedelta(days=8))
    shown, too_old = [SHOWN, old], {old.identity}

    assert [] == kinds(cared(shown=shown, too_old=too_old))
    assert ["too_old"] == kinds(cared(too_old={SHOWN.identity}))


@pytest.mark.parametrize(
    "counted",
    [
        [],
        [replace(COUNTED, stored=0)],
        [replace(COUNTED, readable=0, stored=0)],
        [replace(COUNTED, media_id="19")],
    ],
)
def test_a_count_that_is_not_metas(counted: list[Counted]) -> None:
    """A post that was not counted, or counted short, is told."""
    assert ["miscounted"] == kinds(cared(counted=counted))


def test_too_many_calls() -> None:
    """One call beyond the caretaker's budget is told."""
    assert ["over_budget"] == kinds(cared(calls={ACCOUNT: 6}))


def test_a_public_reply_that_meta_did_not_tell_of() -> None:
    """What never came back to us is not missed in the ledger."""
    told = verdict(sent=2)

    assert ["undecided"] == kinds(evidence(verdict=told))
    assert [] == kinds(evidence(verdict=told, care=Care(own_untold=1)))
