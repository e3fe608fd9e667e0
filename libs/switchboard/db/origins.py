"""Whose an echo or a click is: what our own deliveries say of a message, or of a link in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from switchboard.contracts import CampaignId, DeliveryId, MessageId, PersonId
from switchboard.db.ledger import storable
from switchboard.db.pool import Queryable, Row
from switchboard.rules.contact import Origin


async def of_echoes(
    db: Queryable, echoes: Sequence[tuple[UUID, MessageId, PersonId]]
) -> list[Literal["ours", "pending", "foreign"]]:
    """
    Return for each of `echoes` (account, message, person it went to) whose it is, in their order.

    ours: a delivery has that message. pending: a delivery to that person, or a private reply to
    somebody we know by their comment alone, is under way or uncertain, and its message unknown.
    """
    accounts, messages, people = zip(*echoes, strict=True) if echoes else ((), (), ())
    people = tuple(storable(person) for person in people)
    rows = await db.fetch(_ECHOES, accounts, tuple(map(storable, messages)), people)
    return [row["origin"] for row in rows]


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
select case
         when exists (
           select from public.deliveries delivery
            where delivery.account_id = echo.account_id
              and delivery.message_id = echo.message_id
         ) then 'ours'
         when exists (
           select from public.deliveries delivery
            where delivery.account_id = echo.account_id
              and delivery.state in ('sending', 'uncertain')
              and delivery.message_id is null
              and (delivery.person_id = echo.person_id
                   and delivery.kind in ('message', 'private_reply')
                   or delivery.person_id is null and delivery.kind = 'private_reply')
         ) then 'pending'
         else 'foreign'
       end as origin
  from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality
       as echo (account_id, message_id, person_id, number)
 order by echo.number
"""

# Whom a private reply reached, Meta says when it takes it.
_CLICKS = """
select click.number::int as number,
       coalesce(delivery.recipient_id, delivery.person_id) as person_id, delivery.campaign_id,
       delivery.campaign_version, delivery.step
  from unnest($1::uuid[], $2::uuid[]) with ordinality as click (account_id, id, number)
  join public.deliveries delivery
    on delivery.id = click.id and delivery.account_id = click.account_id
"""
