"""Answers given before: in this process, and in Redis for all replicas."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

from pydantic import TypeAdapter, ValidationError

from services.classifier.sharing import Sharing
from switchboard.contracts import AccountId, Question
from switchboard.intents.tiers import Judgement
from switchboard.rules.text import normalise

_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A judgement with the name of who made it and the version of what a chat model was told."""

    judgement: Judgement
    model: str | None = None
    prompt: int | None = None


class Answers(Protocol):
    """Where answers are kept for all replicas."""

    async def find(self, account_id: AccountId, digest: str) -> str | None:
        """Return what is kept; raises `Unavailable` if that cannot be told."""
        ...

    async def keep(self, account_id: AccountId, digest: str, answer: str) -> None:
        """Keep `answer`; raises `Unavailable` if it cannot be kept."""
        ...


class Memory:
    """Remembers judgements; without `answers`, for this process alone."""

    def __init__(self, answers: Answers | None = None, *, sharing: Sharing | None = None) -> None:
        self._answers, self._sharing = answers, sharing or Sharing()
        self._own: OrderedDict[tuple[AccountId, str], Kept] = OrderedDict()

    async def find(self, account_id: AccountId, digest: str) -> Kept | None:
        """Return what was judged when the same was asked before, if that is still known."""
        own = self._own.get((account_id, digest))
        if own is not None:
            self._own.move_to_end((account_id, digest))
            return own
        answers = self._answers
        if answers is None:
            return None
        stored = await self._sharing.try_(lambda: answers.find(account_id, digest))
        kept = _read(stored)
        if kept is not None:
            self._remember(account_id, digest, kept)
        return kept

    async def keep(self, account_id: AccountId, digest: str, kept: Kept) -> None:
        """Remember `kept`."""
        self._remember(account_id, digest, kept)
        answers = self._answers
        if answers is not None:
            told = _KEPT_ANSWER.dump_json(kept, exclude_defaults=True).decode()
            await self._sharing.try_(lambda: answers.keep(account_id, digest, told))

    def _remember(self, account_id: AccountId, digest: str, kept: Kept) -> None:
        self._own[account_id, digest] = kept
        while len(self._own) > _KEPT:
            self._own.popitem(last=False)


def digest_of(question: Question, intents: str, *asked: str) -> str:
    """
    Return what names this question: its text as it is compared, the intents, who is `asked`, and
    what makes an answer good enough.
    """
    calibration = question.calibration
    parts = (
        normalise(question.text),
        intents,
        str(question.threshold),
        "" if calibration is None else calibration.model_dump_json(),
        *asked,
    )
    told = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()[:32]


_KEPT_ANSWER: Final[TypeAdapter[Kept]] = TypeAdapter(Kept)


def _read(stored: str | None) -> Kept | None:
    if stored is None:
        return None
    try:
        return _KEPT_ANSWER.validate_json(stored)
    except ValidationError:
        return None  # another release's
