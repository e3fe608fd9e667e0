"""The words that set a campaign off, and those that keep it from being set off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from switchboard.rules.campaigns.base import Rule

# A group is a phrase in no order; an index of slips and one of patterns have their price.
MAX_GROUP_KEYWORDS: Final = 10
MAX_FUZZY_KEYWORDS: Final = 1000
MAX_PATTERNS: Final = 20


class Keywords(Rule):
    """
    Words that set a campaign off, and words that keep it from being set off.

    Any one of `include` is enough, and so is any group of `all_of` of which every keyword is there,
    in any order. `whole_word` finds a keyword between word boundaries, `contains` anywhere,
    `exact` only where it is all there is, `fuzzy` as a whole word with slips of the finger; all are
    compared as `normalise` leaves them: case, width and decoration do not matter, and with
    `fold_accents` neither do accents. With `regex` they are patterns in RE2's syntax, searched in
    the normalised text. `exclude` is whole words always. docs/matching.md has the rules.
    """

    include: tuple[str, ...] = ()
    all_of: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = ()
    exclude: tuple[str, ...] = ()
    how: Literal["whole_word", "contains", "exact", "fuzzy", "regex"] = "whole_word"
    fold_accents: bool = False

    @model_validator(mode="after")
    def _wants_something(self) -> Self:
        if not self.include and not self.all_of:
            msg = "include: at least 1 item is needed here, or a group in all_of"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _is_within_bounds(self) -> Self:
        for position, group in enumerate(self.all_of):
            if len(group) > MAX_GROUP_KEYWORDS:
                msg = f"all_of.{position}: {len(group)} keywords; at most {MAX_GROUP_KEYWORDS}"
                raise ValueError(msg)
        most = {"fuzzy": MAX_FUZZY_KEYWORDS, "regex": MAX_PATTERNS}.get(self.how)
        wanted = len(self.include) + sum(map(len, self.all_of))
        if most is not None and wanted > most:
            msg = f"include, all_of: {wanted} keywords; {self.how} takes at most {most}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _patterns_can_be_searched(self) -> Self:
        if self.how != "regex":
            return self
        # Only where there is a pattern: the sender reads campaigns too, and has no RE2.
        from switchboard.rules.patterns import fault  # noqa: PLC0415

        for path, pattern in self._placed():
            wrong = fault(pattern)
            if wrong is not None:
                raise ValueError(f"{path}: {wrong}")
        return self

    def _placed(self) -> Iterator[tuple[str, str]]:
        """Yield each keyword that can set the campaign off, with its place in this model."""
        for position, keyword in enumerate(self.include):
            yield f"include.{position}", keyword
        for position, group in enumerate(self.all_of):
            for member, keyword in enumerate(group):
                yield f"all_of.{position}.{member}", keyword
