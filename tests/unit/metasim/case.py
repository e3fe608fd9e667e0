"""A ledger, and one word for each thing that can happen."""

from __future__ import annotations

from typing import Any, Literal

from tools.metasim.judgement import Judge, judge
from tools.metasim.ledger import Delivery, EffectKind, Ledger, Opting, Trigger

ACCOUNT, PERSON = "17841400000000001", "1234567890123456"
ReplyKind = Literal["private_reply", "public_reply"]


class Case:
    """One account and one person. `now_s` is the moment at which things happen."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.judge = Judge(self.ledger)
        self.now_s = 0.0
        self._effects = 0

    def comments(
        self, comment_id: str = "c1", *, delivery: Delivery = "accepted", **expect: int
    ) -> None:
        trigger = self._trigger(comment_id, expect)
        self.ledger.expect_on_comment(trigger)
        self.deliver(trigger, delivery)

    def writes(
        self,
        mid: str,
        *,
        delivery: Delivery = "accepted",
        in_order: tuple[str, ...] = (),
        opts: Opting | None = None,
        **expect: int,
    ) -> Trigger:
        trigger = self._trigger(mid, expect)
        trigger.in_order, trigger.opts, trigger.opt_out_grace_s = in_order, opts, 10.0
        self.ledger.expect_in_thread(trigger, PERSON)
        self.deliver(trigger, delivery)
        return trigger

    def deliver(self, trigger: Trigger, delivery: Delivery) -> None:
        if delivery != "pending":
            self.ledger.begin(trigger, 0.0)
            self.ledger.settle([trigger], delivery, at_s=self.now_s)

    def gets_reply(self, kind: ReplyKind, text: str, comment_id: str = "c1") -> None:
        self.ledger.replied(kind, comment_id, self._shown(text))

    def gets(self, *texts: str) -> None:
        for text in texts:
            self.ledger.messaged(ACCOUNT, PERSON, self._shown(text))

    def found(self) -> dict[str, list[Any]]:
        """Return the lists of the judgement that have entries, as triggers."""
        verdict = judge(self.ledger)
        lists = {name: told for name, told in verdict.items() if isinstance(told, list) and told}
        return {name: [one["trigger"] for one in told] for name, told in lists.items()}

    def _trigger(self, trigger_id: str, expect: dict[str, int]) -> Trigger:
        kinds: dict[EffectKind, int] = {}
        for name, count in expect.items():
            assert name in {"message", "private_reply", "public_reply"}
            kinds[name] = count  # type: ignore[index] # asserted above, which mypy does not follow
        return Trigger(trigger_id, "test", ACCOUNT, "ana", self.now_s, kinds)

    def _shown(self, text: str) -> dict[str, Any]:
        self._effects += 1
        return {"id": f"e{self._effects}", "message": {"text": text}, "at_s": self.now_s}
