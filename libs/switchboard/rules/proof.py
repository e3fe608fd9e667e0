"""What matching says: the proof that keywords are in a text, or why they don't count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

How = Literal["exact", "whole_word", "contains", "fuzzy", "regex", "any"]
# From the exacter to the looser; the exacter match wins.
EXACTNESS: Final[dict[How, int]] = {
    "exact": 5,
    "whole_word": 4,
    "contains": 3,
    "fuzzy": 2,
    "regex": 1,
    "any": 0,
}


@dataclass(frozen=True, slots=True)
class Proof:
    """
    Where and how a keyword or pattern was found: `start` to `end` of the normalised text.

    Where several must be there together, this is the loosest match of them and `also` the others,
    in the order of the text. A fuzzy keyword that is there without a slip is a `whole_word`.
    """

    keyword: str
    how: How
    start: int
    end: int
    also: tuple[Proof, ...] = ()

    @property
    def length(self) -> int:
        """How many characters the keywords have; of a pattern, how many it matched."""
        own = self.end - self.start if self.how == "regex" else len(self.keyword)
        return own + sum(other.length for other in self.also)


@dataclass(frozen=True, slots=True)
class Miss:
    """Why the keywords did not match: `excluded` by a word, or simply `no_keyword`."""

    why: Literal["no_keyword", "excluded"]
    keyword: str | None = None


def better(proof: Proof) -> tuple[int, int, str, int, int]:
    """Return a proof's place, best least: exacter, longer, by the alphabet, earlier."""
    return (-EXACTNESS[proof.how], -proof.length, proof.keyword, proof.start, proof.end)
