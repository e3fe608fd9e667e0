"""What holds of the linter and of publishing for any campaign, and for anything at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from switchboard.contracts import CampaignId
from switchboard.rules.campaigns import Campaign, CampaignDefinition
from switchboard.rules.linter import CODES, lint
from switchboard.rules.overlaps import overlaps, overlaps_with
from switchboard.rules.publishing import Invalid, check, read_definition
from tests.support.builders import campaign, on_comment, on_message
from tests.support.campaigns import definitions

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "trigger", "steps", "variants", "text", "keywords", "a"]),
            some | st.sampled_from(["message", "comment", "ask", "media", "link"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(definitions())
def test_a_finding_points_into_the_definition(definition: CampaignDefinition) -> None:
    """Each path leads somewhere, to the step that is named, and has its code's severity."""
    raw = definition.model_dump(mode="json")
    for one in lint(definition):
        at: Any = raw
        for part in one.path.split("."):
            at = at[int(part)] if isinstance(at, list) else at[part]
        expected = int(one.path.split(".")[1]) if one.path.startswith("steps.") else None
        assert expected == one.step
        assert CODES[one.code].severity == one.severity


@given(definitions())
def test_publishing_says_what_the_linter_does(definition: CampaignDefinition) -> None:
    """What is stored and read again is the same definition, with the same findings."""
    checked = check(definition.model_dump(mode="json"))

    assert definition == checked.definition
    assert tuple(lint(definition)) == checked.findings


@given(definitions(), st.integers(1, 48))
def test_more_time_is_never_sounder(definition: CampaignDefinition, hours: int) -> None:
    """A wait put before everything takes away no error about windows."""
    wait = {"kind": "wait", "duration": timedelta(hours=hours)}
    raw = definition.model_dump()
    later = read_definition(raw | {"steps": [wait, *raw["steps"]]})

    def late(of: CampaignDefinition) -> bool:
        return any("outlive" in one.code for one in lint(of))

    assert late(later) or not late(definition)


@given(JSON)
def test_anything_else_is_told_to_be_invalid(raw: object) -> None:
    """Whatever is sent is a definition or has faults with messages; nothing else comes of it."""
    faults: list[str] | None = None
    try:
        read_definition(raw)
    except Invalid as invalid:
        faults = [fault.message for fault in invalid.faults]

    assert faults is None or (faults and all(faults))


WORDS = st.lists(st.sampled_from(["link", "price", "linq", "red", "the link"]), max_size=3)


def _campaigns() -> st.SearchStrategy[list[Campaign]]:
    trigger = st.builds(
        lambda make, words, how: (
            make(*words, **({"how": how} if make is on_message else {}))
            if words
            else {"kind": "message"}
        ),
        st.sampled_from([on_comment, on_message]),
        WORDS,
        st.sampled_from(["whole_word", "fuzzy", "exact"]),
    )
    return st.lists(trigger, min_size=1, max_size=5).map(
        lambda triggers: [campaign(one, number=at) for at, one in enumerate(triggers, 1)]
    )


@given(_campaigns())
def test_overlaps_of_one_are_those_of_all_it_is_part_of(made: list[Campaign]) -> None:
    """Publishing one looks at its own pairs alone, and finds what looking at all pairs does."""
    everything = overlaps(made)
    for one in made:
        own: CampaignId = one.id
        expected = [found for found in everything if own in (found.first, found.second)]
        assert expected == overlaps_with(one, made)
