"""What a chat model is asked, what it may say, and how a model can fail to say anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from switchboard.errors import Failure

NONE: Final = "none"

WhyNot = Literal["unavailable", "timed_out", "nonsense"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model reads: our instructions with the intents, and a person's quoted words."""

    instructions: str
    message: str
    names: tuple[str, ...]  # the intents it may choose; `NONE` is allowed besides


class NoAnswer(Failure):
    """The model gave nothing we can use; `because` says in one word why."""

    reason = "no_answer"

    def __init__(self, message: str, *, because: WhyNot) -> None:
        super().__init__(message)
        self.because: WhyNot = because


class Model(Protocol):
    """Whoever chooses."""

    @property
    def name(self) -> str:
        """Its name, stored with its answers."""
        ...

    async def choose(self, prompt: Prompt, *, within_s: float) -> str | None:
        """
        Return one of `prompt.names`, or `None` if none of them fits.

        Raises:
            NoAnswer: It is away, took longer than `within_s` seconds, or talked nonsense.
        """
        ...
