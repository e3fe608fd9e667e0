"""
Finding campaigns' keywords in a normalised text, with the proof.

One `KeywordIndex` holds the keywords of all of an account's campaigns, and a text is read once
for all of them: literal keywords by an automaton, slips by an index of what people make of
words, patterns by RE2. docs/matching.md says what each way of matching means.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from switchboard.rules.accents import bare
from switchboard.rules.campaigns import Keywords
from switchboard.rules.literals import Literals
from switchboard.rules.patterns import Patterns
from switchboard.rules.phrases import Phrases
from switchboard.rules.proof import EXACTNESS, How, Miss, Proof, better
from switchboard.rules.text import normalise

__all__ = ["EXACTNESS", "How", "KeywordIndex", "Matcher", "Miss", "Proof"]

_EXCLUDED: Final = -1
# Instagram's names are of these characters (in normalised text); an address of mail is no mention.
_MENTION: Final = re.compile(r"(?<![a-z0-9._])@[a-z0-9._]+")


class KeywordIndex:
    """The keywords of many campaigns, each known by its place in the list."""

    def __init__(self, keywords: Sequence[Keywords]) -> None:
        plain: list[_Wanted] = []
        folded: list[_Wanted] = []
        self._sizes: dict[tuple[int, int], int] = {}
        for campaign, of_campaign in enumerate(keywords):
            for wanted in _wanted(campaign, of_campaign):
                (folded if of_campaign.fold_accents else plain).append(wanted)
                group = wanted.part[:2]
                self._sizes[group] = self._sizes.get(group, 0) + 1
        self._plain, self._folded = _Reader(plain), _Reader(folded)

    def find(self, text: str) -> dict[int, Proof | Miss]:
        """Return what `text` (normalised) is to each campaign; `no_keyword` where none is named."""
        best: dict[_Part, Proof] = {}
        for part, proof in self._read(text):
            known = best.get(part)
            if known is None or better(proof) < better(known):
                best[part] = proof
        return self._judged(best)

    def _read(self, text: str) -> Iterator[tuple[_Part, Proof]]:
        yield from self._plain.find(text)
        if not self._folded.empty:
            without = bare(text)
            for part, proof in self._folded.find(without.text):
                start, end = without.span(proof.start, proof.end)
                yield part, replace(proof, start=start, end=end)

    def _judged(self, best: dict[_Part, Proof]) -> dict[int, Proof | Miss]:
        """Return the verdict for each campaign: excluded, or the best of its complete groups."""
        groups: defaultdict[tuple[int, int], list[Proof]] = defaultdict(list)
        for part, proof in best.items():
            groups[part[:2]].append(proof)
        verdicts: dict[int, Proof | Miss] = {}
        for (campaign, group), proofs in sorted(groups.items()):  # what excludes comes first
            known = verdicts.get(campaign)
            if group == _EXCLUDED:
                verdicts[campaign] = Miss("excluded", min(proofs, key=better).keyword)
            elif len(proofs) == self._sizes[campaign, group] and not isinstance(known, Miss):
                proof = _together(proofs)
                verdicts[campaign] = min(known or proof, proof, key=better)
        return verdicts


class Matcher:
    """One campaign's keywords."""

    def __init__(self, keywords: Keywords) -> None:
        self._index = KeywordIndex([keywords])

    def find(self, text: str) -> Proof | Miss:
        """Return the best proof in `text` (normalised), or why there is none."""
        return self._index.find(text).get(0, Miss("no_keyword"))


class _Part(NamedTuple):
    """One keyword of one group of one campaign; the group is complete when all of it is found."""

    campaign: int
    group: int
    member: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    part: _Part
    keyword: str
    how: How


class _Reader:
    """All keywords that are compared with one form of a text."""

    def __init__(self, wanted: Iterable[_Wanted]) -> None:
        literal: defaultdict[str, list[tuple[_Part, How]]] = defaultdict(list)
        fuzzy: defaultdict[str, list[_Part]] = defaultdict(list)
        self._pattern_parts: defaultdict[str, list[_Part]] = defaultdict(list)
        for one in wanted:
            if one.how == "regex":
                self._pattern_parts[one.keyword].append(one.part)
                continue
            if one.how == "fuzzy":
                fuzzy[one.keyword].append(one.part)
            literal[one.keyword].append((one.part, "whole_word" if one.how == "fuzzy" else one.how))
        self.empty = not literal and not self._pattern_parts
        self._literals, self._phrases = Literals(literal), Phrases(fuzzy)
        self._pattern_names = list(self._pattern_parts)
        self._patterns = Patterns(self._pattern_names)

    def find(self, text: str) -> Iterator[tuple[_Part, Proof]]:
        mentioned = [mention.span() for mention in _MENTION.finditer(text)]
        for finder in (self._literals, self._phrases):
            for part, proof in finder.find(text):
                if not any(start < proof.start < end for start, end in mentioned):
                    yield part, proof
        for number, start, end in self._patterns.search(text):
            pattern = self._pattern_names[number]
            for part in self._pattern_parts[pattern]:
                yield part, Proof(pattern, "regex", start, end)


def _wanted(campaign: int, keywords: Keywords) -> Iterator[_Wanted]:
    """Yield what to look for; a group with a keyword that shows nothing can never be complete."""
    groups = [(keyword,) for keyword in keywords.include] + list(keywords.all_of)
    for number, group in enumerate(groups):
        prepared = {_prepared(one, keywords, keywords.how) for one in group}
        if "" not in prepared:
            for member, keyword in enumerate(sorted(prepared)):
                yield _Wanted(_Part(campaign, number, member), keyword, keywords.how)
    excluded = {_prepared(one, keywords, "whole_word") for one in keywords.exclude} - {""}
    for member, keyword in enumerate(sorted(excluded)):
        yield _Wanted(_Part(campaign, _EXCLUDED, member), keyword, "whole_word")


def _prepared(keyword: str, keywords: Keywords, how: How) -> str:
    """Return the keyword as it is compared; a pattern is for RE2 alone to read."""
    if how == "regex":
        return keyword
    plain = normalise(keyword)
    # An accent that stood alone leaves a space at the edge, where no keyword begins or ends.
    return bare(plain).text.strip() if keywords.fold_accents else plain


def _together(proofs: Sequence[Proof]) -> Proof:
    """Return one proof for a group: its loosest member, with the others."""
    loosest = min(proofs, key=lambda proof: (EXACTNESS[proof.how], better(proof)))
    others = sorted((one for one in proofs if one is not loosest), key=lambda p: (p.start, p.end))
    return replace(loosest, also=tuple(others)) if others else loosest
