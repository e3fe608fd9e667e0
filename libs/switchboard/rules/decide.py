"""
Deciding what an event gets.

    did a person say stop, or go on?      ─yes─▶ ignored: opted_out, opted_in
    did somebody type by hand?            ─yes─▶ ignored: taken_over, and silence for a while
    may it be answered at all?            ─no──▶ ignored
    does it go on with a conversation?    ─yes─▶ matched: tap, answer_given, time, clicked
    which campaign does it set off?       ─one or more─▶ the best of them: matched
    is there something to ask Meta first? ─yes─▶ asked; and decided again with the answer
    does the account have intents?        ─yes─▶ asked; and decided again with the answer
    is there a campaign for the rest?     ─yes─▶ matched: unrecognised, or any text
    otherwise                                    no_match

`setting_off` tells which campaigns an event sets off, `conversation` what belongs to one that is
going on, and `flow` runs the steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from switchboard.contracts import (
    Answer,
    AnyAnswer,
    CommentWritten,
    Event,
    InboundEvent,
    LinkClicked,
    LiveCommentWritten,
    MessageReceived,
    PersonId,
    PostbackTapped,
    QuickReplyTapped,
    Referred,
    StoryMentioned,
    StoryReplied,
)
from switchboard.contracts.events import Comment
from switchboard.rules import conditions, conversation, flow
from switchboard.rules.campaigns import (
    Campaign,
    Handover,
    IntentTrigger,
    Message,
    MessageTrigger,
    PrivateReply,
    Step,
    UnsureHandover,
    UnsureNothing,
    UnsureReply,
    WhenUnsure,
)
from switchboard.rules.contact import Contact, Origin
from switchboard.rules.conversation import Going, Talk
from switchboard.rules.decision import Because, Considered, Decision, Failed
from switchboard.rules.drafts import MARGIN, WINDOW, Maker, comment_deadline, window_until
from switchboard.rules.flow import Ran, Start
from switchboard.rules.learnt import Learnt
from switchboard.rules.proof import Proof
from switchboard.rules.rulebook import RuleBook
from switchboard.rules.setting_off import (
    Asked,
    Case,
    Tried,
    best,
    tried,
    tried_by_intent,
    tried_unrecognised,
    tried_unsure,
)
from switchboard.rules.silence import Hearing, silence
from switchboard.rules.text import normalise

__all__ = ["WINDOW", "Contact", "decide", "opens_window_until"]

Starting = (
    CommentWritten
    | LiveCommentWritten
    | MessageReceived
    | StoryReplied
    | StoryMentioned
    | PostbackTapped
    | QuickReplyTapped
    | Referred
)
# What stands before the names of steps that are taken where an intent is only guessed.
UNSURE: Final = "unsure."
# Of whose texts the classifier is asked.
Askable = CommentWritten | LiveCommentWritten | MessageReceived | StoryReplied


def decide(
    event: InboundEvent,
    rules: RuleBook,
    contact: Contact,
    now: datetime,
    answer: AnyAnswer | Origin | None = None,
) -> Decision:
    """
    Return what `event` gets under `rules`, and why.

    `contact` is the person as they are known; `answer` is what was learnt about this event, if
    something was asked: of the classifier, of Meta, or of our own deliveries. Pure: the same
    arguments give the same decision, to the byte.
    """
    return _Deciding(event, rules, contact, now, answer).decision()


def opens_window_until(event: Event) -> datetime | None:
    """
    Return until when `event` lets the account write to the person, if it does.

    A message or a tap does. A comment, a reaction, a read receipt, an edit or an echo does not.
    Source: Meta, "Messaging API" and "Private replies"; what is undocumented counts as not.
    """
    return event.began_at + WINDOW if event.opens_window else None


class _Deciding:
    """One decision in the making."""

    def __init__(
        self,
        event: InboundEvent,
        rules: RuleBook,
        contact: Contact,
        now: datetime,
        answer: AnyAnswer | Origin | None,
    ) -> None:
        self._event, self._rules, self._now = event, rules, now
        self._learnt = Learnt.of(answer)
        self._before = contact
        self._contact = self._learnt.applied_to(contact)
        self._base = Decision(
            "ignored",
            "kind_is_not_answered",
            now,
            rules.version,
            contact=contact,
            answer=self._learnt.known,
            earlier=self._learnt.earlier,
        )
        if self._learnt.posts is not None:
            posts = {one.media_id: one.posted_at for one in self._learnt.posts.posts}
            self._rules = replace(rules, posts={**rules.posts, **posts})
        text = getattr(event, "text", None)
        self._text = normalise(text or "") if isinstance(text, str | None) else ""

    def decision(self) -> Decision:
        quiet = silence(self._hearing)
        if quiet is not None:
            self._contact = quiet.contact
            return self._ignored(quiet.because)
        going = conversation.going_on(self._talk)
        if going is not None:
            return self._went_on(going)
        if conversation.belongs(self._event):
            if isinstance(self._event, LinkClicked):
                return self._ignored("clicked")
            return self._no_match("flow_over")
        if not isinstance(self._event, Starting):
            return self._base
        return self._started()

    @property
    def _hearing(self) -> Hearing:
        return Hearing(
            event=self._event,
            text=self._text,
            contact=self._contact,
            settings=self._rules.settings,
            now=self._now,
            origin=self._learnt.origin,
        )

    @property
    def _talk(self) -> Talk:
        return Talk(
            event=self._event,
            person_id=self._person,
            contact=self._contact,
            rules=self._rules,
            now=self._now,
            follower=self._learnt.follower,
            origin=self._learnt.origin,
        )

    @property
    def _person(self) -> PersonId | None:
        origin = self._learnt.origin
        if isinstance(self._event, LinkClicked) and origin is not None and origin.person_id:
            return PersonId(origin.person_id)
        return self._event.person

    # A conversation that goes on

    def _went_on(self, going: Going) -> Decision:
        if going.ran.asks_follower:
            return self._ask("follower", going.campaign)
        return self._matched(going.campaign, going.because, going.ran, step=going.step)

    # Something new

    def _started(self) -> Decision:
        question = conversation.asked(self._talk)
        if question is not None:
            going = conversation.answer(self._talk, question)
            if going is not None:
                return self._went_on(going)
        all_tried = tried(self._case(_may_ask(self._learnt)))
        self._base = replace(
            self._base,
            normalised=self._text,
            considered=tuple(one.considered for one in all_tried),
            bound=tuple(dict.fromkeys(one.bound for one in all_tried if one.bound)),
        )
        fitting = [one for one in all_tried if one.fits]
        if question is not None and not any(_by_keyword(one) for one in fitting):
            return self._went_on(conversation.not_an_answer(self._talk, question))
        asked = self._ask_meta(all_tried)
        if asked is not None:
            return asked
        if fitting and not self._is_what_is_left(best(fitting)):
            return self._won(best(fitting))
        return self._by_intent_or(fitting)

    def _case(self, may_ask: frozenset[Asked]) -> Case:
        return Case(
            event=self._event,
            text=self._text,
            contact=self._contact,
            now=self._now,
            rules=self._rules,
            may_ask=may_ask,
        )

    def _ask_meta(self, all_tried: Iterable[Tried]) -> Decision | None:
        """Return the question that stands between a campaign and its being set off."""
        needing = [one for one in all_tried if one.considered.failed is None and one.needs]
        if not needing:
            return None
        first = best(needing)
        return self._ask(first.needs or "posts", first.campaign)

    def _is_what_is_left(self, winner: Tried) -> bool:
        """Whether `winner` takes any message, and so comes after intents."""
        takes_any = isinstance(winner.campaign.definition.trigger, MessageTrigger) and (
            winner.considered.proof is not None and winner.considered.proof.how == "any"
        )
        asks = bool(self._rules.intents or self._rules.unrecognised)
        return takes_any and asks and bool(self._text)

    def _by_intent_or(self, fitting: list[Tried]) -> Decision:
        """Decide by the classifier: its answer, the question to it, or what is left without it."""
        is_askable = bool(self._text) and isinstance(self._event, Askable)
        classified = self._learnt.classified
        if classified is None and is_askable and self._rules.intents:
            return replace(
                self._base, outcome="asked", because="asks_classifier", after=self._changed()
            )
        if classified is not None:
            decided = self._by_answer(classified)
            if decided is not None:
                return decided
        if is_askable:
            decided = self._by_first(tried_unrecognised(self._case(self._may_ask_follower)))
            if decided is not None:
                return decided
        if fitting:
            return self._won(best(fitting))
        if classified is not None:
            return self._no_match("no_intent_recognised")
        return self._no_match(_unmatched(self._event, self._text))

    def _by_answer(self, classified: Answer) -> Decision | None:
        """Return what the classifier's answer decides, sure or unsure; `None`: nothing."""
        decided = self._by_first(
            tried_by_intent(self._case(self._may_ask_follower), classified.intent)
        )
        if decided is not None or classified.guess is None:
            return decided
        unsure = tried_unsure(self._case(frozenset()), classified.guess)
        winner = next((one for one in unsure if one.fits), None)
        return None if winner is None else self._guessed(winner.campaign)

    @property
    def _may_ask_follower(self) -> frozenset[Asked]:
        return frozenset() if self._learnt.follower else _FOLLOWER

    def _by_first(self, all_tried: list[Tried]) -> Decision | None:
        """Return what the first of those that fit decides, in the owner's order."""
        if not all_tried:
            return None
        self._base = replace(
            self._base,
            considered=(*self._base.considered, *(one.considered for one in all_tried)),
        )
        winner = next((one for one in all_tried if one.fits), None)
        needing = next((one for one in all_tried if one.needs), None)
        if winner is not None:
            return self._won(winner)
        return self._ask("follower", needing.campaign) if needing is not None else None

    def _guessed(self, campaign: Campaign) -> Decision:
        """Do what `campaign` does where its intent is only guessed."""
        trigger = campaign.definition.trigger
        if not isinstance(trigger, IntentTrigger) or trigger.when_unsure is None:
            raise AssertionError("only such campaigns were tried")
        steps = _unsure_steps(trigger.when_unsure)
        if not steps:
            return self._no_match("no_intent_recognised")
        looked = tuple(
            replace(one, failed=None) if one.campaign_id == campaign.id else one
            for one in self._base.considered
        )
        self._base = replace(self._base, considered=looked)
        definition = campaign.definition.model_copy(update={"steps": steps})
        start = Start(
            campaign=campaign.model_copy(update={"definition": definition}),
            event=self._event,
            person_id=self._person,
            contact=self._remembering(campaign),
            now=self._now,
            base=conditions.starts_at(campaign, self._now, self._rules.settings),
            delay=self._rules.settings.delay,
            values=_values(self._event, None),
            within=UNSURE,
        )
        return self._matched(campaign, "intent_guessed", flow.run(start, 0), step=0)

    def _won(self, winner: Tried) -> Decision:
        """Run the winner's steps from the first."""
        campaign = winner.campaign
        base = conditions.starts_at(campaign, self._now, self._rules.settings)
        until = _answerable_until(self._event, self._contact)
        if base > self._now and until is not None and base + MARGIN >= until:
            self._mark(campaign, "opens_too_late")
            return self._no_match("nothing_matched")
        proof = winner.considered.proof
        start = Start(
            campaign=campaign,
            event=self._event,
            person_id=self._person,
            contact=self._remembering(campaign),
            now=self._now,
            base=base,
            delay=self._rules.settings.delay,
            follower=self._learnt.follower,
            values=_values(self._event, proof),
        )
        ran = flow.run(start, 0)
        if ran.asks_follower:
            return self._ask("follower", campaign)
        self._outrank(campaign)
        return self._matched(campaign, _by_proof(campaign, proof), ran, step=0)

    def _remembering(self, campaign: Campaign) -> Contact:
        """Return the contact with this answer remembered, if the campaign counts them."""
        once = campaign.definition.conditions.once
        if once is None:
            return self._contact
        answered = conditions.answered(
            self._contact,
            campaign.id,
            conditions.remembered_post(campaign, self._event),
            self._event.began_at,
            self._event.event_id,
        )
        return replace(self._contact, answered=answered)

    # How decisions are put together

    def _matched(self, campaign: Campaign, because: Because, ran: Ran, *, step: int) -> Decision:
        self._contact = ran.contact
        return replace(
            self._base,
            outcome="matched",
            because=because,
            normalised=self._text if getattr(self._event, "text", None) else None,
            campaign_id=campaign.id,
            campaign_version=campaign.version,
            step=step,
            stopped=ran.stopped,
            drafts=ran.drafts,
            after=self._changed(),
        )

    def _ask(self, about: Asked, campaign: Campaign) -> Decision:
        """Return that Meta is asked first; the answer brings the event back."""
        maker = Maker(
            campaign=campaign,
            event=self._event,
            person_id=self._person,
            contact=self._contact,
            base=self._now,
        )
        classified = self._learnt.classified
        earlier = None if classified is None else classified.model_dump(mode="json")
        return replace(
            self._base,
            outcome="asked",
            because="asks_follower" if about == "follower" else "asks_posts",
            drafts=(maker.lookup(about, earlier),),
            after=self._changed(),
        )

    def _ignored(self, because: Because) -> Decision:
        return replace(self._base, outcome="ignored", because=because, after=self._changed())

    def _no_match(self, because: Because) -> Decision:
        return replace(self._base, outcome="no_match", because=because, after=self._changed())

    def _changed(self) -> Contact | None:
        """Return the contact as it is from now on, if that is another."""
        if self._contact == self._before:
            return None
        return replace(self._contact, revision=self._before.revision + 1)

    def _mark(self, campaign: Campaign, failed: Failed) -> None:
        looked = tuple(
            replace(one, failed=failed) if one.campaign_id == campaign.id else one
            for one in self._base.considered
        )
        self._base = replace(self._base, considered=looked)

    def _outrank(self, winner: Campaign) -> None:
        self._base = replace(
            self._base,
            considered=tuple(_outranked(one, winner) for one in self._base.considered),
        )


_FOLLOWER: Final[frozenset[Asked]] = frozenset({"follower"})


def _may_ask(learnt: Learnt) -> frozenset[Asked]:
    """Return what Meta may still be asked for the sake of campaigns that events set off."""
    if learnt.classified is not None:
        return frozenset()
    asked = {"posts": learnt.posts, "follower": learnt.follower}
    open_questions: tuple[Asked, ...] = ("posts", "follower")
    return frozenset(one for one in open_questions if asked[one] is None)


def _answerable_until(event: InboundEvent, contact: Contact) -> datetime | None:
    if isinstance(event, Comment):
        return comment_deadline(event)
    return window_until(event, contact)


def _by_keyword(one: Tried) -> bool:
    proof = one.considered.proof
    return proof is not None and proof.how != "any"


def _values(event: InboundEvent, proof: Proof | None) -> dict[str, str]:
    """Return the variables that deciding knows."""
    username = getattr(event, "author_username", None)
    values = {"keyword": proof.keyword if proof else "", "username": username or ""}
    return {name: value for name, value in values.items() if value}


def _unsure_steps(when_unsure: WhenUnsure) -> tuple[Step, ...]:
    match when_unsure:
        case UnsureReply(variants=variants):
            return PrivateReply(variants=variants), Message(variants=variants)
        case UnsureHandover(pause=pause):
            return (Handover(pause=pause),)
        case UnsureNothing():
            return ()


def _by_proof(campaign: Campaign, proof: Proof | None) -> Because:
    if proof is None:
        by_intent = isinstance(campaign.definition.trigger, IntentTrigger)
        return "intent" if by_intent else "unrecognised"
    match campaign.definition.trigger.kind:
        case "postback" | "quick_reply":
            return "payload"
        case "referral":
            return "referral"
        case _:
            return "any_text" if proof.how == "any" else "keyword"


def _unmatched(event: InboundEvent, text: str) -> Because:
    if not hasattr(event, "text"):
        return "nothing_matched"
    return "no_keyword_matched" if text else "no_text"


def _outranked(one: Considered, winner: Campaign) -> Considered:
    if one.failed is not None or one.campaign_id == winner.id:
        return one
    return replace(one, failed="outranked")
