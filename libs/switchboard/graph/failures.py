"""
How a call to Meta can end badly, sorted as `switchboard.errors` sorts everything.

* GraphFailure          Meta answered, or may have acted
  x SlowDown            Throttled     refused for now, because of a limit (`why.is_limit`) or a
                                      passing fault
  x AccountHeld         Failure       nothing of this account goes out for a while
    + OwnerMustAct                    and it stays so until the owner has done something
  x TokenDead           Failure       the owner must connect the account again
  x OutsideWindow       WindowClosed  the person's window is over
  x NotSent             Refused       never, for this person or comment; or a mistake of ours
  x Unclear             Uncertain     it may have been done
  x NotUnderstood       Failure       an error our table does not have

A call that never left us is `Unavailable`, which is not a `GraphFailure`: Meta knows nothing of it.
"""

from __future__ import annotations

from typing import ClassVar, Final

from switchboard.errors import Failure, Refused, Throttled, Uncertain, WindowClosed
from switchboard.graph.answers import Said
from switchboard.graph.errors import Action, Classified, Source, classify


class GraphFailure(Failure):
    """
    A call that did not do what it was made for.

    `why` is what our table makes of it, `said` what came back. `after_s` is how long to wait, of
    those kinds that pass: the longer of our table's wait and the one Meta states.
    """

    reason: ClassVar[str] = "graph_failure"

    def __init__(self, why: Classified, said: Said) -> None:
        Exception.__init__(self, f"{why.reason} (Meta: {said.code}/{said.subcode})")
        self.why, self.said = why, said
        self.after_s: float = max(why.wait_s or 0.0, said.usage.regain_after_s)


class SlowDown(GraphFailure, Throttled):
    """Refused for now: because of a limit, before acting, or because of a fault that passes."""

    reason: ClassVar[str] = "throttled"


class AccountHeld(GraphFailure):
    """Meta restricts the account; every further call would prolong it."""

    reason: ClassVar[str] = "account_held"


class OwnerMustAct(AccountHeld):
    """Held until the owner has done something at Instagram; asked again now and then."""

    reason: ClassVar[str] = "owner_must_act"


class TokenDead(GraphFailure):
    """The token is no good; the account must be connected again."""

    reason: ClassVar[str] = "token_dead"


class OutsideWindow(GraphFailure, WindowClosed):
    """Meta says the person's window is over."""

    reason: ClassVar[str] = "window_closed"


class NotSent(GraphFailure, Refused):
    """Meta will never do this; `why.reason` says which kind of never."""

    reason: ClassVar[str] = "refused"


class Unclear(GraphFailure, Uncertain):
    """The call left us, and whether Meta acted is unknown."""

    reason: ClassVar[str] = "uncertain"


class NotUnderstood(GraphFailure):
    """An error that our table does not have."""

    reason: ClassVar[str] = "not_understood"


def no_answer(because: str, said: Said | None = None) -> Unclear:
    """Return the failure of a send whose answer never came, or cannot be read."""
    why = Classified(
        action=Action.AMBIG,
        reason=because,
        meaning="the call left us and no readable answer came",
        source=Source.NONE,
    )
    return Unclear(why, said or Said())


def refusal(said: Said, *, is_send: bool) -> GraphFailure:
    """Return the failure that an error of Meta's is to us. `said.code` must be known."""
    if said.code is None:
        raise ValueError("an answer without a code is no refusal")
    why = classify(said.code, said.subcode, is_send=is_send)
    return _KINDS[why.action](why, said)


_KINDS: Final[dict[Action, type[GraphFailure]]] = {
    Action.RETRY: SlowDown,
    Action.HOLD: AccountHeld,
    Action.REAUTH: TokenDead,
    Action.OWNER: OwnerMustAct,
    Action.WINDOW: OutsideWindow,
    Action.DROP: NotSent,
    Action.DONE: NotSent,
    Action.FIX: NotSent,
    Action.AMBIG: Unclear,
    Action.UNKNOWN: NotUnderstood,
}
