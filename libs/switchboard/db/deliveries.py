"""
Deliveries as the sender takes, sends and settles them; `pacing` has what moves them by themselves.

A sender owns a delivery from `claim` until it records what came of it, or until its lease runs out
and the delivery is `uncertain`. What it records is taken only while the delivery is still its own;
`False` (or `None`) says that it no longer was, and that what is stored stands.

What waits for a delivery learns of its end in the statement that records it: sent, and what waits
is ready, or parked until its time; anything else that is final, and it is cancelled, with all that
waits for that. An uncertain one keeps them waiting. A row that somebody else is just then ending
is left to them (`skip locked`), so that none waits for one that waits for it; what slips through is
found by `pacing.settle_waiting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from switchboard.contracts import (
    AccountId,
    CampaignId,
    CommentId,
    DeliveryId,
    EventId,
    PersonId,
    TraceId,
    WorkspaceId,
)
from switchboard.db.chains import CANCEL, RELEASE, Due, read_due
from switchboard.db.credentials import Sealed
from switchboard.db.pool import Queryable, Row
from switchboard.rules.decision import DeliveryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """
    A delivery that is ours to send, with its account and its person as they are now.

    `attempts` counts this one. `credential` is `None` if no token was ever stored. `content` is as
    `rules.decision.Draft` says, by `kind`. What is not known of the person, who may have no
    contact, is `None`; `fields` is then empty. `behind`: an earlier message to the person is still
    on its way.

    `holds` is as `db.holds` says; `proven`: Meta has taken something of the account since it was
    connected; `alerts_end`: an alert of the account is over once Meta takes something.
    """

    id: DeliveryId
    event_id: EventId
    kind: DeliveryKind
    content: Mapping[str, Any]
    person_id: PersonId | None
    comment_id: CommentId | None
    deadline: datetime
    attempts: int
    trace_id: TraceId
    campaign_id: CampaignId
    campaign_version: int
    step: str
    workspace_id: WorkspaceId
    account: UUID
    instagram_id: AccountId
    app_scoped_id: str | None
    status: Literal["connected", "reconnect_needed", "disconnected"]
    held_until: datetime | None
    hold_reason: str | None
    private_replies_per_hour: int
    sends_per_second: int
    credential: Sealed | None
    lane: Literal["usual", "live"] = "usual"
    behind: bool = False
    account_paused_until: datetime | None = None
    paused_until: datetime | None = None
    paused_by: EventId | None = None
    opted_out_at: datetime | None = None
    window_closes_at: datetime | None = None
    name: str | None = None
    username: str | None = None
    email: str | None = None
    phone: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    holds: int = 0
    proven: bool = True
    alerts_end: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery was recorded as sent; `due` are those that waited for it and are ready now."""

    due: tuple[Due, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaAnswer:
    """What Meta's answer is found by later: its error's code and subcode, and its trace."""

    code: int | None = None
    subcode: int | None = None
    fbtrace_id: str | None = None


_SAID_NOTHING = MetaAnswer()


async def claim(
    db: Queryable, delivery: DeliveryId, *, owner: str, lease_s: float
) -> Claimed | None:
    """
    Take `delivery` for `lease_s` seconds, if it is ready and due.

    `None`: it is somebody else's, settled, parked or unknown; the message that named it is done.
    """
    row = await db.fetchrow(_CLAIM, delivery, owner, lease_s)
    return None if row is None else read_claimed(row)


def read_claimed(row: Row) -> Claimed:
    """Return what `AS_CLAIMED` selects."""
    sealed = Sealed(row["key_id"], row["nonce"], row["ciphertext"]) if row["key_id"] else None
    return Claimed(credential=sealed, **{name: row[name] for name in _CLAIMED_COLUMNS})


async def private_replies_begun(
    db: Queryable, account: UUID, *, besides: DeliveryId, within: timedelta, leased: timedelta
) -> int:
    """
    Return how many private replies of `account` were told of `within` that time and begun since.

    One that is being sent counts once its lease has less than `leased` left: a younger one may
    not have taken its turn yet, and would then be counted twice.
    """
    row = await db.fetchrow(_PRIVATE_REPLIES_BEGUN, account, besides, within, leased)
    return 0 if row is None else int(row["begun"])


async def record_sent(
    db: Queryable,
    delivery: DeliveryId,
    *,
    owner: str,
    message_id: str | None,
    recipient_id: PersonId | None = None,
    answer: MetaAnswer = _SAID_NOTHING,
) -> Sent | None:
    """
    Record that Meta took it, as `message_id`: a message's `mid`, or a public reply's comment id.

    Taken from `uncertain` too, if the attempt was the owner's: its answer came after its lease.
    What waited for it is stored as ready before anybody is told: tell senders of what is `due`.
    """
    told = (answer.code, answer.subcode, answer.fbtrace_id)
    rows = await db.fetch(_SENT, delivery, owner, *told, message_id, recipient_id)
    return Sent(tuple(read_due([row for row in rows if row["due"]]))) if rows else None


async def record_done(db: Queryable, delivery: DeliveryId, *, owner: str) -> Sent | None:
    """Record that a webhook was taken, a lookup answered, or a timer went off: it is `sent`."""
    return await record_sent(db, delivery, owner=owner, message_id=None)


async def record_refused(
    db: Queryable,
    delivery: DeliveryId,
    *,
    owner: str,
    reason: str,
    answer: MetaAnswer = _SAID_NOTHING,
) -> bool:
    """
    Record that it will never be sent: Meta, or we before asking, said no for `reason`.

    Taken from `uncertain` too, as `record_sent` is.
    """
    return await _settle(db, _REFUSED, delivery, owner, answer, reason)


async def record_uncertain(
    db: Queryable,
    delivery: DeliveryId,
    *,
    owner: str,
    reason: str,
    answer: MetaAnswer = _SAID_NOTHING,
) -> bool:
    """Record that the call left us and nobody knows what came of it. It is not sent again."""
    return await _settle(db, _UNCERTAIN, delivery, owner, answer, reason)


async def record_expired(
    db: Queryable,
    delivery: DeliveryId,
    *,
    owner: str,
    reason: str,
    answer: MetaAnswer = _SAID_NOTHING,
) -> bool:
    """Record that Meta no longer allows it: its deadline, or the person's window, has passed."""
    return await _settle(db, _EXPIRED, delivery, owner, answer, reason)


async def park(
    db: Queryable,
    delivery: DeliveryId,
    *,
    reason: str,
    owner: str | None = None,
    after_s: float | None = None,
    until: datetime | None = None,
    counts: bool = False,
    answer: MetaAnswer = _SAID_NOTHING,
) -> bool:
    """
    Put it off: for `after_s` seconds, or until `until`. Nothing must have left us.

    With an `owner`, one it is sending; `counts` says whether the attempt counts against it (a
    failure of Meta's does, waiting our turn does not). Without, one that is ready.

    Raises:
        ValueError: Not exactly one of `after_s` and `until` is given.
    """
    if (after_s is None) == (until is None):
        raise ValueError("park needs either after_s or until")
    return await _settle(db, _PARK, delivery, owner, answer, reason, until, after_s, counts)


async def _settle(
    db: Queryable,
    statement: str,
    delivery: DeliveryId,
    owner: str | None,
    answer: MetaAnswer,
    *rest: object,
) -> bool:
    told = (answer.code, answer.subcode, answer.fbtrace_id)
    return await db.fetchrow(statement, delivery, owner, *told, *rest) is not None


_CLAIMED_COLUMNS = tuple(name for name in Claimed.__slots__ if name != "credential")


_MAKE_SENDING: Final = """
with delivery as (
  update public.deliveries
     set state = 'sending',
         moved_by = 'sender',
         attempted_at = now(),
         attempts = attempts + 1,
         lease_owner = $2,
         lease_until = now() + make_interval(secs => $3),
         reason = null
   where id = $1 and state = 'ready' and not_before <= now()
  returning id, event_id, kind, content, person_id, comment_id, deadline, attempts, trace_id,
            campaign_id, campaign_version, step, workspace_id, account_id, lane, created_at
)
select"""
# Of rows called `delivery`, with their accounts and people; more may be selected before it.
AS_CLAIMED: Final = """
       delivery.id, delivery.event_id, delivery.kind, delivery.content, delivery.person_id,
       delivery.comment_id, delivery.deadline, delivery.attempts, delivery.trace_id,
       delivery.campaign_id, delivery.campaign_version, delivery.step, delivery.workspace_id,
       delivery.lane,
       delivery.kind in ('message', 'private_reply') and exists (
         select from public.deliveries earlier
          where earlier.account_id = delivery.account_id
            and earlier.person_id = delivery.person_id
            and earlier.state in ('ready', 'sending')
            and earlier.kind in ('message', 'private_reply')
            and (earlier.created_at, earlier.id) < (delivery.created_at, delivery.id)
       ) as behind,
       account.id as account, account.instagram_id, account.app_scoped_id, account.status,
       account.held_until, account.hold_reason, account.private_replies_per_hour,
       account.sends_per_second, account.holds, account.proved_at is not null as proven,
       exists (
         select from public.alerts alert
          where alert.account_id = account.id and alert.resolved_at is null
            and alert.seen_at + alert.over_after <= now()
       ) as alerts_end,
       account.paused_until as account_paused_until,
       credential.key_id, credential.nonce, credential.ciphertext,
       contact.paused_until, contact.paused_by, contact.opted_out_at, contact.window_closes_at,
       contact.name, contact.username, contact.email, contact.phone,
       coalesce(contact.fields, '{}') as fields
  from delivery
  join public.instagram_accounts account on account.id = delivery.account_id
  left join private.instagram_credentials credential on credential.account_id = account.id
  left join public.contacts contact
    on contact.account_id = delivery.account_id and contact.person_id = delivery.person_id
"""
_CLAIM: Final = _MAKE_SENDING + AS_CLAIMED

# An uncertain row keeps the owner of the attempt that made it so: that one may still learn more.
# Meanwhile its message may have been taken for that of another one that says the same to the same
# person. Then both were sent, and the message stays where it is.
_SEND: Final = """
with ended as (
  update public.deliveries
     set state = 'sent', moved_by = 'sender', sent_at = now(), recipient_id = $7,
         message_id = case when not exists (
             select from public.deliveries other
              where other.account_id = deliveries.account_id and other.message_id = $6
           ) then $6 end,
         reason = null, graph_code = $3, graph_subcode = $4, fbtrace_id = $5, lease_until = null
   where id = $1 and lease_owner = $2 and state in ('sending', 'uncertain')
  returning id
)"""
_REFUSE: Final = """
with ended as (
  update public.deliveries
     set state = 'refused', moved_by = 'sender', reason = $6,
         graph_code = $3, graph_subcode = $4, fbtrace_id = $5, lease_until = null
   where id = $1 and lease_owner = $2 and state in ('sending', 'uncertain')
  returning id
)"""
_EXPIRE: Final = """
with ended as (
  update public.deliveries
     set state = 'expired', moved_by = 'sender', reason = $6,
         graph_code = $3, graph_subcode = $4, fbtrace_id = $5, lease_until = null
   where id = $1 and lease_owner = $2 and state = 'sending'
  returning id
)"""
_TELL: Final = """
select ended.id from ended, cancelled
"""
_TELL_DUE: Final = """
select id, null as instagram_id, null as trace_id, false as due from ended
 union all
select id, instagram_id, trace_id, true from released where state = 'ready'
"""
_SENT: Final = _SEND + RELEASE + _TELL_DUE
_REFUSED: Final = _REFUSE + CANCEL + _TELL
_EXPIRED: Final = _EXPIRE + CANCEL + _TELL

_UNCERTAIN = """
update public.deliveries
   set state = 'uncertain', moved_by = 'sender', reason = $6,
       graph_code = $3, graph_subcode = $4, fbtrace_id = $5, lease_until = null
 where id = $1 and lease_owner = $2 and state = 'sending'
returning id
"""

_PARK = """
update public.deliveries
   set state = 'parked', moved_by = 'sender', reason = $6,
       graph_code = $3, graph_subcode = $4, fbtrace_id = $5,
       not_before = coalesce($7::timestamptz, now() + make_interval(secs => $8::float8)),
       attempts = case when state = 'sending' and not $9::boolean then greatest(attempts - 1, 0)
                       else attempts end,
       lease_owner = null,
       lease_until = null
 where id = $1
   and (state = 'sending' and lease_owner = $2::text or state = 'ready' and $2::text is null)
returning id
"""

_PRIVATE_REPLIES_BEGUN = """
select count(*) as begun
  from public.deliveries
 where account_id = $1
   and id <> $2
   and kind = 'private_reply'
   and lane = 'usual'
   and (state in ('sent', 'refused', 'uncertain')
        or state = 'sending' and lease_until < now() + $4::interval)
   and published_at > now() - $3::interval
"""
