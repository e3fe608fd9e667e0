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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from switchboard.contracts.questions import IntentOption
from switchboard.intents.background import CHATTER
from switchboard.intents.confidence import Odds, Seen, learn_odds
from switchboard.intents.reading import spoken
from switchboard.intents.vectors import Counted, Encoder, Matrix, one_core

N_GRAMS: Final = "ngrams"
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
        with one_core():
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

    @property
    def odds(self) -> Odds | None:
        """What is seen of a ranking is worth, as these examples have shown it."""
        return None if self._trained is None else self._trained.odds

    @property
    def measure(self) -> str:
        """What texts are compared by; confidence was learnt for it."""
        return N_GRAMS if self._space is None else self._space.measure

    def rank(self, text: str, encoded: Matrix | None = None) -> Ranking:
        """
        Return what the examples say of `text`.

        `encoded` is the encoder's row for what is `spoken` in it, where somebody has it already.
        """
        said = spoken(text)
        if self._trained is None or self._space is None or not said:
            return _NOTHING
        with one_core():
            (ranking,) = self._ranked(self._space, self._trained, [said], encoded)
        return ranking

    def rank_all(self, texts: Sequence[str]) -> list[Ranking]:
        """Return what the examples say of each of `texts`."""
        said = [spoken(text) for text in texts]
        if self._trained is None or self._space is None:
            return [_NOTHING for _ in texts]
        some = [text for text in said if text]
        with one_core():
            found = iter(self._ranked(self._space, self._trained, some))
            return [next(found) if text else _NOTHING for text in said]

    def _ranked(
        self,
        space: _Space,
        trained: _Trained,
        said: Sequence[str],
        encoded: Matrix | None = None,
    ) -> Iterator[Ranking]:
        for start in range(0, len(said), _AT_ONCE):
            rows, close = space.of(said[start : start + _AT_ONCE], encoded)
            scores = _with_constant(rows) @ trained.weights
            for one, near in zip(scores, close, strict=True):
                yield self._ranking(one, near, trained.odds)

    def _ranking(self, scores: Matrix, close: Matrix, odds: Odds) -> Ranking:
        order = np.argsort(-scores, kind="stable")
        some = (
            np.argpartition(-close, _NEAR)[:_NEAR] if len(close) > _NEAR else np.arange(len(close))
        )
        nearest = some[np.argsort(-close[some], kind="stable")]
        seen = _seen(scores, order, close[self._owners == order[0]])
        names = tuple(self.names[number] for number in order)
        return Ranking(Guess(names[0], odds.confidence(seen)), names, tuple(map(int, nearest)))


_NEAR: Final = 40  # examples a ranking names; a prompt has room for fewer
_AT_ONCE: Final = 256  # texts compared at a time, so that many cost no more memory than few


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
        own, others = encoder.encode(said), encoder.encode(chatter)
        far = (others @ own.T).max(axis=1) < _TOO_CLOSE
        kept = [text for text, is_far in zip(chatter, far, strict=True) if is_far]
        space = cls(Counted([*said, *kept]), encoder)
        space._encoded = np.vstack([own, others[far]])
        space._chatter, space._near = len(kept), own
        return space

    @property
    def measure(self) -> str:
        """The encoder's name with the n-grams', or theirs alone."""
        return N_GRAMS if self._encoder is None else f"{self._encoder.name}+{N_GRAMS}"

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

    def of(self, said: Sequence[str], encoded: Matrix | None = None) -> tuple[Matrix, Matrix]:
        """Return the rows of texts, and how close each is to each of the owner's examples."""
        counted = self._counted.of(said)
        if self._encoder is None:
            return counted, counted @ self._near.T
        encoded = self._encoder.encode(said) if encoded is None else encoded
        return np.hstack([encoded, self._weight * counted]), encoded @ self._near.T

    def near(self, places: NDArray[np.int64]) -> Matrix:
        """Return how close the examples at `places` (chatter too) are to the owner's examples."""
        rows = self._counted.of_examples if self._encoded is None else self._encoded
        found: Matrix = rows[places] @ self._near.T
        return found


class _Rows(NamedTuple):
    vectors: Matrix
    weight: float


class _Fit:
    """
    Ridge regression of "is it one of this intent's?" on every example.

    Of many examples all are learnt from, and what would be said of them unseen is reckoned for a
    sample.
    """

    def __init__(self, rows: _Rows, owners: NDArray[np.int64], chatter: int, intents: int) -> None:
        self.rows = rows
        self._owners = np.concatenate([owners, np.full(chatter, _NOWHERE)])
        # An intent with thirty examples would outshout one with three.
        self._loudness = _loudness(self._owners)[:, None]
        self._x = _with_constant(rows.vectors) * self._loudness
        wanted = self._owners[:, None] == np.arange(intents)[None, :]
        self._y = wanted.astype(np.float32) * self._loudness
        self._shown = np.arange(0, len(self._x), -(-len(self._x) // _MANY_EXAMPLES))
        self._solve()

    def _solve(self) -> None:
        """Find the weights, and `_bend`: how much a row in one direction moves them."""
        many, dimensions = self._x.shape
        if many <= dimensions:
            inner = self._x @ self._x.T + _RIDGE * np.eye(many, dtype=np.float32)
            left = np.linalg.solve(inner, self._x)  # a row for each example
            self.weights = left.T @ self._y
            self._left: Matrix | None = left
            return
        inner = self._x.T @ self._x + _RIDGE * np.eye(dimensions, dtype=np.float32)
        self._left, self._bend = None, np.linalg.inv(inner)
        self.weights = self._bend @ (self._x.T @ self._y)

    @property
    def right_unseen(self) -> float:
        """Return how many of the owner's examples would be recognised had they not been seen."""
        owners = self._owners[self._shown]
        own = owners != _NOWHERE
        return float((self._unseen()[own].argmax(axis=1) == owners[own]).mean())

    def odds(self, space: _Space) -> Odds:
        """Return what is seen of rankings is worth, learnt from the examples."""
        looked = [*self._looked_at_one_by_one(space), *self._looked_at_without_its_own(space)]
        seen, right, weights = zip(*looked, strict=True)
        return learn_odds(np.array(seen), np.array(right), np.array(weights))

    def _looked_at_one_by_one(self, space: _Space) -> Iterator[tuple[Seen, float, float]]:
        """Yield what would be seen of each example had it not been there, and whether rightly."""
        own = self._owners[self._owners != _NOWHERE]
        near = space.near(self._shown)
        for place, scores, close in zip(self._shown, self._unseen(), near, strict=True):
            owner = self._owners[place]
            if owner == _NOWHERE:
                yield _seen_among(scores, close, own), 0.0, _OUT_OF_SCOPE_WEIGHS
                continue
            close[place] = -1.0
            yield _seen_among(scores, close, own), float(scores.argmax() == owner), 1.0

    def _looked_at_without_its_own(self, space: _Space) -> Iterator[tuple[Seen, float, float]]:
        """Yield what would be seen of examples had their intent not been there: never rightly."""
        own = self._owners[self._owners != _NOWHERE]
        for owner in self._left_out():
            block = np.flatnonzero(self._owners == owner)
            for scores, close in zip(self._foreign(owner, block), space.near(block), strict=True):
                close[own == owner] = -1.0
                yield _seen_among(scores, close, own), 0.0, _OUT_OF_SCOPE_WEIGHS

    def _left_out(self) -> NDArray[np.int64]:
        """Return the intents to be left out in turn: all, or so many as hold enough examples."""
        intents = self._y.shape[1]
        if intents == 1:
            return np.zeros(0, dtype=np.int64)
        return np.arange(0, intents, -(-len(self._x) // _MANY_EXAMPLES))

    def _influence(self, places: NDArray[np.int64]) -> Matrix:
        """Return how much the rows at `places` decide what is said of themselves."""
        x = self._x[places]
        left = x @ self._bend if self._left is None else self._left[places]
        found: Matrix = left @ x.T
        return found

    def _unseen(self) -> Matrix:
        """Return what would be said of each example that is shown, had it not been seen."""
        x, y = self._x[self._shown], self._y[self._shown]
        left = x @ self._bend if self._left is None else self._left[self._shown]
        influence = np.einsum("ij,ij->i", left, x)[:, None]
        said = (x @ self.weights - influence * y) / np.maximum(1 - influence, 1e-6)
        found: Matrix = said / self._loudness[self._shown]
        return found

    def _foreign(self, owner: int, block: NDArray[np.int64]) -> Matrix:
        """Return what would be said of an intent's examples, had none of them been seen."""
        x, y = self._x[block], self._y[block]
        rest = np.eye(len(block), dtype=np.float32) - self._influence(block)
        found: Matrix = (y - np.linalg.solve(rest, y - x @ self.weights)) / self._loudness[block]
        found[:, owner] = -1.0
        return found


def _seen(scores: Matrix, order: NDArray[np.int64], close_of_best: Matrix) -> Seen:
    best = float(scores[order[0]])
    second = float(scores[order[1]]) if len(order) > 1 else 0.0
    return Seen(best, best - max(second, 0.0), float(close_of_best.max(initial=0.0)))


def _seen_among(scores: Matrix, close: Matrix, own: NDArray[np.int64]) -> Seen:
    order = np.argsort(-scores, kind="stable")
    return _seen(scores, order, close[own == order[0]])


def _with_constant(rows: Matrix) -> Matrix:
    return np.hstack([rows, np.ones((len(rows), 1), dtype=rows.dtype)])


def _loudness(owners: NDArray[np.int64]) -> Matrix:
    """Return factors that make intents with many and with few examples weigh more alike."""
    counts: Mapping[int, int] = Counter(owners.tolist())
    usual = float(np.mean(list(counts.values())))
    return np.array(
        [(usual / counts[owner]) ** 0.25 for owner in owners.tolist()], dtype=np.float32
    )
