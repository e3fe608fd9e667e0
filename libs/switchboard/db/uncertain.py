"""
Uncertain deliveries as the reconciler looks for them.

Whoever takes a look at one has it until the look's lease is over; then another may, and only the
latest look decides (`Doubt.look`). Whatever moves the row meanwhile, a late answer of its sender or
a person's decision, goes before: what is concluded here is taken only while the row is as uncertain
as it was when it was looked at. Each look is kept, with what came of it, in the statement that acts
on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from switchboard.contracts import CommentId, MessageId, PersonId
from switchboard.db.chains import CANCEL, RELEASE, Due, read_due
from switchboard.db.deliveries import AS_CLAIMED, Claimed, Sent, read_claimed
from switchboard.db.pool import Queryable, Row
from switchboard.rules.decision import DeliveryKind

UNRESOLVED: Final = "unresolved"  # the alert's kind is `unresolved_delivery`
ALERT: Final = "unresolved_delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """
    An uncertain delivery that is ours to look for, as of `taken_at`, the database's clock.

    Its attempt began at `attempted_at` at the earliest and was over, on our side, at `over_at`.
    `absent_at` is when a look began that saw all there was and did not find it, if one did.
    `reason` is why it is uncertain, or `unresolved`: a person has been asked.
    """

    delivery: Claimed
    account_username: str
    reason: str | None
    moves: int
    look: int
    attempted_at: datetime
    over_at: datetime
    doubted_at: datetime
    absent_at: datetime | None
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """
    Something the account said, as its webhooks told.

    `at` is `None` for a comment: Meta says when it told of one, not when it was written.
    """

    source: Literal["echo", "comment"]
    message_id: MessageId
    recipient_id: PersonId | None
    text: str | None
    attached: tuple[str, ...]
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Another delivery without an answer; its attempt may be under way still (`over_at`)."""

    kind: DeliveryKind
    content: Mapping[str, Any]
    attempted_at: datetime
    over_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Which messages are known to be deliveries', and which others are unanswered."""

    taken: frozenset[str]
    rivals: tuple[Unanswered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is kept of a look; `seen` counts what the account said that nobody else had said."""

    asked: Literal["ledger", "conversation", "conversations", "replies"]
    outcome: Literal["found", "absent", "unclear", "failed"]
    because: str
    seen: int = 0


async def take(db: Queryable, *, limit: int, each: int, lease: timedelta) -> Sequence[Doubt]:
    """
    Return up to `limit` uncertain deliveries whose time to be looked for has come, and keep them.

    At most `each` of one account, and accounts in turn: a thousand of one hold up nobody else's.
    They come an account at a time, the longest due first.
    """
    return [_doubt(row) for row in await db.fetch(_TAKE, limit, each, lease)]


async def own_words(db: Queryable, doubt: Doubt) -> Sequence[Word]:
    """Return what the account said since the attempt to the delivery's person, or there."""
    rows = await db.fetch("select * from private.own_words($1)", doubt.delivery.id)
    return [_word(row) for row in rows]


async def parent_comment(db: Queryable, doubt: Doubt) -> CommentId | None:
    """Return the comment that the delivery's own comment answers, if it does."""
    row = await db.fetchrow("select private.parent_comment($1) as id", doubt.delivery.id)
    return None if row is None or row["id"] is None else CommentId(row["id"])


async def standing(db: Queryable, doubt: Doubt, messages: Sequence[str]) -> Standing:
    """Return what is known of `messages`, and of deliveries that could be taken for this one."""
    taken = await db.fetch(_TAKEN, doubt.delivery.account, list(messages)) if messages else []
    rivals = await db.fetch(_STANDING, doubt.delivery.id)
    return Standing(
        frozenset(row["message_id"] for row in taken),
        tuple(Unanswered(**{name: row[name] for name in Unanswered.__slots__}) for row in rivals),
    )


async def resolve_sent(
    db: Queryable,
    doubt: Doubt,
    note: Note,
    *,
    message_id: MessageId,
    recipient_id: PersonId | None,
    sent_at: datetime | None,
    skew: timedelta,
) -> Sent | None:
    """
    Record that it was sent, and is `message_id`; what waited for it is `due`.

    `None`: it is decided already, or the message is another delivery's, or may become one's whose
    call was under way when it was made (at `sent_at`, or nobody knows when).
    """
    rows = await db.fetch(_SENT, *_look(doubt, note), message_id, recipient_id, sent_at, skew)
    return Sent(tuple(read_due([row for row in rows if row["due"]]))) if rows else None


async def send_again(db: Queryable, doubt: Doubt, note: Note) -> Due | None:
    """Record that it was not sent and is to be: it is ready, and nobody has been told so yet."""
    rows = await db.fetch(_AGAIN, *_look(doubt, note))
    return read_due(rows)[0] if rows else None


async def resolve_not_sent(
    db: Queryable, doubt: Doubt, note: Note, state: Literal["expired", "refused"]
) -> bool:
    """Record that it was not sent and never will be; `note.because` is why."""
    return await db.fetchrow(_NEVER, *_look(doubt, note), state) is not None


async def look_again(
    db: Queryable,
    doubt: Doubt,
    note: Note,
    *,
    after: timedelta | None,
    absent_at: datetime | None,
    unresolved: bool = False,
) -> bool:
    """
    Record that nothing is decided, and look again `after` that time, or no more by itself.

    `unresolved`: a person has been asked, and it is never sent again without them.
    """
    reason = UNRESOLVED if unresolved else None
    row = await db.fetchrow(_LATER, *_look(doubt, note), after, absent_at, reason)
    return row is not None


async def settle_alerts(db: Queryable) -> int:
    """Resolve the alerts of deliveries that are uncertain no more; return how many."""
    return len(await db.fetch(_SETTLE_ALERTS, ALERT))


def _look(doubt: Doubt, note: Note) -> tuple[object, ...]:
    return (
        doubt.delivery.id,
        doubt.moves,
        doubt.look,
        note.asked,
        note.outcome,
        note.because,
        note.seen,
    )


def _doubt(row: Row) -> Doubt:
    return Doubt(delivery=read_claimed(row), **{name: row[name] for name in _DOUBT_COLUMNS})


def _word(row: Row) -> Word:
    return Word(
        source=row["source"],
        message_id=MessageId(row["message_id"]),
        recipient_id=row["recipient_id"] and PersonId(row["recipient_id"]),
        text=row["words"],
        attached=tuple(row["attached"]),
        at=row["at"] if row["source"] == "echo" else None,
    )


_DOUBT_COLUMNS = tuple(name for name in Doubt.__slots__ if name != "delivery")

_TURNS: Final = """
with turns as (
  select id, look_at, row_number() over (partition by account_id order by look_at, id) as turn
    from public.deliveries
   where state = 'uncertain' and look_at <= now()
     and kind in ('message', 'private_reply', 'public_reply')
), due as (
  select delivery.id
    from public.deliveries delivery
    join turns on turns.id = delivery.id
   where delivery.state = 'uncertain' and delivery.look_at <= now() and turns.turn <= $2
   order by turns.turn, turns.look_at, delivery.id
   limit $1
     for update of delivery skip locked
), delivery as (
  update public.deliveries one
     set look_at = now() + $3::interval, looks = looks + 1
    from due
   where one.id = due.id
  returning one.id, one.event_id, one.kind, one.content, one.person_id, one.comment_id,
            one.deadline, one.attempts, one.trace_id, one.campaign_id, one.campaign_version,
            one.step, one.workspace_id, one.account_id, one.lane, one.reason, one.moves, one.looks,
            one.attempted_at, one.published_at, one.attempt_over_at, one.doubted_at, one.absent_at,
            one.created_at
)
select account.username as account_username, delivery.reason, delivery.moves,
       delivery.looks as look, now() as taken_at,
       coalesce(delivery.attempted_at, delivery.published_at, delivery.attempt_over_at)
         as attempted_at,
       delivery.attempt_over_at as over_at, delivery.doubted_at, delivery.absent_at,"""
_IN_TURN: Final = """
 order by delivery.account_id, delivery.doubted_at, delivery.id
"""
_TAKE: Final = _TURNS + AS_CLAIMED + _IN_TURN

_TAKEN: Final = """
select message_id
  from public.deliveries
 where account_id = $1 and message_id = any ($2::text[])
"""

# Unanswered deliveries that what was said could be, as well as the one in doubt (`sought`). Of a
# public reply these are also those of the same words elsewhere: what answers a comment that is an
# answer itself stands under a third one.
_RIVALS: Final = """
         from public.deliveries rival
        where rival.account_id = sought.account_id
          and rival.id <> sought.id
          and rival.state in ('sending', 'uncertain')
          and rival.message_id is null
          and case when sought.kind = 'public_reply'
                then rival.kind = 'public_reply'
                     and (rival.comment_id = sought.comment_id
                          or rival.content -> 'text' = sought.content -> 'text')
                else rival.kind in ('message', 'private_reply')
                     and (rival.person_id = sought.person_id
                          or rival.person_id is null or sought.person_id is null)
              end"""

_OF_THIS: Final = """
select one.*
  from public.deliveries sought
 cross join lateral (
       select rival.kind, rival.content,
              coalesce(rival.attempted_at, rival.published_at, rival.not_before) as attempted_at,
              case rival.state when 'uncertain' then rival.attempt_over_at end as over_at"""
_BY_ID: Final = """
      ) one
 where sought.id = $1
"""
_STANDING: Final = _OF_THIS + _RIVALS + _BY_ID

_STILL: Final = """
   where sought.id = $1 and sought.state = 'uncertain'
     and sought.moves = $2 and sought.looks = $3"""
_NOTED: Final = """
  returning sought.id, sought.workspace_id, sought.account_id, sought.trace_id, sought.message_id
), noted as (
  insert into public.delivery_looks (
    delivery_id, number, workspace_id, asked, outcome, because, seen, message_id)
  select id, $3, workspace_id, $4, $5, $6, $7, message_id from ended
)"""
_TELL: Final = """
select id from ended
"""

_SEND: Final = """
with ended as (
  update public.deliveries sought
     set state = 'sent', moved_by = 'reconciler', reason = $6, lease_until = null,
         sent_at = least(coalesce($10::timestamptz, now()), now()),
         message_id = $8, recipient_id = $9"""
# A call that began after the message was made is not that message's.
_IF_NOBODYS: Final = """
     and not exists (
       select from public.deliveries other
        where other.account_id = sought.account_id and other.message_id = $8)
     and not exists (
       select"""
_AND_UNDER_WAY: Final = """
          and rival.state = 'sending'
          and ($10::timestamptz is null
               or rival.attempted_at <= $10::timestamptz + $11::interval))"""
_TELL_DUE: Final = """
select id, null as instagram_id, null as trace_id, false as due from ended
 union all
select id, instagram_id, trace_id, true from released where state = 'ready'
"""
_SENT: Final = (
    _SEND + _STILL + _IF_NOBODYS + _RIVALS + _AND_UNDER_WAY + _NOTED + RELEASE + _TELL_DUE
)

_READY: Final = """
with ended as (
  update public.deliveries sought
     set state = 'ready', moved_by = 'reconciler', reason = $6, published_at = now(),
         lease_owner = null, lease_until = null"""
_TELL_READY: Final = """
select ended.id, ended.trace_id, account.instagram_id
  from ended
  join public.instagram_accounts account on account.id = ended.account_id
"""
_AGAIN: Final = _READY + _STILL + _NOTED + _TELL_READY

_END: Final = """
with ended as (
  update public.deliveries sought
     set state = $8, moved_by = 'reconciler', reason = $6, lease_until = null"""
_TELL_NEVER: Final = """
select ended.id from ended, cancelled
"""
_NEVER: Final = _END + _STILL + _NOTED + CANCEL + _TELL_NEVER

_PUT_OFF: Final = """
with ended as (
  update public.deliveries sought
     set look_at = now() + $8::interval,
         absent_at = $9::timestamptz,
         reason = coalesce($10::text, sought.reason)"""
_LATER: Final = _PUT_OFF + _STILL + _NOTED + _TELL

_SETTLE_ALERTS: Final = """
update public.alerts
   set resolved_at = now()
  from public.deliveries delivery
 where alerts.kind = $1 and alerts.resolved_at is null
   and delivery.id::text = alerts.subject and delivery.state <> 'uncertain'
returning alerts.id
"""
