"""The judgement: what counts as lost, twice, unexpected, and what does not."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.metasim.judgement import judge
from tools.metasim.ledger import Attempt, Delivery, EffectKind, Ledger, Trigger
from tools.metasim.refusals import Book

_ACCOUNT, _PERSON = "17841400000000001", "1234567890123456"
ReplyKind = Literal["private_reply", "public_reply"]


class Case:
    """A ledger, and one word for each thing that can happen."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._effects = 0

    def comments(
        self, comment_id: str = "c1", *, delivery: Delivery = "accepted", **expect: int
    ) -> None:
        trigger = self._trigger(comment_id, expect)
        self.ledger.expect_on_comment(trigger)
        self._deliver(trigger, delivery)

    def writes(self, mid: str, *, delivery: Delivery = "accepted", **expect: int) -> None:
        trigger = self._trigger(mid, expect)
        self.ledger.expect_in_thread(trigger, _PERSON)
        self._deliver(trigger, delivery)

    def gets_reply(self, kind: ReplyKind, text: str, comment_id: str = "c1") -> None:
        self.ledger.replied(kind, comment_id, self._shown(text))

    def gets(self, text: str) -> None:
        self.ledger.messaged(_ACCOUNT, _PERSON, self._shown(text))

    def found(self) -> dict[str, list[Any]]:
        """Return the lists of the judgement that have entries, as triggers."""
        verdict = judge(self.ledger)
        names = ("lost", "undelivered", "twice", "unexpected")
        return {name: [one["trigger"] for one in verdict[name]] for name in names if verdict[name]}

    def _trigger(self, trigger_id: str, expect: dict[str, int]) -> Trigger:
        kinds: dict[EffectKind, int] = {}
        for name, count in expect.items():
            assert name in {"message", "private_reply", "public_reply"}
            kinds[name] = count  # type: ignore[index] # asserted above, which mypy does not follow
        return Trigger(trigger_id, "test", _ACCOUNT, "ana", 0.0, kinds)

    def _deliver(self, trigger: Trigger, delivery: Delivery) -> None:
        if delivery != "pending":
            self.ledger.begin(trigger, 0.0)
            self.ledger.settle([trigger], delivery)

    def _shown(self, text: str) -> dict[str, Any]:
        self._effects += 1
        return {"id": f"e{self._effects}", "message": {"text": text}, "at_s": 0.0}


@pytest.fixture
def case() -> Case:
    return Case()


class TestComments:
    def test_answered_as_expected(self, case: Case) -> None:
        """One reply of each kind, both expected: nothing to say."""
        case.comments(private_reply=1, public_reply=1)
        case.gets_reply("private_reply", "link")
        case.gets_reply("public_reply", "sent!")

        assert {} == case.found()
        assert judge(case.ledger)["ok"]

    def test_each_missing_reply_is_lost(self, case: Case) -> None:
        """Two kinds expected, none came: lost twice."""
        case.comments(private_reply=1, public_reply=1)

        assert {"lost": ["c1", "c1"]} == case.found()

    @pytest.mark.parametrize("delivery", ["pending", "refused", "failed"])
    def test_what_was_never_accepted_is_not_lost(self, case: Case, delivery: Delivery) -> None:
        """A webhook nobody accepted promises nothing."""
        case.comments(delivery=delivery, private_reply=1)

        assert {"undelivered": ["c1"]} == case.found()
        assert judge(case.ledger)["ok"]

    def test_more_than_expected_is_twice(self, case: Case) -> None:
        """A second public reply where one was expected is one too many, whatever it says."""
        case.comments(public_reply=1)
        case.gets_reply("public_reply", "sent!")
        case.gets_reply("public_reply", "done!")

        assert {"twice": ["c1"]} == case.found()

    def test_none_expected(self, case: Case) -> None:
        """Where nothing was expected, anything is unexpected."""
        case.comments(private_reply=0)
        case.gets_reply("private_reply", "link")

        assert {"unexpected": ["c1"]} == case.found()

    def test_unjudged_unless_repeated(self, case: Case) -> None:
        """Without an expectation replies are fine, but for the same one said again."""
        case.comments()
        case.gets_reply("public_reply", "one")
        case.gets_reply("public_reply", "two")
        assert {} == case.found()
        case.gets_reply("public_reply", "two")

        assert {"twice": ["c1"]} == case.found()


class TestConversations:
    def test_answers_may_come_late_and_together(self, case: Case) -> None:
        """Two messages, then two answers: each answers one, even in the same words."""
        case.writes("m1", message=1)
        case.writes("m2", message=1)
        case.gets("10 euro")
        case.gets("10 euro")

        assert {} == case.found()

    def test_same_message_twice_to_one_trigger(self, case: Case) -> None:
        """A repeated answer does not stand in for the second one that was expected."""
        case.writes("m1", message=2)
        case.gets("10 euro")
        case.gets("10 euro")

        assert {"lost": ["m1"], "twice": ["m1"]} == case.found()

    def test_one_too_many(self, case: Case) -> None:
        """Another message after all expected ones is twice."""
        case.writes("m1", message=1)
        case.gets("10 euro")
        case.gets("anything else?")

        assert {"twice": ["m1"]} == case.found()

    def test_repetition_is_twice_even_after_a_silent_trigger(self, case: Case) -> None:
        """The old answer again, after something that wants none, is a repetition."""
        case.writes("m1", message=1)
        case.gets("10 euro")
        case.writes("m2", message=0)
        case.gets("10 euro")

        assert {"twice": ["m2"]} == case.found()

    def test_answer_where_none_is_wanted(self, case: Case) -> None:
        """A message in answer to what wants none is unexpected."""
        case.writes("m1", message=0)
        case.gets("10 euro")

        assert {"unexpected": ["m1"]} == case.found()

    def test_no_expectation_takes_any_answer(self, case: Case) -> None:
        """Where nothing was said about answers, different ones may come."""
        case.writes("m1")
        case.gets("one")
        case.gets("two")
        assert {} == case.found()
        case.gets("two")

        assert {"twice": ["m1"]} == case.found()

    def test_an_answer_needs_a_trigger_before_it(self, case: Case) -> None:
        """A message to somebody who did nothing yet answers nothing."""
        case.gets("hello")
        case.writes("m1", message=1)

        assert {"lost": ["m1"], "unexpected": [None]} == case.found()

    def test_held_trigger_is_undelivered_as_often_as_expected(self, case: Case) -> None:
        """What was never sent off promises nothing, and is counted per message."""
        case.writes("m1", delivery="pending", message=2)

        assert {"undelivered": ["m1", "m1"]} == case.found()

    @given(st.lists(st.sampled_from(["write", "answer"]), max_size=40))
    def test_lost_and_extra_balance(self, history: list[str]) -> None:
        """However it is mixed: sent minus expected is what is too much minus what is missing."""
        case = Case()
        for place, step in enumerate(history):
            if step == "write":
                case.writes(f"m{place}", message=1)
            else:
                case.gets(f"answer {place}")

        verdict = judge(case.ledger)
        extra = len(verdict["twice"]) + len(verdict["unexpected"])
        assert verdict["sent"] - verdict["expected"] == extra - len(verdict["lost"])


@pytest.mark.parametrize(
    ("book", "is_ok"), [("refused", True), ("outside_window", False), ("over_limit", False)]
)
def test_refused_attempts_go_into_their_book(case: Case, *, book: Book, is_ok: bool) -> None:
    """Attempts against the window or a limit are violations; other refusals are only told."""
    case.ledger.refused(Attempt(book, _ACCOUNT, "c1", 0.0, "POST /me/messages", "why", 613, 1))

    verdict = judge(case.ledger)
    (told,) = verdict[book]
    assert ("c1", "why", 613) == (told["trigger"], told["reason"], told["code"])
    assert is_ok == verdict["ok"]
