"""
The statement that records a batch.

    people ─▶ met ─▶ known ─▶ decided ─▶ made, bound
              │      │        │          └ deliveries; posts that campaigns were bound to
              │      │        └ events: inserted, or an `asked` one completed
              │      └ which events are new, and so the day of the ledger that each is in
              └ contacts, locked and compared: whose decision may be written

Data-modifying parts all see the tables as they were when the statement began, and each other only
through RETURNING. That has two consequences.

*Who records two events of one person at once.* A contact is inserted, or locked in its newest
version, before anything else, so those who record the same person take turns. The second one then
compares that newest version with what it was decided by (`revision`), and with what this statement
saw when it began (`recordings`, which everyone who records the person counts up): if somebody came
between, what this statement knows of the ledger is old, and nothing of that person is written. So
what is written of a person is all of it, and of nobody is an event decided and the contact not
changed, or the contact changed and the event decided by another.

*Who records one event twice.* The ledger is in days, by when each event was received, and the same
event may be told of on two. Whoever knows it first (`known`) says which day it is in; who comes
meanwhile waits for them, records nothing, and looks again. One whose day is gone is `archived`: it
was decided, and is not decided again.

*Who waits for whom.* Everyone takes contacts, then events, then deliveries, then campaigns, each
sorted; each part reads the one before to its end, to sort. So none waits for one that waits for it.

*Who was erased.* Of an event of somebody who was erased after it happened nothing is written here;
`FORGOTTEN` writes what erasing would have left. That somebody was erased while we waited is noticed
by a trigger: then nothing of the batch was written, and it comes again. Meta tells in whole seconds
when a comment was written, so within one whoever writes is taken for somebody new.

*What it costs* must not grow with what is stored, whatever PostgreSQL last counted: a statement is
planned once for a connection, perhaps while there was next to nothing. So what is asked of an event
or an account is looked up for each, in an index (`offset 0` keeps it a look-up).

An event's decision is taken from the batch and not from `excluded`, which one may read only with
the right to read the ledger's.

A router's clock may run ahead of the database's: what is ready is made due by the database's, or no
sender could take it. Further ahead than clocks differ, it is not due and is parked.

While private replies of an account wait for their turn, another one is not ready but queued: who is
first of them is the queue's to say (`backlog`). Two who see an empty queue at once both make theirs
ready; the limit lets through whom it can, and the other one's is queued then.
"""

from __future__ import annotations

from typing import Final

from switchboard.db.backlog import CROWDED

_READ: Final = """
with batch as (
  -- `answered`: it asks again, having been answered, and so goes further than what only asked.
  select one.*, one.outcome = 'asked'
                and jsonb_typeof(one.decision::jsonb -> 'answer') = 'object' is true as answered
    from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::timestamptz[], $9::timestamptz[], $10::text[], $11::uuid[], $12::text[], $13::text[],
    $14::text[], $15::text[], $16::timestamptz[], $17::boolean[]
  ) as one (event_id, workspace_id, account_id, instagram_id, kind, identity, person_id,
            occurred_at, received_at, outcome, campaign_id, decision, event, trace_id, username,
            window_closes_at, inbound)
), drafts as (
  select draft.*,
         case when draft.after_id is null then draft.given
              when earlier.state = 'sent' then 'ready'
              else 'waiting' end as state
    from unnest(
      $18::uuid[], $19::uuid[], $20::uuid[], $21::int[], $22::text[], $23::text[], $24::text[],
      $25::text[], $26::text[], $27::text[], $28::timestamptz[], $29::timestamptz[], $30::uuid[],
      $31::text[]
    ) as draft (event_id, id, campaign_id, campaign_version, step, kind, person_id, comment_id,
                content, given, not_before, deadline, after_id, lane)
    left join public.deliveries earlier on earlier.id = draft.after_id
), kept as (
  select one.account_id, one.person_id, one.expected, changed.*
    from unnest($32::uuid[], $33::text[], $34::bigint[], $35::text[])
         as one (account_id, person_id, expected, after)
    left join lateral jsonb_to_record(one.after::jsonb) as changed (
           revision bigint, paused_until timestamptz, paused_by uuid, opted_out_at timestamptz,
           tags text[], follows boolean, follows_at timestamptz, email text, phone text,
           fields jsonb, flows jsonb, answered jsonb)
      on true
), before as (
  select batch.event_id, coalesce(known.received_at, batch.received_at) as known_at,
         coalesce(stored.outcome, 'archived') as outcome
    from batch
    left join lateral (
           select one.received_at
             from private.known_events one
            where one.event_id = batch.event_id
           offset 0
         ) known on true
    left join lateral (
           select event.outcome
             from public.events event
            where event.event_id = batch.event_id and event.received_at = known.received_at
           offset 0
         ) stored on true
   where known.received_at is not null
      or exists (
           select from private.event_memory memory
            where memory.begins_at > least(batch.occurred_at, batch.received_at))
), news as (
  select batch.*, before.known_at, late.forgotten,
         kept.account_id is not null as checked,
         not late.forgotten
           and (before.event_id is null
                or (before.outcome = 'asked' and (batch.outcome <> 'asked' or batch.answered)))
           as fresh
    from batch
    left join before using (event_id)
    left join kept using (account_id, person_id)
   cross join lateral (
           select least(batch.occurred_at + interval '1 s', batch.received_at) as moment
         ) happened
   cross join lateral (
           -- Mostly nobody was erased since, and asking further is a call for each event.
           select case when exists (
                    select from private.forgotten gone
                     where gone.instagram_id = batch.instagram_id and gone.at > happened.moment
                  ) or (batch.instagram_id = '' and exists (
                    select from private.forgotten gone where gone.at > happened.moment
                  ))
                  then private.is_forgotten(
                         batch.account_id, batch.instagram_id, batch.person_id, batch.kind,
                         happened.moment, batch.event::jsonb)
                  else false end as forgotten
         ) late
), grouped as (
  select account_id, person_id, workspace_id,
         (array_agg(username order by occurred_at desc) filter (where fresh and username <> ''))[1]
           as username,
         min(least(occurred_at, received_at)) filter (where fresh) as first_seen_at,
         max(least(occurred_at, received_at)) filter (where fresh and inbound) as last_inbound_at,
         max(window_closes_at) filter (where fresh) as window_closes_at,
         case when checked then bool_and(fresh) else bool_or(fresh) end as fresh
    from news
   where account_id is not null and person_id <> '' and not forgotten
   group by account_id, person_id, workspace_id, checked
), people as (
  select grouped.*, kept.expected, coalesce(known.recordings, 0) as recordings, kept.revision,
         kept.paused_until, kept.paused_by, kept.opted_out_at, kept.tags, kept.follows,
         kept.follows_at, kept.email, kept.phone, kept.fields, kept.flows, kept.answered
    from grouped
    left join kept using (account_id, person_id)
    left join public.contacts known using (account_id, person_id)
   where grouped.fresh
     and (kept.expected is null or kept.expected = coalesce(known.revision, 0))
)"""

_WRITE: Final = """, met as (
  insert into public.contacts as known (
    account_id, person_id, workspace_id, username, first_seen_at, last_inbound_at,
    window_closes_at, recordings, revision, paused_until, paused_by, opted_out_at, tags, follows,
    follows_at, email, phone, fields, flows, answered)
  select account_id, person_id, workspace_id, username, first_seen_at, last_inbound_at,
         window_closes_at, recordings + 1, coalesce(revision, 0), paused_until, paused_by,
         opted_out_at, coalesce(tags, '{}'), follows, follows_at, email, phone,
         coalesce(fields, '{}'), coalesce(flows, '[]'), coalesce(answered, '[]')
    from people
   order by account_id, person_id
  on conflict (account_id, person_id) do update
     set username = coalesce(excluded.username, known.username),
         first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
         last_inbound_at = greatest(known.last_inbound_at, excluded.last_inbound_at),
         window_closes_at = greatest(known.window_closes_at, excluded.window_closes_at),
         recordings = known.recordings + 1,
         (revision, paused_until, paused_by, opted_out_at, tags, follows, follows_at, email, phone,
          fields, flows, answered) = (
           select excluded.revision, excluded.paused_until, excluded.paused_by,
                  excluded.opted_out_at, excluded.tags, excluded.follows, excluded.follows_at,
                  excluded.email, excluded.phone, excluded.fields, excluded.flows,
                  excluded.answered
            where excluded.revision > known.revision
            union all
           select known.revision, known.paused_until, known.paused_by, known.opted_out_at,
                  known.tags, known.follows, known.follows_at, known.email, known.phone,
                  known.fields, known.flows, known.answered
            where excluded.revision <= known.revision)
   where coalesce((
           select people.expected = known.revision and people.recordings = known.recordings
             from people
            where people.account_id = known.account_id and people.person_id = known.person_id
         ), true)
  returning account_id, person_id
), known as (
  insert into private.known_events (event_id, received_at)
  select event_id, received_at
    from news
    left join met using (account_id, person_id)
   where news.known_at is null and not news.forgotten
     and (not news.checked or met.person_id is not null)
   order by event_id
  on conflict (event_id) do nothing
  returning event_id, received_at
), decided as (
  insert into public.events as stored (
    event_id, workspace_id, account_id, instagram_id, kind, identity, person_id, occurred_at,
    received_at, outcome, campaign_id, decision, event, trace_id)
  select event_id, workspace_id, account_id, instagram_id, kind, identity, nullif(person_id, ''),
         occurred_at, coalesce(news.known_at, known.received_at), outcome, campaign_id,
         decision::jsonb, event::jsonb, trace_id
    from news
    left join met using (account_id, person_id)
    left join known using (event_id)
   where news.fresh
     and (not news.checked or met.person_id is not null)
     and (news.known_at is not null or known.event_id is not null)
   order by event_id
  on conflict (event_id, received_at) do update
     set (outcome, campaign_id, decision) = (
           select outcome, campaign_id, decision::jsonb
             from batch
            where batch.event_id = stored.event_id)
   where stored.outcome = 'asked'
     and (excluded.outcome <> 'asked'
          or (select answered from batch where batch.event_id = stored.event_id))
  returning event_id, outcome
), made as (
  insert into public.deliveries (
    id, workspace_id, account_id, event_id, campaign_id, campaign_version, step, kind, person_id,
    comment_id, content, state, reason, not_before, deadline, trace_id, published_at, after_id,
    lane)
  select draft.id, batch.workspace_id, batch.account_id, draft.event_id, draft.campaign_id,
         draft.campaign_version, draft.step, draft.kind, draft.person_id, draft.comment_id,
         draft.content::jsonb,
         case when draft.state = 'ready' and not (place.due and place.free) then 'parked'
              else draft.state end,
         case when place.due and not place.free then 'queued' end,
         case when place.due then least(draft.not_before, now()) else draft.not_before end,
         draft.deadline, batch.trace_id,
         case when place.due and place.free then now() end,
         draft.after_id, draft.lane
    from drafts draft
    join batch using (event_id)
    join decided using (event_id)
    left join crowded on crowded.account_id = batch.account_id
   cross join lateral (
           select draft.state = 'ready' and draft.not_before <= now() + interval '5 s' as due,
                  crowded.account_id is null or draft.kind <> 'private_reply'
                    or draft.lane <> 'usual' as free
         ) place
   order by batch.account_id, draft.comment_id, draft.id
  on conflict do nothing
  returning event_id, id, state
)"""

# A post is bound to the version it was found for: the account's rules are still those that were
# decided by, and nobody has published another version while we waited for the campaign's row
# (`seen` is what it was when the statement began, `campaign` what it is).
_BIND: Final = """, wanted as (
  select distinct on (found.campaign_id)
         found.campaign_id, found.media_id, batch.account_id,
         (batch.decision::jsonb ->> 'rules_version')::bigint as rules_version
    from unnest($36::uuid[], $37::uuid[], $38::text[]) as found (event_id, campaign_id, media_id)
    join batch using (event_id)
    join decided using (event_id)
   order by found.campaign_id, found.event_id
), free as (
  select campaign.id, wanted.media_id
    from wanted
    join public.campaigns seen
      on seen.id = wanted.campaign_id and seen.account_id = wanted.account_id
    join public.instagram_accounts account on account.id = seen.account_id
    join public.campaigns campaign
      on campaign.id = seen.id and campaign.live_version = seen.live_version
   where campaign.status = 'live'
     and campaign.next_media_id is null
     and coalesce(wanted.rules_version, account.rules_version) = account.rules_version
   order by campaign.id
     for no key update of campaign
), bound as (
  update public.campaigns campaign
     set next_media_id = free.media_id
    from free
   where campaign.id = free.id
)"""

# An event in nobody's view, neither inserted by us nor there when we began, is one that somebody
# committed while we waited; so is a contact that passed `people` and not `met`. `again` says that
# looking again will find out. Else the decision was made by what is no longer so. What was made of
# an event earlier, only one has that was there before.
_TELL: Final = """, ready as materialized (
  select due.event_id, array_agg(due.id order by due.id) as ids
    from (
      select made.event_id, made.id from made where made.state = 'ready'
      union all
      select before.event_id, earlier.id
        from before
       cross join lateral (
               select one.id, one.state
                 from public.deliveries one
                where one.event_id = before.event_id
               offset 0
             ) earlier
       where earlier.state = 'ready'
    ) due
   group by due.event_id
)
select news.event_id,
       coalesce(decided.outcome, before.outcome) as outcome,
       before.event_id is null as new,
       decided.event_id is not null as ours,
       not news.checked or people.person_id is not null as again,
       news.forgotten,
       coalesce(ready.ids, '{}') as ready
  from news
  left join decided on decided.event_id = news.event_id
  left join before on before.event_id = news.event_id
  left join ready on ready.event_id = news.event_id
  left join people on people.account_id = news.account_id and people.person_id = news.person_id
"""

RECORD: Final = _READ + CROWDED + _WRITE + _TELL
# With the posts that were found, which is rare: to name the table alone makes its triggers run.
RECORD_AND_BIND: Final = _READ + CROWDED + _WRITE + _BIND + _TELL

# An event of somebody who was erased since, as if it had been there when they were.
FORGOTTEN: Final = """
select private.record_forgotten($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10)
"""
