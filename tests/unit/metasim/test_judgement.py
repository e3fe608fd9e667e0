"""The judgement: what counts as lost, twice, unexpected, and what does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.metasim.case import ACCOUNT, Case
from tools.metasim.judgement import judge
from tools.metasim.ledger import Attempt, Delivery
from tools.metasim.refusals import Book


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
    ("book", "is_ok"),
    [
        ("refused", True),
        ("outside_window", False),
        ("over_limit", False),
        ("after_deadline", False),
        ("while_held", False),
    ],
)
def test_attempts_go_into_their_book(case: Case, *, book: Book, is_ok: bool) -> None:
    """Attempts against a rule are violations; other refusals are only told."""
    case.ledger.attempted(Attempt(book, ACCOUNT, "c1", 0.0, "POST /me/messages", "why", 613, 1))

    verdict = judge(case.ledger)
    (told,) = verdict[book]
    assert ("c1", "why", 613) == (told["trigger"], told["reason"], told["code"])
    assert is_ok == verdict["ok"]


_STEPS: list[Callable[[Case, int], object]] = [
    lambda case, place: case.comments(f"c{place}", private_reply=1, public_reply=0),
    lambda case, place: case.comments(f"c{place}", delivery="failed", public_reply=1),
    lambda case, place: case.writes(f"m{place}", message=2, in_order=("a", "b")),
    lambda case, place: case.writes(f"m{place}", delivery="pending", message=1),
    lambda case, place: case.writes(f"m{place}", opts="out"),
    lambda case, place: case.writes(f"m{place}", opts="in", message=0),
    lambda case, place: case.gets_reply("private_reply", "link", f"c{place - 1}"),
    lambda case, place: case.gets_reply("public_reply", "sent", f"c{place - 2}"),
    lambda case, place: case.gets(f"b{place}"),
    lambda case, place: case.gets(f"a{place}"),
    lambda case, place: case.ledger.attempted(
        Attempt("over_limit", ACCOUNT, f"c{place}", 0.0, "POST", "limit", None, None, "too many")
    ),
    lambda case, place: setattr(case, "now_s", case.now_s + 7.0),
]


@given(st.lists(st.tuples(st.sampled_from(_STEPS), st.booleans()), max_size=40))
def test_looking_only_at_what_changed_finds_the_same(
    history: list[tuple[Callable[[Case, int], object], bool]],
) -> None:
    """Whenever it is asked, a judge says what a judgement of everything says, and counts it."""
    case = Case()
    for place, (step, is_asked) in enumerate([*history, (_STEPS[-1], True)]):
        step(case, place)
        if is_asked:
            verdict = judge(case.ledger)
            counts = {
                name: len(told) if isinstance(told, list) else told
                for name, told in verdict.items()
            }
            assert verdict == case.judge.verdict()
            assert counts == case.judge.summary()
