"""
Under which posts comments are waited for, how far back they are read, and how often. Pure.

*Known ground.* A post that was read down to known ground, and whose missing comments were
published, is known up to that moment; the next reading ends there. One comment that is in the
ledger would not do: of ten that Meta did not tell of, others lie below it. A comment that Meta held
back and shows later, with the time it was written, lies below the ground; `coverage` reads it all
and finds it. So does what answers a comment that itself is too old to be answered: pages are sorted
by their comments, and answers stand on the page of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from switchboard.contracts import MediaId
from switchboard.db.care import Heard, Target
from switchboard.db.coverage import Ground
from switchboard.db.readings import Reading
from switchboard.graph import Media

# Meta: a private reply may be sent within seven days of the comment. Older ones are past answering.
ANSWERABLE: Final = timedelta(days=7)
# Meta's times are whole seconds of another clock than ours.
OVERLAP: Final = timedelta(minutes=5)

# An account of which so much came within a day is seldom silent for an hour.
_LIVELY: Final = 24
_SILENT: Final = timedelta(hours=1)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_ANY_COMMENT: Final = frozenset({"intent", "unrecognised"})


@dataclass(frozen=True, slots=True)
class Watched:
    """The posts that campaigns wait for comments under: `every` one, or those that are named."""

    every: bool
    named: frozenset[MediaId]

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return self.every or bool(self.named)

    def has(self, media_id: MediaId) -> bool:
        """Return whether a post is one of them."""
        return self.every or media_id in self.named


@dataclass(frozen=True, slots=True)
class Post:
    """A post to be read, and Meta's count of its comments, if it told."""

    media_id: MediaId
    told: int | None


def watched(targets: Iterable[Target]) -> Watched:
    """Return what live campaigns wait for, as far as this release can read them."""
    every, named = False, set[MediaId]()
    for target in targets:
        kind, posts = target.trigger.get("kind"), target.trigger.get("media_ids")
        if kind in _ANY_COMMENT:
            every = True
        elif kind != "comment":
            continue
        elif isinstance(posts, list):
            named |= {MediaId(str(one)) for one in posts}
        elif target.trigger.get("next_post"):
            named |= {MediaId(target.next_media_id)} if target.next_media_id else set()
        else:
            every = True
    return Watched(every, frozenset(named))


def to_read(
    posts: Watched,
    listed: Sequence[Media],
    grounds: Mapping[MediaId, Ground],
    unfinished: Mapping[MediaId, Reading],
) -> list[Post]:
    """
    Return the posts whose comments may have changed since they were last read, or are being read.

    `listed` are the account's latest posts as Meta lists them, with their counts: one call tells of
    a hundred posts where nothing happened. A post that is named but not listed is read each time.

    The one that was longest not read comes first: a post with tens of thousands of comments takes
    all the calls there are, and must not take them from the others each time. Meta's count of one
    that is being read is not given, since it counts what came after that had begun.
    """
    changed = [
        Post(one.media_id, one.comments)
        for one in listed
        if posts.has(one.media_id)
        and one.media_id not in unfinished
        and _may_have_changed(one, grounds)
    ]
    unlisted = posts.named - {one.media_id for one in listed}
    others = [Post(media_id, None) for media_id in sorted(unlisted | unfinished.keys())]
    return sorted([*changed, *others], key=lambda one: _read_at(one, grounds, unfinished))


def to_count(
    posts: Watched, listed: Sequence[Media], grounds: Mapping[MediaId, Ground], *, latest: int
) -> list[Post]:
    """
    Return the posts whose comments are to be counted: the `latest` that are listed, what is named,
    and of the others those of which Meta counts another number than before.
    """
    newest = to_read(posts, listed[:latest], {}, {})
    others = {
        one.media_id: Post(one.media_id, one.comments)
        for one in listed[latest:]
        if posts.has(one.media_id)
    }
    moved = changed(listed[latest:], grounds) & others.keys()
    known = [others.pop(one.media_id, one) for one in newest]
    return [*known, *(one for media_id, one in others.items() if media_id in moved)]


def changed(listed: Iterable[Media], grounds: Mapping[MediaId, Ground]) -> frozenset[MediaId]:
    """Return the posts of which Meta counts another number than when they were last counted."""
    before = {media_id: known.counted_told for media_id, known in grounds.items()}
    return frozenset(
        one.media_id
        for one in listed
        if one.comments is not None and before.get(one.media_id) not in {None, one.comments}
    )


def to_the_end(
    posts: Iterable[Post], grounds: Mapping[MediaId, Ground], *, most: int
) -> frozenset[MediaId]:
    """
    Return the posts that are to be read to their oldest comment, of `most` comments in all.

    Those of which Meta counts another number than when they were last counted: somebody may have
    answered an old comment. The smallest come first, so that they are many.
    """
    before = {media_id: known.counted_told for media_id, known in grounds.items()}
    chosen = set[MediaId]()
    for told, media_id in sorted((one.told or 0, one.media_id) for one in posts):
        if not told or before.get(media_id) in {None, told}:
            continue
        if told > most:
            break
        chosen.add(media_id)
        most -= told
    return frozenset(chosen)


def _read_at(
    post: Post, grounds: Mapping[MediaId, Ground], unfinished: Mapping[MediaId, Reading]
) -> datetime:
    """Return when anything of the post was last read; one that never was, was long ago."""
    known, reading = grounds.get(post.media_id), unfinished.get(post.media_id)
    read_at = reading.read_at if reading else known and known.grounded_at
    return read_at or _NEVER


def _may_have_changed(one: Media, grounds: Mapping[MediaId, Ground]) -> bool:
    known = grounds.get(one.media_id)
    if known is None or known.grounded_at is None:
        return one.comments != 0
    return one.comments is None or one.comments != known.told


def floor_of(ground: Ground | None, now: datetime) -> datetime:
    """Return how far back a post is read: to known ground, or as far as can be answered."""
    oldest = now - ANSWERABLE
    if ground is None or ground.grounded_at is None:
        return oldest
    return max(oldest, ground.grounded_at - OVERLAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often an account is read: as `usual`, or `soon` while webhooks are to be doubted."""

    usual: timedelta
    soon: timedelta

    def next(
        self, *, missed: int, whole: bool, last: datetime | None, heard: Heard, now: datetime
    ) -> timedelta:
        """
        Return when to read again.

        Soon after something was `missed`; while not the `whole` was read; after we were away
        ourselves, which the `last` reading tells; and while an account is silent of which much
        comes otherwise.
        """
        away = last is not None and now - last > 3 * self.usual
        doubtful = missed > 0 or not whole or away or is_silent(heard, now)
        return self.soon if doubtful else self.usual


def is_silent(heard: Heard, now: datetime) -> bool:
    """Return whether nothing has come for longer than is to be expected."""
    if heard.last_at is None or heard.within_a_day < _LIVELY:
        return False
    return now - heard.last_at > _SILENT


def latest(grounds: Mapping[MediaId, Ground]) -> datetime | None:
    """Return when any post of the account was last read down to known ground."""
    moments = (one.grounded_at for one in grounds.values() if one.grounded_at is not None)
    return max(moments, default=None)
