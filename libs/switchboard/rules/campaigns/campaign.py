"""A campaign as its owner writes it, and as the router holds a published version of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Self

from pydantic import AwareDatetime, Field, TypeAdapter, model_validator

from switchboard.contracts.ids import CampaignId, MediaId
from switchboard.rules import variables
from switchboard.rules.campaigns.base import Rule
from switchboard.rules.campaigns.conditions import Conditions
from switchboard.rules.campaigns.content import Button, Content
from switchboard.rules.campaigns.steps import Ask, FollowUp, PublicReply, Step
from switchboard.rules.campaigns.triggers import Trigger

MAX_STEPS: Final = 50


class CampaignDefinition(Rule):
    """
    What an owner writes: a trigger, what must hold besides, and what follows.

    This checks that it makes sense in itself: names are unique, buttons lead somewhere, variables
    are known. Whether Meta would allow what it does is the linter's to say.
    """

    trigger: Trigger
    conditions: Conditions = Conditions()
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MAX_STEPS)]

    @model_validator(mode="after")
    def _steps_are_named_once(self) -> Self:
        names = [step.id for step in self.steps if step.id is not None]
        for position, step in enumerate(self.steps):
            if step.id is not None and names.count(step.id) > 1:
                raise ValueError(f"steps.{position}.id: {step.id!r} names another step too")
        return self

    @model_validator(mode="after")
    def _buttons_lead_somewhere(self) -> Self:
        for path, content in self.contents():
            for place, one in _taps(content):
                if one.kind == "step" and one.step not in self.places:
                    raise ValueError(f"{path}.{place}.step: no step has the id {one.step!r}")
        return self

    @model_validator(mode="after")
    def _follow_ups_follow_something(self) -> Self:
        for position, step in enumerate(self.steps):
            if isinstance(step, FollowUp) and not self._can_be_tapped(position - 1):
                msg = "it must stand behind a message with buttons or chips, or a follow-up to one"
                raise ValueError(f"steps.{position}: {msg}")
        return self

    @model_validator(mode="after")
    def _variables_are_known(self) -> Self:
        for path, text, known in self._texts():
            names = variables.unknown(text, known)
            if names:
                msg = f"{path}: nothing is known by the name {names[0]!r}; there are "
                raise ValueError(msg + ", ".join(sorted(known)))
        return self

    @property
    def places(self) -> Mapping[str, int]:
        """The position of each step that has a name."""
        return {step.id: at for at, step in enumerate(self.steps) if step.id is not None}

    def contents(self) -> Iterator[tuple[str, Content]]:
        """Yield each message that may be sent, with its path."""
        unsure = getattr(self.trigger, "when_unsure", None)
        for number, content in enumerate(getattr(unsure, "variants", ())):
            yield f"trigger.when_unsure.variants.{number}", content
        for position, step in enumerate(self.steps):
            for number, variant in enumerate(getattr(step, "variants", ())):
                if isinstance(variant, Content):
                    yield f"steps.{position}.variants.{number}", variant

    def _can_be_tapped(self, position: int) -> bool:
        """Whether the step there sends something to tap, in each of its variants."""
        if position < 0:
            return False
        step = self.steps[position]
        if isinstance(step, FollowUp):
            return self._can_be_tapped(position - 1)
        variants = getattr(step, "variants", ())
        tapped = [isinstance(one, Content) and any(_taps(one)) for one in variants]
        return bool(tapped) and all(tapped)

    def _texts(self) -> Iterator[tuple[str, str, frozenset[str]]]:
        """Yield each text with its path and the variables it may use."""
        asked = {step.field for step in self.steps if isinstance(step, Ask) and step.field}
        private = variables.KNOWN | asked
        for path, content in self.contents():
            if content.text is not None:
                yield f"{path}.text", content.text, private
        for position, step in enumerate(self.steps):
            known = variables.PUBLIC if isinstance(step, PublicReply) else private
            for name in ("variants", "retry"):
                for number, text in enumerate(getattr(step, name, ())):
                    if isinstance(text, str):
                        yield f"steps.{position}.{name}.{number}", text, known


def _taps(content: Content) -> Iterator[tuple[str, Button]]:
    for name in ("buttons", "quick_replies"):
        for number, one in enumerate(getattr(content, name)):
            yield f"{name}.{number}", one


class Campaign(Rule):
    """
    A published version, as the router holds it. `rank` is the owner's order, least first.

    `published_at` is when this version was; `next_media_id` is the post that a campaign for the
    next post has been bound to, once there is one.
    """

    id: CampaignId
    version: int
    rank: int
    definition: CampaignDefinition
    published_at: AwareDatetime | None = None
    next_media_id: MediaId | None = None


CAMPAIGN_DEFINITION: TypeAdapter[CampaignDefinition] = TypeAdapter(CampaignDefinition)
