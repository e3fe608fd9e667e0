"""One simulated Meta: its world, its clock, its books, and the courier that tells of it."""

from __future__ import annotations

import asyncio
from typing import Literal

from tools.metasim.clock import Clock
from tools.metasim.config import Config
from tools.metasim.faults import Faults
from tools.metasim.holds import Holds
from tools.metasim.ids import Mint
from tools.metasim.judgement import Judge
from tools.metasim.ledger import Ledger
from tools.metasim.limits import RollingLimits
from tools.metasim.records import Comment, Contact, Json, Message, Reply
from tools.metasim.settings import Settings
from tools.metasim.tally import Tally
from tools.metasim.timeline import Signals, Timeline
from tools.metasim.webhooks.courier import Courier
from tools.metasim.world import World

ReplyKind = Literal["private_reply", "public_reply"]


class Simulator:
    """Everything a handler works with. `reset` forgets all but the settings."""

    world: World
    ledger: Ledger
    judge: Judge
    limits: RollingLimits  # what is granted
    arrivals: RollingLimits  # what is tried, for the judgement
    tally: Tally
    faults: Faults
    holds: Holds
    config: Config

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.mint = Mint()
        self.signals = Signals()
        self.stopping = asyncio.Event()
        self.timeline = Timeline(self.signals, self.clock.now_s)
        self._begin_anew(
            Config(
                webhook_url=settings.webhook_url,
                deauthorize_url=settings.deauthorize_url,
                data_deletion_url=settings.data_deletion_url,
            )
        )
        self.courier = Courier(self)

    def reset(self) -> None:
        """Forget everything; the settings and the app's addresses stay, the numbers go on."""
        self.courier.forget()
        stay = {"webhook_url", "deauthorize_url", "data_deletion_url"}
        self._begin_anew(Config.model_validate(self.config.model_dump(include=stay)))
        self.timeline.clear()
        self.timeline.add("reset")
        self.signals.tell_all()

    def configure(self, changes: Json) -> None:
        """
        Lay `changes` over the configuration.

        Faults that are named anew count anew, from the moment the clock is then put to. What they
        restrict already stays restricted until its end.

        Raises:
            ValidationError: Something in `changes` is not as it must be; nothing is changed.
        """
        self.config = self.config.merged(changes)
        self.clock.move(self.config.clock.offset_s)
        if changes.keys() & {"faults", "seed"}:
            self.faults = self._ordered(self.config)

    def show_comment(self, comment: Comment) -> None:
        """Let a comment appear under its media."""
        self.world.add_comment(comment)
        self.timeline.add(
            "comment",
            comment_id=comment.id,
            account_id=comment.account_id,
            media_id=comment.media_id,
            username=comment.username,
            text=comment.text,
            parent_id=comment.parent_id,
            is_own=comment.is_own,
        )

    def show_message(self, contact: Contact, message: Message) -> None:
        """Let a message appear in its conversation."""
        self.world.add_message(message)
        self.timeline.add(
            "message",
            mid=message.mid,
            account_id=contact.account_id,
            username=contact.username,
            told_by="account" if message.is_from_account else "person",
            via=message.via,
            text=message.text,
            message=message.message,
            comment_id=message.comment_id,
            latency_ms=message.latency_ms,
        )
        self.signals.tell("conversation", contact.igsid)

    def show_reply(self, kind: ReplyKind, comment: Comment, reply: Reply) -> None:
        """Let a comment be answered, in private or in public."""
        replies = {
            "private_reply": comment.private_replies,
            "public_reply": comment.public_replies,
        }
        replies[kind].append(reply)
        effect = {"id": reply.id, "message": reply.message, "at_s": reply.created_at_s}
        self.ledger.replied(kind, comment.id, effect)
        self.timeline.add(
            kind,
            comment_id=comment.id,
            account_id=comment.account_id,
            username=comment.username,
            id=reply.id,
            message=reply.message,
            latency_ms=reply.latency_ms,
        )
        self.signals.tell("comment", comment.id)

    def stop(self) -> None:
        """Wake whatever waits, so that the server can close."""
        self.stopping.set()
        self.signals.close()

    def _begin_anew(self, config: Config) -> None:
        self.world, self.ledger, self.holds = World(), Ledger(), Holds()
        self.judge = Judge(self.ledger)
        self.limits, self.arrivals, self.tally = RollingLimits(), RollingLimits(), Tally()
        self.clock.move(config.clock.offset_s)
        self.config, self.faults = config, self._ordered(config)

    def _ordered(self, config: Config) -> Faults:
        return Faults(config.faults, seed=config.seed, ordered_at_s=self.clock.now_s())
