"""
The intents of one account, told apart by their own examples.

Every intent is a direction in the space of `vectors`, found by ridge regression of "is this one of
its examples?" on all examples. What makes this the right tool: it is exact and takes milliseconds;
and what it would have said of each example had it never seen that one, or none of its intent, is
known in closed form. That is what `confidence` learns from.

Source of the closed forms: G. H. Golub and others, "Generalized cross-validation as a method for
choosing a good ridge parameter", 1979; for groups left out, P. Zhang, "Model selection via
multifold cross validation", 1993.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from switchboard.contracts.questions import IntentOption
from switchboard.intents.background import CHATTER
from switchboard.intents.confidence import Floats, Odds, Seen, learn_odds
from switchboard.intents.reading import spoken
from switchboard.intents.vectors import Counted, Encoder, Matrix

_RIDGE: Final = 0.5
# N-grams beside an encoder: the less they weigh, the more a language counts that it knows.
_N_GRAM_WEIGHTS: Final = (0.5, 1.0, 2.0)
# Beyond so many examples the first weight is taken and confidence is learnt on a sample.
_MANY_EXAMPLES: Final = 2_000
# Chatter this close to an owner's example is left out, by the encoder's cosine.
_TOO_CLOSE: Final = 0.6
# Beside one question that is right or wrong, how much one of which nothing can be right counts.
_OUT_OF_SCOPE_WEIGHS: Final = 0.5
_NOWHERE: Final = -1  # the number of the intent that chatter belongs to


class Guess(NamedTuple):
    """One intent, and how sure it is that the text expresses it: 0 to 1."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """
    What the examples say of one text.

    `best` is `None` where nothing is said in the text or there are no examples; its confidence is
    not yet corrected by the account's history. `order` are all intents with examples, likeliest
    first. `near` are the places of the examples nearest to the text, nearest first.
    """

    best: Guess | None
    order: tuple[str, ...] = ()
    near: tuple[int, ...] = ()


_NOTHING: Final = Ranking(None)


class _Trained(NamedTuple):
    """Directions of the intents (a row for each dimension and one for the constant)."""

    weights: Matrix
    odds: Odds


class Recogniser:
    """Made by `Recogniser.of`; after that it only reads, so that threads may share it."""

    def __init__(
        self,
        names: Sequence[str],
        examples: Sequence[tuple[str, str]],
        trained: _Trained | None,
        space: _Space | None,
        owners: NDArray[np.int64],
    ) -> None:
        self.names, self.examples = tuple(names), tuple(examples)
        self._trained, self._space, self._owners = trained, space, owners

    @classmethod
    def of(cls, intents: Sequence[IntentOption], encoder: Encoder | None) -> Recogniser:
        """
        Return what tells `intents` apart; without an encoder by n-grams alone.

        Intents without examples are never recognised; an example in which nothing is said counts
        for nothing.
        """
        said = [
            (intent.name, example, text)
            for intent in intents
            for example in intent.examples
            if (text := spoken(example))
        ]
        names = list(dict.fromkeys(name for name, _, _ in said))
        examples = [(name, example) for name, example, _ in said]
        numbers = {name: number for number, name in enumerate(names)}
        owners = np.array([numbers[name] for name, _, _ in said], dtype=np.int64)
        if not names:
            return cls((), (), None, None, owners)
        # One core: whoever else uses the machine has questions to answer.
        with threadpool_limits(limits=1, user_api="blas"):
            space = _Space.around([text for *_, text in said], encoder)
            best = max(
                (_Fit(rows, owners, space.chatter, len(names)) for rows in space.candidates()),
                key=lambda fit: fit.right_unseen,
            )
            space.settle(best.rows)
            trained = _Trained(best.weights, best.odds(space))
        return cls(names, examples, trained, space, owners)

    @property
    def can_recognise(self) -> bool:
        """Whether there is any example to recognise by."""
        return self._trained is not None

    def rank(self, text: str) -> Ranking:
        """Return what the examples say of `text`. Raises `NoAnswer` if the encoder cannot."""
        (ranking,) = self.rank_all([text])
        return ranking

    def rank_all(self, texts: Sequence[str]) -> list[Ranking]:
        """Return what the examples say of each of `texts`."""
        said = [spoken(text) for text in texts]
        if self._trained is None or self._space is None:
            return [_NOTHING for _ in texts]
        some = [text for text in said if text]
        found = iter(self._ranked(self._space, self._trained, some) if some else ())
        return [next(found) if text else _NOTHING for text in said]

    def _ranked(self, space: _Space, trained: _Trained, said: Sequence[str]) -> list[Ranking]:
        rows, close = space.of(said)
        scores = _with_constant(rows) @ trained.weights
        return [self._ranking(one, near, trained.odds) for one, near in zip(scores, close, strict=True)]

    def _ranking(self, scores: Matrix, close: Matrix, odds: Odds) -> Ranking:
        order = np.argsort(-scores, kind="stable")
        nearest = np.argsort(-close, kind="stable")[:_NEAR]
        seen = _seen(scores, order, close[self._owners == order[0]])
        names = tuple(self.names[number] for number in order)
        return Ranking(Guess(names[0], odds.confidence(seen)), names, tuple(map(int, nearest)))


_NEAR: Final = 40  # examples a ranking names; a prompt has room for fewer


class _Space:
    """Where the examples lie, with the chatter that is not close to any of them."""

    def __init__(self, counted: Counted, encoder: Encoder | None) -> None:
        self._counted, self._encoder = counted, encoder
        self._encoded: Matrix | None = None
        self._weight = 1.0
        self._chatter = 0
        self._near: Matrix = counted.of_examples

    @classmethod
    def around(cls, said: Sequence[str], encoder: Encoder | None) -> _Space:
        chatter = [spoken(text) for text in CHATTER]
        if encoder is None:
            space = cls(Counted([*said, *chatter]), None)
            space._chatter = len(chatter)
            space._near = space._counted.of_examples[: len(said)]
            return space
        own, others = encoder.encode(said), _encoded_chatter(encoder)
        far = (others @ own.T).max(axis=1) < _TOO_CLOSE
        kept = [text for text, is_far in zip(chatter, far, strict=True) if is_far]
        space = cls(Counted([*said, *kept]), encoder)
        space._encoded = np.vstack([own, others[far]])
        space._chatter, space._near = len(kept), own
        return space

    @property
    def chatter(self) -> int:
        """How many of the rows are chatter; they come last."""
        return self._chatter

    def candidates(self) -> list[_Rows]:
        """Return the examples' rows, with each weight of the n-grams that is worth trying."""
        counted = self._counted.of_examples
        if self._encoded is None:
            return [_Rows(counted, 1.0)]
        weights = _N_GRAM_WEIGHTS if len(counted) <= _MANY_EXAMPLES else _N_GRAM_WEIGHTS[:1]
        return [_Rows(np.hstack([self._encoded, one * counted]), one) for one in weights]

    def settle(self, rows: _Rows) -> None:
        """Weigh n-grams from now on as `rows` does."""
        self._weight = rows.weight

    def of(self, said: Sequence[str]) -> tuple[Matrix, Matrix]:
        """Return the rows of texts, and how close each is to each of the owner's examples."""
        counted = self._counted.of(said)
        if self._encoder is None:
            return counted, counted @ self._near.T
        encoded = self._encoder.encode(said)
        return np.hstack([encoded, self._weight * counted]), encoded @ self._near.T

    def near(self, places: NDArray[np.int64]) -> Matrix:
        """Return how close the examples at `places` (chatter too) are to the owner's examples."""
        rows = self._counted.of_examples if self._encoded is None else self._encoded
        found: Matrix = rows[places] @ self._near.T
        return found


@lru_cache(maxsize=4)
def _encoded_chatter(encoder: Encoder) -> Matrix:
    return encoder.encode([spoken(text) for text in CHATTER])


class _Rows(NamedTuple):
    vectors: Matrix
    weight: float


class _Fit:
    """Ridge regression of "is it one of this intent's?" on every example."""

    def __init__(
        self, rows: _Rows, owners: NDArray[np.int64], chatter: int, intents: int
    ) -> None:
        self.rows = rows
        self._owners = np.concatenate([owners, np.full(chatter, _NOWHERE)])
        # An intent with thirty examples would outshout one with three.
        self._loudness = np.sqrt(_evenly(self._owners))[:, None]
        self._x = (_with_constant(rows.vectors) * self._loudness).astype(np.float32)
        wanted = (self._owners[:, None] == np.arange(intents)[None, :]).astype(np.float32)
        self._y = wanted * self._loudness
        self._solve()
        self._sample = _sample(self._owners)

    def _solve(self) -> None:
        many, dimensions = self._x.shape
        if many <= dimensions:
            inner = self._x @ self._x.T + _RIDGE * np.eye(many, dtype=np.float32)
            self._left = np.linalg.solve(inner, self._x).T  # what the rows are worth, transposed
        else:
            inner = self._x.T @ self._x + _RIDGE * np.eye(dimensions, dtype=np.float32)
            self._left = np.linalg.solve(inner, self._x.T)
        self.weights = self._left @ self._y

    @property
    def right_unseen(self) -> float:
        """Return how many of the owner's examples would be recognised had they not been seen."""
        scores, owners = self._unseen()
        own = owners != _NOWHERE
        return float((scores[own].argmax(axis=1) == owners[own]).mean())

    def odds(self, space: _Space) -> Odds:
        """Return what is seen of rankings is worth, learnt from the examples."""
        places = self._sample
        close = space.near(places)
        own = self._owners[self._owners != _NOWHERE]
        unseen, owners = self._unseen()
        foreign = self._of_foreign()
        seen: list[Seen] = []
        right: list[float] = []
        weights: list[float] = []
        for place, scores, strange, near, owner in zip(
            places, unseen, foreign, close, owners, strict=True
        ):
            if owner == _NOWHERE:
                seen.append(_seen_among(scores, near, own, ()))
                right.append(0.0)
                weights.append(_OUT_OF_SCOPE_WEIGHS)
                continue
            seen.append(_seen_among(scores, near, own, (int(place),)))
            right.append(float(scores.argmax() == owner))
            weights.append(1.0)
            if len(scores) > 1:
                others = np.flatnonzero(own == owner)
                seen.append(_seen_among(strange, near, own, others))
                right.append(0.0)
                weights.append(_OUT_OF_SCOPE_WEIGHS)
        return learn_odds(np.array(seen), np.array(right), np.array(weights))

    def _unseen(self) -> tuple[Matrix, NDArray[np.int64]]:
        """Return what would be said of each example in the sample, had it not been seen."""
        places = self._sample
        x, y = self._x[places], self._y[places]
        influence = np.einsum("ij,ji->i", x, self._left[:, places])[:, None]
        said = (x @ self.weights - influence * y) / np.maximum(1 - influence, 1e-6)
        return said / self._loudness[places], self._owners[places]

    def _of_foreign(self) -> Matrix:
        """Return what would be said of each example in the sample without its whole intent."""
        said = np.zeros((len(self._sample), self._y.shape[1]), dtype=np.float32)
        owners = self._owners[self._sample]
        for owner in np.unique(owners[owners != _NOWHERE]):
            block = np.flatnonzero(self._owners == owner)
            x, y = self._x[block], self._y[block]
            influence = x @ self._left[:, block]
            missing = np.linalg.solve(
                np.eye(len(block), dtype=np.float32) - influence, y - x @ self.weights
            )
            scores = (y - missing) / self._loudness[block]
            scores[:, owner] = -1.0
            inside = np.isin(block, self._sample)
            said[owners == owner] = scores[inside]
        return said


def _seen(scores: Matrix, order: NDArray[np.int64], close_of_best: Matrix) -> Seen:
    best = float(scores[order[0]])
    second = float(scores[order[1]]) if len(order) > 1 else 0.0
    return Seen(best, best - max(second, 0.0), float(close_of_best.max(initial=0.0)))


def _seen_among(
    scores: Matrix, near: Matrix, own: NDArray[np.int64], left_out: Sequence[int] | NDArray[np.int64]
) -> Seen:
    close = near.copy()
    close[list(left_out)] = -1.0
    order = np.argsort(-scores, kind="stable")
    return _seen(scores, order, close[own == order[0]])


def _with_constant(rows: Matrix) -> Matrix:
    return np.hstack([rows, np.ones((len(rows), 1), dtype=rows.dtype)])


def _evenly(owners: NDArray[np.int64]) -> Floats:
    """Return weights that make intents with many and with few examples weigh more alike."""
    counts: Mapping[int, int] = Counter(owners.tolist())
    usual = float(np.mean(list(counts.values())))
    return np.array([(usual / counts[owner]) ** 0.5 for owner in owners.tolist()])


def _sample(owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of all examples, or of every so-manyeth where there are many."""
    step = -(-len(owners) // _MANY_EXAMPLES)
    return np.arange(0, len(owners), step)
