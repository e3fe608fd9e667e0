"""
What can happen to an installation, as data: which part, from when, until when.

Moments are seconds since the load began. A fault is over by itself at `over_at_s`: whoever brings
it about also heals it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, TypeAlias

from tools.chaos.queue_faults import QueueFault

How: TypeAlias = Literal["politely", "at_once", "killed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaFault:
    """
    One of the simulator's presets, narrowed down; fields as its `PUT /sim/config` takes them.

    `account` is a place in the town, and becomes `account_id`.
    """

    preset: str
    account: int | None = None
    on: str | None = None
    times: int | None = None
    probability: float | None = None
    delay_s: float | None = None
    hold_s: float | None = None
    hold_grace_s: float | None = None

    def told(self, account_id: str | None) -> dict[str, Any]:
        """Return it as the simulator takes it; `account_id` is whom it concerns, if not all."""
        said = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "account"}
        said |= {"account_id": account_id}
        return {name: value for name, value in said.items() if value is not None}

    def __str__(self) -> str:
        """Say it in a few words."""
        parts = [
            "" if self.on is None else f"on {self.on}",
            "" if self.account is None else f"of account {self.account}",
            "" if self.times is None else f"{self.times} times",
            "" if self.probability is None else f"{self.probability:.0%} of them",
        ]
        return ", ".join((self.preset, *filter(None, parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """Something that begins and ends."""

    at_s: float
    for_s: float = 0.0

    @property
    def over_at_s(self) -> float:
        """When it is healed."""
        return self.at_s + self.for_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed(Lasting):
    """A process is ended by SIGKILL, and started again when the time is over."""

    who: str

    @property
    def target(self) -> str:
        """What it happens to."""
        return self.who

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.who} is killed, and back {self.for_s:.1f} s later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Lasting):
    """A process stands still (SIGSTOP), and goes on as if nothing had been (SIGCONT)."""

    who: str

    @property
    def target(self) -> str:
        """What it happens to."""
        return self.who

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.who} stands still for {self.for_s:.1f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Down(Lasting):
    """
    A server is away.

    It ends `politely` (for PostgreSQL: fast), `at_once` (PostgreSQL: immediate) or `killed`.
    """

    server: Literal["postgres", "redis"]
    how: How

    @property
    def target(self) -> str:
        """What it happens to."""
        return self.server

    def __str__(self) -> str:
        """Say it in a few words."""
        how = {"politely": "stopped", "at_once": "stopped at once", "killed": "killed"}[self.how]
        return f"{self.server} is {how}, and back {self.for_s:.1f} s later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptied(Lasting):
    """Redis forgets everything."""

    target: ClassVar[str] = "redis's memory"

    def __str__(self) -> str:
        """Say it in a few words."""
        return "redis is emptied"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuesFail(Lasting):
    """Calls to SQS go wrong."""

    fault: QueueFault

    @property
    def target(self) -> str:
        """What it happens to."""
        return f"{self.fault.action} on {self.fault.queue}: {self.fault.kind}"

    def __str__(self) -> str:
        """Say it in a few words."""
        fault = self.fault
        share = "" if fault.share == 1 else f", {fault.share:.0%} of them"
        what = f"{fault.action} on {fault.queue}: {fault.kind}{share}"
        return f"{what}, for {self.for_s:.1f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaFails(Lasting):
    """Calls to Meta go wrong."""

    fault: MetaFault

    @property
    def target(self) -> str:
        """What it happens to."""
        fault = self.fault
        return f"{fault.preset} on {fault.on or 'what it is on'} of account {fault.account}"

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"Meta: {self.fault}, for {self.for_s:.1f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDead(Lasting):
    """
    An account's token is no good any more; when it is over, the owner connects it again.

    `preset` is how the simulator says so.
    """

    account: int
    preset: str

    @property
    def target(self) -> str:
        """What it happens to."""
        return f"the token of account {self.account}"

    def __str__(self) -> str:
        """Say it in a few words."""
        what = f"the token of account {self.account} dies ({self.preset})"
        return f"{what}; a new one comes {self.for_s:.1f} s later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poisoned(Lasting):
    """A message that no contract describes is put on a queue."""

    queue: str

    @property
    def target(self) -> str:
        """What it happens to."""
        return f"the messages of {self.queue}"

    @property
    def body(self) -> str:
        """The message: one of a kind."""
        return f'{{"kind": "poison.v{round(self.at_s * 1000)}"}}'

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"poison on {self.queue}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CareDue(Lasting):
    """The moment of everything the caretaker does daily has come, for every account at once."""

    target: ClassVar[str] = "the caretaker's jobs"

    def __str__(self) -> str:
        """Say it in a few words."""
        return "all of the caretaker's jobs are due"


Fault: TypeAlias = (
    Killed | Paused | Down | Emptied | QueuesFail | MetaFails | TokenDead | Poisoned | CareDue
)
