"""What was learnt about an event by asking, sorted by who said it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from switchboard.contracts import Answer, AnyAnswer, FollowerRead, PostsRead
from switchboard.rules.contact import Contact, Origin
from switchboard.rules.decision import (
    Answered,
    FollowerAnswered,
    Known,
    OriginAnswered,
    PostsAnswered,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """
    One answer, at the place of who gave it; `known` is how the decision keeps it.

    Meta may be asked after the classifier was: then `classified` is what that had said, and
    `earlier` how the decision keeps it.
    """

    classified: Answer | None = None
    follower: FollowerRead | None = None
    posts: PostsRead | None = None
    origin: Origin | None = None
    known: Known | None = None
    earlier: Answered | None = None

    @classmethod
    def of(cls, answer: AnyAnswer | Origin | None) -> Learnt:
        """Return what `answer` says; nothing, if there is none."""
        match answer:
            case Answer():
                return cls(classified=answer, known=_answered(answer))
            case FollowerRead(earlier=earlier):
                return cls(
                    follower=answer,
                    classified=earlier,
                    known=FollowerAnswered(
                        answer.follows, answer.because, answer.answered_at, answer.campaign_id
                    ),
                    earlier=None if earlier is None else _answered(earlier),
                )
            case PostsRead():
                posts = tuple((one.media_id, one.posted_at) for one in answer.posts)
                return cls(posts=answer, known=PostsAnswered(posts, answer.because))
            case Origin():
                return cls(origin=answer, known=OriginAnswered(answer))
            case _:
                return cls()

    def applied_to(self, contact: Contact) -> Contact:
        """Return `contact` with what Meta said of their following, if that is news."""
        read = self.follower
        if read is None or read.follows is None:
            return contact
        if contact.follows_at is not None and contact.follows_at >= read.answered_at:
            return contact
        return replace(contact, follows=read.follows, follows_at=read.answered_at)


def _answered(answer: Answer) -> Answered:
    """Return what the classifier said, without the event it brought back."""
    return Answered(
        intent=answer.intent,
        because=answer.because,
        by=answer.by,
        model=answer.model,
        confidence=answer.confidence,
        intents_version=answer.intents_version,
        prompt=answer.prompt,
        guess=answer.guess,
    )
