"""How well an account's intents are recognised by their examples, and what a text is taken for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from switchboard.contracts import IntentOption
from switchboard.db.rules import AccountRules
from switchboard.intents.confidence import UNCORRECTED
from switchboard.intents.encoder import BuiltIn
from switchboard.intents.evaluating import Answered, Report, by_examples, report
from switchboard.intents.recogniser import Recogniser
from switchboard.intents.samples import Sample
from switchboard.intents.tiers import Thresholds


@dataclass(frozen=True, slots=True)
class Recognising:
    """An account's intents, and how sure its owner wants the classifier to be."""

    rules: AccountRules

    @property
    def threshold(self) -> float:
        """What an answer must reach."""
        own = self.rules.asking.threshold
        return Thresholds().believed if own is None else own

    @property
    def intents(self) -> Sequence[IntentOption]:
        """What people may want."""
        return self.rules.intents

    async def evaluate(self, labelled: Sequence[Sample]) -> Report:
        """Return how well `labelled` is recognised; a text that is an example says nothing."""
        known = {example for intent in self.intents for example in intent.examples}
        samples = [one for one in labelled if one.text not in known]
        return report(
            await self.answer(samples),
            intents=len(self.intents),
            examples=len(known),
            threshold=self.threshold,
        )

    async def answer(self, samples: Sequence[Sample]) -> list[Answered]:
        """Return what each of `samples` is taken for; worked out beside the loop."""
        return await asyncio.to_thread(self._answer, samples)

    def _answer(self, samples: Sequence[Sample]) -> list[Answered]:
        recogniser = Recogniser.of(self.intents, BuiltIn())
        learnt = self.rules.asking.calibration or UNCORRECTED
        calibration = learnt if learnt.measure == recogniser.measure else UNCORRECTED
        rankings = recogniser.rank_all([one.text for one in samples])
        return [
            by_examples(sample, ranking, calibration)
            for sample, ranking in zip(samples, rankings, strict=True)
        ]
