"""
Walking a campaign's flow as it would run, along every way a person can take through it.

    start ─▶ step ─▶ step ─▶ waits for a tap
                                 each button ─▶ step ─▶ ...      (24 hours from the tap)

A way ends where the flow waits for a tap, and each button begins another: always with a fresh
window, so each step is begun from at most once and loops end. What cannot be sent is told, and the
walk goes on as if it had been, so that one mistake does not hide the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from switchboard.rules.campaigns import (
    Ask,
    CampaignDefinition,
    Content,
    FollowGate,
    FollowUp,
    Handover,
    Message,
    PrivateReply,
    PublicReply,
    Step,
    Tag,
    Wait,
    Webhook,
)
from switchboard.rules.linter.findings import Code, Finding, finding
from switchboard.rules.linter.windows import COMMENT, TAPPED, Commented, Open, Standing, later

Sending = PrivateReply | Message | FollowUp


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk met: findings, the steps it came by, those that were said and those done."""

    findings: tuple[Finding, ...]
    reached: frozenset[int]
    said: frozenset[int]
    done: frozenset[int]


def walk(
    definition: CampaignDefinition, start: Standing, *, delay: timedelta = timedelta()
) -> Walked:
    """
    Walk all ways through `definition` that begin at its first step, standing at `start`.

    `delay` is the longest that what is said may be put off by.
    """
    walking = _Walking(definition, replace(TAPPED, delay=delay))
    walking.all_ways_from(start)
    return walking.walked()


def waits_everywhere(step: Step) -> bool:
    """Whether the flow stops behind `step` for a tap, whichever variant was sent."""
    contents = contents_of(step)
    return bool(contents) and all(content.waits for content in contents)


def contents_of(step: Step) -> tuple[Content, ...]:
    """Return what a private reply, a message, a question or a follow-up may say."""
    variants = step.variants if isinstance(step, Sending | Ask) else ()
    return tuple(variants)


class _Walking:
    """One walk. What it notes is its own."""

    def __init__(self, definition: CampaignDefinition, tapped: Open) -> None:
        self._steps = definition.steps
        self._tapped = tapped
        self._places = definition.places
        self._either = definition.trigger.kind in {"intent", "unrecognised"}
        self._found: dict[tuple[Code, str], Finding] = {}
        self._reached: set[int] = set()
        self._said: set[int] = set()
        self._done: set[int] = set()
        self._led_to: set[int] = set()

    def all_ways_from(self, start: Standing) -> None:
        self._from(0, start)
        begun: set[int] = set()
        while ways := self._led_to - begun:
            begun |= ways
            for position in sorted(ways):
                self._from(position, self._tapped)

    def walked(self) -> Walked:
        return Walked(
            tuple(self._found.values()),
            frozenset(self._reached),
            frozenset(self._said),
            frozenset(self._done),
        )

    def _from(self, position: int, standing: Standing) -> None:
        now: Standing | None = standing
        while now is not None and position < len(self._steps):
            self._reached.add(position)
            now = self._do(position, self._steps[position], now)
            position += 1

    def _do(  # noqa: PLR0911  one line for each kind
        self, position: int, step: Step, now: Standing
    ) -> Standing | None:
        """Return where the flow stands behind the step, or `None` where it stops."""
        match step:
            case PublicReply():
                return self._reply_in_public(position, now)
            case PrivateReply():
                return self._reply_in_private(position, step, now)
            case Message():
                return self._write(position, step, now)
            case Ask():
                return self._ask(position, now)
            case FollowGate():
                return self._pass_gate(position, now)
            case Wait():
                return later(now, step.duration, position)
            case FollowUp():
                return self._follow_up(position, step, now)
            case Tag() | Webhook():
                self._done.add(position)
                return now
            case Handover():
                self._done.add(position)
                return None

    def _reply_in_public(self, position: int, now: Standing) -> Standing:
        if isinstance(now, Open):
            if not self._is_meant_for_others(now):
                self._tell(Code.PUBLIC_REPLY_WITHOUT_COMMENT, position)
        elif now.live:
            self._tell(Code.PUBLIC_REPLY_ON_LIVE, position)
        elif now.waited + now.opening >= COMMENT:
            self._tell(Code.PUBLIC_REPLY_TOO_LATE, position)
        else:
            self._said.add(position)
        return now

    def _reply_in_private(
        self, position: int, step: PrivateReply, now: Standing
    ) -> Standing | None:
        if isinstance(now, Open):
            if not self._is_meant_for_others(now):
                self._tell(Code.PRIVATE_REPLY_WITHOUT_COMMENT, position)
            return now
        self._look_at(position, step)
        if not self._use_private_reply(position, now):
            return now
        self._offer(step)
        if not waits_everywhere(step):
            return replace(now, replied=True)
        for behind in self._follow_ups_behind(position):
            self._reached.add(behind)
            self._tell(Code.FOLLOW_UP_WITHOUT_WINDOW, behind)
        return None

    def _look_at(self, position: int, step: PrivateReply) -> None:
        """Tell what a private reply cannot have, or show."""
        for number, content in enumerate(step.variants):
            path = f"variants.{number}"
            if content.media is not None:
                self._tell(Code.MEDIA_IN_PRIVATE_REPLY, position, f"{path}.media")
            if content.quick_replies:
                self._tell(Code.QUICK_REPLIES_IN_FIRST_DM, position, f"{path}.quick_replies")

    def _use_private_reply(self, position: int, now: Commented) -> bool:
        """Use up the comment's one private reply; false if it is used up already."""
        if now.replied:
            self._tell(Code.SECOND_PRIVATE_REPLY, position)
            return False
        if self._is_in_time(now):
            self._said.add(position)
        return True

    def _write(self, position: int, step: Message, now: Standing) -> Standing | None:
        if isinstance(now, Commented):
            if not self._either:
                self._tell(Code.MESSAGE_WITHOUT_WINDOW, position)
            return now
        now = self._say(position, now)
        self._offer(step)
        is_followed_up = any(self._follow_ups_behind(position))
        return None if waits_everywhere(step) and not is_followed_up else now

    def _ask(self, position: int, now: Standing) -> Standing:
        if isinstance(now, Commented):
            self._use_private_reply(position, now)
            return self._tapped
        return replace(self._tapped, jumped=self._say(position, now).jumped)

    def _pass_gate(self, position: int, now: Standing) -> Standing:
        if isinstance(now, Commented):
            self._tell(Code.GATE_WITHOUT_CONSENT, position)
            return self._tapped
        return self._say(position, now)

    def _follow_up(self, position: int, step: FollowUp, now: Standing) -> Standing | None:
        head = self._followed_up_by(position)
        is_private = isinstance(self._steps[head], PrivateReply)
        if isinstance(now, Commented):
            if is_private or not self._either:
                self._tell(Code.FOLLOW_UP_WITHOUT_WINDOW, position)
            return now
        if is_private and self._is_meant_for_others(now):
            return now
        standing = self._say(position, later(now, step.after, position))
        self._offer(step)
        is_followed_up = any(self._follow_ups_behind(position))
        stops = waits_everywhere(step) or waits_everywhere(self._steps[head])
        return None if stops and not is_followed_up else standing

    def _say(self, position: int, now: Open) -> Open:
        """Send within the window, and tell if there may be none, or none any more."""
        if not now.certain:
            self._tell(Code.REFERRAL_MAY_OPEN_NO_WINDOW, position)
        if self._is_in_time(now):
            self._said.add(position)
        return replace(now, certain=True)

    def _is_in_time(self, now: Standing) -> bool:
        if now.spent_at is not None:
            is_wait = isinstance(self._steps[now.spent_at], Wait)
            late = Code.WAIT_OUTLIVES_WINDOW if is_wait else Code.FOLLOW_UP_OUTLIVES_WINDOW
            late = Code.WAIT_OUTLIVES_COMMENT if isinstance(now, Commented) else late
            self._tell(late, now.spent_at, "duration" if is_wait else "after")
            return False
        if now.waited + now.opening >= now.limit:
            self._add(finding(Code.HOURS_OUTLIVE_WINDOW, "conditions.hours"))
            return False
        if isinstance(now, Commented) and now.live and now.waited + now.opening > timedelta():
            where = f"steps.{now.waited_at}.duration" if now.waited_at is not None else None
            self._add(finding(Code.WAIT_ON_LIVE, where or "conditions.hours"))
        return True

    def _is_meant_for_others(self, now: Open) -> bool:
        """Whether the flow began with a message, and the step answers those who commented."""
        return self._either and not now.jumped

    def _offer(self, step: Sending) -> None:
        """Note where the buttons and chips of `step` lead."""
        for content in step.variants:
            for one in (*content.buttons, *content.quick_replies):
                if one.kind == "step":
                    self._led_to.add(self._places[one.step])

    def _follow_ups_behind(self, position: int) -> Iterator[int]:
        position += 1
        while position < len(self._steps) and isinstance(self._steps[position], FollowUp):
            yield position
            position += 1

    def _followed_up_by(self, position: int) -> int:
        while isinstance(self._steps[position], FollowUp):
            position -= 1
        return position

    def _tell(self, code: Code, position: int, within: str | None = None) -> None:
        self._add(finding(code, f"steps.{position}" + (f".{within}" if within else "")))

    def _add(self, found: Finding) -> None:
        self._found.setdefault((found.code, found.path), found)
