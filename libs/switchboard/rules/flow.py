"""
Running a campaign's steps from one of them, as far as they go for now.

    public_reply ─▶ private_reply ─▶ (waits for a tap)
                                        tap ─▶ message ─▶ wait ─▶ (waits for time)
                                                                     time ─▶ message

Steps run until one of them waits. What waits is kept in the contact as a `Flow`, and whatever it
waits for (a tap, an answer, a timer) runs the steps again from there, of the version it began with.
After a comment no window is open: replies are all there can be, and waiting only puts them off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from switchboard.contracts import (
    CampaignId,
    CommentWritten,
    DeliveryId,
    FlowDue,
    FollowerRead,
    InboundEvent,
    PersonId,
    PostbackTapped,
    QuickReplyTapped,
)
from switchboard.contracts.events import Comment
from switchboard.rules.campaigns import (
    Ask,
    Campaign,
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
from switchboard.rules.contact import Contact, Flow
from switchboard.rules.decision import Draft, Stopped
from switchboard.rules.delays import AT_ONCE, Delay
from switchboard.rules.drafts import MARGIN, Maker, Says, comment_deadline
from switchboard.rules.payloads import ToStep, read_payload
from switchboard.rules.saying import SaidChip, SaidPostback

_MAX_FLOWS: Final = 20  # of one person at once; the oldest is given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """
    What steps are run with.

    `base` is when what they send may go at the earliest, and `delay` by how much later it goes;
    `follower` is Meta's answer about this very event, if it was asked; `values` are variables that
    deciding knows; `within` as `Maker` has it.
    """

    campaign: Campaign
    event: InboundEvent
    person_id: PersonId | None
    contact: Contact
    now: datetime
    base: datetime
    delay: Delay = AT_ONCE
    follower: FollowerRead | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    within: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """
    What running came to.

    `asks_follower`: nothing was done, for a gate needs to know first whether the person follows.
    """

    drafts: tuple[Draft, ...]
    contact: Contact
    stopped: Stopped | None
    asks_follower: bool = False


def run(start: Start, position: int) -> Ran:
    """Run the steps from `position` until one waits, or to the end."""
    return _Running(start).from_(position)


def follow_up(start: Start, position: int) -> Ran:
    """Send the follow-up at `position`, whose time has come without a tap."""
    return _Running(start).from_follow_up(position)


def tapped_past(start: Start, position: int) -> Ran:
    """Go on after a click on a link that the follow-up at `position` would have asked about."""
    return _Running(start).past_follow_ups(position)


def ask_again(start: Start, position: int, *, tries: int) -> Ran:
    """Ask the question at `position` once more: `tries` answers would not do."""
    return _Running(start).again(position, tries)


def without_flow(contact: Contact, campaign_id: CampaignId) -> Contact:
    """Return `contact` with no flow in that campaign."""
    kept = tuple(flow for flow in contact.flows if flow.campaign_id != campaign_id)
    return replace(contact, flows=kept) if kept != contact.flows else contact


def wanted_versions(event: InboundEvent, contact: Contact) -> set[tuple[CampaignId, int]]:
    """Return the published versions that deciding `event` may need, live or not."""
    wanted = {(flow.campaign_id, flow.version) for flow in contact.flows}
    if isinstance(event, FlowDue):
        wanted.add((event.campaign_id, event.campaign_version))
    if isinstance(event, PostbackTapped | QuickReplyTapped):
        leads = read_payload(event.payload)
        if isinstance(leads, ToStep):
            wanted.add((leads.campaign_id, leads.version))
    return wanted


def fits(step: Step, event: InboundEvent) -> bool:
    """Tell whether `step` says something to who did `event`: replies under a comment, or not."""
    if isinstance(step, Ask | Handover | Webhook):
        return True
    if isinstance(step, PublicReply):
        return isinstance(event, CommentWritten)
    if isinstance(step, PrivateReply):
        return isinstance(event, Comment)
    return isinstance(step, Message | FollowGate) and not isinstance(event, Comment)


class _NeedsToKnow(Exception):  # noqa: N818  not an error: the steps stop to ask
    """A gate was reached, and nobody has asked yet whether the person follows."""


class _Running:
    """One run. What it changes is its own; it is over when a method returns."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._steps = start.campaign.definition.steps
        self._contact = without_flow(start.contact, start.campaign.id)
        self._drafts: list[Draft] = []
        self._last: DeliveryId | None = None
        self._maker = _maker(start)
        self._replied = False
        self._stopped: Stopped | None = None

    def from_(self, position: int) -> Ran:
        try:
            while position < len(self._steps) and self._stopped is None:
                self._do(position, self._steps[position])
                position += 1
        except _NeedsToKnow:
            return Ran((), self._start.contact, None, asks_follower=True)
        return self._ran()

    def from_follow_up(self, position: int) -> Ran:
        step = self._steps[position]
        if not isinstance(step, FollowUp):
            raise TypeError(f"step {position} is no follow-up")
        content = self._variant(str(position), step.variants)
        if not self._say(str(position), Says(content)):
            return self._ran()
        if self._is_follow_up(position + 1):
            self._await_tap(position)
        elif content.waits or self._leads_further(position):
            self._keep(position, "tap", "waits_for_tap")
        if self._stopped is not None:
            return self._ran()
        return self.from_(position + 1)

    def past_follow_ups(self, position: int) -> Ran:
        if self._leads_further(position):
            self._keep(position, "tap", "waits_for_tap")  # the button may still be tapped
            return self._ran()
        while self._is_follow_up(position):
            position += 1
        return self.from_(position)

    def again(self, position: int, tries: int) -> Ran:
        step = self._steps[position]
        if not isinstance(step, Ask):
            raise TypeError(f"step {position} asks nothing")
        name = f"{position}.retry"
        chosen = step.retry[self._maker.id(name).int % len(step.retry)]
        if self._say(name, Says(Content(text=chosen), chips=self._chips(position, step))):
            self._keep(position, "answer", "waits_for_answer", tries=tries)
        return self._ran()

    @property
    def _said_at(self) -> datetime:
        """When the last of what is said goes: what waits after it waits from then on."""
        said = (draft.not_before for draft in self._drafts if draft.kind == "message")
        return max(said, default=self._maker.base)

    def _do(self, position: int, step: Step) -> None:  # noqa: C901, PLR0912  a table
        match step:
            case PublicReply():
                self._reply_publicly(str(position), step)
            case PrivateReply():
                if self._after_comment and not self._replied:
                    self._send(position, self._variant(str(position), step.variants))
            case Message():
                if not self._after_comment:
                    self._send(position, self._variant(str(position), step.variants))
            case Ask():
                self._ask(position, step)
            case FollowGate():
                self._pass_gate(position, step)
            case Wait():
                self._wait(position, step)
            case FollowUp():
                if not self._after_comment:
                    self._await_tap(position - 1)
            case Tag():
                tags = (set(self._contact.tags) | set(step.add)) - set(step.remove)
                self._contact = replace(self._contact, tags=tuple(sorted(tags)))
            case Handover():
                self._hand_over(step)
            case Webhook():
                self._tell(position, step)

    @property
    def _after_comment(self) -> bool:
        return isinstance(self._start.event, Comment)

    def _variant(self, name: str, variants: tuple[Content, ...]) -> Content:
        return variants[self._maker.id(name).int % len(variants)]

    def _reply_publicly(self, name: str, step: PublicReply) -> None:
        if isinstance(self._start.event, CommentWritten) and self._is_in_time():
            text = step.variants[self._maker.id(name).int % len(step.variants)]
            says = Says(Content.model_construct(text=text))
            self._drafts.append(self._maker.reply(name, "public_reply", says))

    def _send(self, position: int, content: Content) -> None:
        """Say it, and wait for a tap where one leads further or is followed up."""
        if not self._say(str(position), Says(content)):
            return
        if content.waits and self._is_follow_up(position + 1) and not self._after_comment:
            self._await_tap(position)
        elif content.waits:
            self._keep(position, "tap", "waits_for_tap")

    def _say(self, name: str, says: Says) -> bool:
        """Draft the comment's one private reply, or a message; false if neither is allowed."""
        if self._after_comment:
            if self._replied:
                self._stopped = "no_window"
                return False
            if not self._is_in_time():
                return False
            self._replied = True
            self._drafts.append(self._maker.reply(name, "private_reply", says))
            return True
        window = self._maker.window()
        if window is None or window <= self._maker.base:
            self._stopped = "no_window"
            return False
        draft = self._maker.message(name, says, after=self._last)
        self._drafts.append(draft)
        self._last = draft.id
        return True

    def _is_in_time(self) -> bool:
        """Whether the comment may still be answered after what was waited for; else it stops."""
        if self._maker.base + MARGIN < comment_deadline(self._start.event):
            return True
        self._stopped = "too_late"
        return False

    def _outlives(self, due: datetime) -> bool:
        """Whether the window, as far as is known, will be closed when something is due."""
        window = self._maker.window()
        return window is not None and due + MARGIN >= window

    def _ask(self, position: int, step: Ask) -> None:
        content = self._variant(str(position), step.variants)
        if self._say(str(position), Says(content, chips=self._chips(position, step, content))):
            self._keep(position, "answer", "waits_for_answer")

    def _chips(
        self, position: int, step: Ask, content: Content | None = None
    ) -> tuple[SaidChip, ...]:
        """Return the chip that offers the person's own address or number; strangers see none."""
        has_buttons = content is not None and bool(content.buttons)
        if step.what == "text" or self._after_comment or has_buttons:
            return ()
        return (SaidChip(kind=step.what, payload=str(self._to(position))),)

    def _to(self, position: int) -> ToStep:
        return ToStep(self._start.campaign.id, self._start.campaign.version, position)

    def _pass_gate(self, position: int, step: FollowGate) -> None:
        if self._after_comment:
            self._stopped = "no_window"  # and no consent to be asked about
            return
        read = self._start.follower
        if read is None:
            raise _NeedsToKnow
        passes = read.follows or (read.follows is None and step.when_unknown == "pass")
        if passes:
            return
        if read.follows is None and step.when_unknown == "stop":
            self._stopped = "gate_closed"
            return
        name = str(position)
        text = step.variants[self._maker.id(name).int % len(step.variants)]
        button = SaidPostback(title=step.button_title, payload=str(self._to(position)))
        if self._say(name, Says(Content.model_construct(text=text), buttons=(button,))):
            self._keep(position, "tap", "gate_closed")

    def _wait(self, position: int, step: Wait) -> None:
        if self._after_comment:
            # Replies are put off; there is nothing to come back to.
            self._maker = replace(self._maker, base=self._maker.base + step.duration)
            return
        due = self._said_at + step.duration
        if self._is_said_next(position) and self._outlives(due):
            self._stopped = "too_late"
            return
        timer = self._maker.timer(position, due)
        self._drafts.append(timer)
        self._keep(position, "time", "waits_for_time", timer=timer.id)

    def _is_said_next(self, position: int) -> bool:
        """Whether what stands behind the wait at `position` needs a window before anything else."""
        return isinstance(self._step_at(position + 1), Message | Ask | FollowGate)

    def _await_tap(self, position: int) -> None:
        """Wait for a tap on what stands at `position`, until the follow-up behind it is due."""
        step = self._steps[position + 1]
        if not isinstance(step, FollowUp):
            raise TypeError(f"step {position + 1} is no follow-up")
        timer = self._maker.timer(position + 1, self._said_at + step.after)
        if self._outlives(timer.not_before):
            # It is not set, and never goes off; a tap or a click still leads on from here.
            self._keep(position + 1, "tap", "follow_up_too_late", timer=timer.id)
            return
        self._drafts.append(timer)
        self._keep(position + 1, "tap", "waits_for_tap", timer=timer.id)

    def _hand_over(self, step: Handover) -> None:
        until = self._start.now + step.pause
        self._contact = replace(
            self._contact, paused_until=until, paused_by=self._start.event.event_id, flows=()
        )
        self._stopped = "handed_over"

    def _tell(self, position: int, step: Webhook) -> None:
        body = _told(self._start, self._contact, position)
        self._drafts.append(self._maker.webhook(str(position), str(step.url), body))

    def _step_at(self, position: int) -> Step | None:
        return self._steps[position] if position < len(self._steps) else None

    def _is_follow_up(self, position: int) -> bool:
        return isinstance(self._step_at(position), FollowUp)

    def _leads_further(self, position: int) -> bool:
        """Whether what the follow-up at `position` follows waits for a tap by itself."""
        while self._is_follow_up(position):
            position -= 1
        variants = getattr(self._steps[position], "variants", ())
        return any(isinstance(one, Content) and one.waits for one in variants)

    def _keep(
        self,
        position: int,
        awaits: Any,
        stopped: Stopped,
        *,
        timer: DeliveryId | None = None,
        tries: int = 0,
    ) -> None:
        """Keep where the person is, and stop."""
        flow = Flow(
            campaign_id=self._start.campaign.id,
            version=self._start.campaign.version,
            step=position,
            awaits=awaits,
            since=self._start.event.began_at,
            event_id=self._start.event.event_id,
            timer=timer,
            tries=tries,
        )
        flows = sorted((*self._contact.flows, flow), key=lambda one: (one.since, one.campaign_id))
        self._contact = replace(self._contact, flows=tuple(flows[-_MAX_FLOWS:]))
        self._stopped = stopped

    def _ran(self) -> Ran:
        return Ran(tuple(self._drafts), self._contact, self._stopped)


def _maker(start: Start) -> Maker:
    return Maker(
        campaign=start.campaign,
        event=start.event,
        person_id=start.person_id,
        contact=start.contact,
        base=start.base,
        delay=start.delay,
        values=start.values,
        within=start.within,
    )


def _told(start: Start, contact: Contact, position: int) -> dict[str, Any]:
    """Return what an outgoing webhook says; JSON values only."""
    event = start.event
    return {
        "type": "campaign.step_reached",
        "account_id": event.account_id,
        "campaign_id": str(start.campaign.id),
        "campaign_version": start.campaign.version,
        "step": position,
        "event_id": str(event.event_id),
        "event_kind": event.kind,
        "occurred_at": event.occurred_at.isoformat(),
        "person_id": start.person_id,
        "username": getattr(event, "author_username", None),
        "text": getattr(event, "text", None),
        "contact": {
            "email": contact.email,
            "phone": contact.phone,
            "fields": dict(contact.fields),
            "tags": list(contact.tags),
        },
    }
