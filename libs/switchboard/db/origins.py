"""Whose an echo or a click is: what our own deliveries say of a message, or of a link in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from switchboard.contracts import CampaignId, DeliveryId, MessageId, PersonId
from switchboard.db.ledger import storable
from switchboard.db.pool import Queryable, Row
from switchboard.rules.contact import Origin
from switchboard.rules.decision import DeliveryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """
    A delivery whose message has no id yet: its call is under way, or its outcome is uncertain.

    With what its content is written with: what is known of its person.
    """

    state: Literal["sending", "uncertain"]
    kind: DeliveryKind
    content: Mapping[str, Any]
    name: str | None = None
    username: str | None = None
    email: str | None = None
    phone: str | None = None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Traced:
    """What our deliveries say of an echo: `ours`, or else which of them it may be of."""

    ours: bool
    unanswered: tuple[Unanswered, ...] = ()


async def of_echoes(
    db: Queryable, echoes: Sequence[tuple[UUID, MessageId, PersonId]]
) -> list[Traced]:
    """
    Return what is known of each of `echoes` (account, message, whom it went to), in their order.

    It may be of a delivery to that person, or of a private reply to somebody we know by their
    comment alone.
    """
    accounts, messages, people = zip(*echoes, strict=True) if echoes else ((), (), ())
    people = tuple(storable(person) for person in people)
    rows = await db.fetch(_ECHOES, accounts, tuple(map(storable, messages)), people)
    return [
        Traced(row["ours"], tuple(Unanswered(**one) for one in row["unanswered"])) for row in rows
    ]


async def of_clicks(
    db: Queryable, clicks: Sequence[tuple[UUID, DeliveryId]]
) -> dict[tuple[UUID, DeliveryId], Origin]:
    """Return what each delivery of an account belongs to; those that do not exist are missing."""
    accounts, delivered = zip(*clicks, strict=True) if clicks else ((), ())
    rows = await db.fetch(_CLICKS, accounts, delivered)
    return {clicks[row["number"] - 1]: _origin(row) for row in rows}


def _origin(row: Row) -> Origin:
    return Origin(
        ours=True,
        person_id=row["person_id"],
        campaign_id=CampaignId(row["campaign_id"]),
        campaign_version=row["campaign_version"],
        step=row["step"],
    )


_ECHOES = """
select exists (
         select from public.deliveries delivery
          where delivery.account_id = echo.account_id and delivery.message_id = echo.message_id
       ) as ours,
       (select coalesce(jsonb_agg(jsonb_build_object(
                 'state', delivery.state, 'kind', delivery.kind, 'content', delivery.content,
                 'name', contact.name, 'username', contact.username, 'email', contact.email,
                 'phone', contact.phone, 'fields', coalesce(contact.fields, '{}'))), '[]')
          from public.deliveries delivery
          left join public.contacts contact
            on contact.account_id = delivery.account_id and contact.person_id = delivery.person_id
         where delivery.account_id = echo.account_id
           and delivery.state in ('sending', 'uncertain')
           and delivery.message_id is null
           and (delivery.person_id = echo.person_id
                and delivery.kind in ('message', 'private_reply')
                or delivery.person_id is null and delivery.kind = 'private_reply')
       ) as unanswered
  from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality
       as echo (account_id, message_id, person_id, number)
 order by echo.number
"""

# Whom a private reply reached, Meta says when it takes it. Nobody is known of one whose person was
# erased.
_CLICKS = """
select click.number::int as number,
       nullif(coalesce(delivery.recipient_id, delivery.person_id), 'erased') as person_id,
       delivery.campaign_id, delivery.campaign_version, delivery.step
  from unnest($1::uuid[], $2::uuid[]) with ordinality as click (account_id, id, number)
  join public.deliveries delivery
    on delivery.id = click.id and delivery.account_id = click.account_id
"""
