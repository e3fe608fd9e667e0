-- What campaigns came to, day by day, as rows: counted once a day is nearly over for good, counted
-- again when something about it changes late, and kept when the ledger drops the day.
--
-- A kept day is right for whoever reads it. Whoever changes what an old day comes to says so in the
-- same transaction (`funnel_changes`), and nobody believes a kept day of which there is such a row.
-- Counting removes the rows it sees, and counts after that: so it has seen what they were about.
-- What it did not see is not removed either. Nobody waits for anybody.

create table public.funnel_days (
  account_id uuid not null,
  begins_at timestamptz not null,
  ends_at timestamptz not null,
  day date not null,
  workspace_id uuid not null,
  counted_at timestamptz,
  gone_at timestamptz,
  primary key (account_id, begins_at),
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id),
  check (begins_at < ends_at),
  check (gone_at is null or counted_at is not null)
);
comment on table public.funnel_days is
  'Days of accounts whose numbers are kept, whether or not anything happened on them.';
comment on column public.funnel_days.day is
  'What the day is called in the time zone the account had. After a change of it a day may be two '
  'rows, or part of one: each event is counted in one.';
comment on column public.funnel_days.counted_at is
  'When its numbers were counted. Null: they are to be, and are not believed until then.';
comment on column public.funnel_days.gone_at is
  'When the ledger dropped events of it: from then on its numbers stay as they are.';
create index funnel_days_of_workspace on public.funnel_days (workspace_id, day);
create index funnel_days_uncounted on public.funnel_days (account_id, begins_at)
  where counted_at is null;
create index funnel_days_gone on public.funnel_days (account_id, ends_at) where gone_at is not null;

alter table public.funnel_days enable row level security;
revoke all on public.funnel_days from public, anon, authenticated, service_role;
grant select (account_id, begins_at, ends_at, day, workspace_id, counted_at, gone_at)
   on public.funnel_days to authenticated;
create policy funnel_days_select on public.funnel_days for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));

create table public.funnel_counts (
  account_id uuid not null,
  begins_at timestamptz not null,
  campaign_id uuid,
  workspace_id uuid not null references public.workspaces (id),
  came bigint not null check (came > 0),
  matched bigint not null check (matched between 0 and came),
  sent bigint not null check (sent between 0 and matched),
  tapped bigint not null check (tapped between 0 and sent),
  clicked bigint not null check (clicked between 0 and sent),
  late bigint not null check (late between 0 and sent),
  waiting bigint not null check (waiting between 0 and matched),
  lost bigint not null check (lost between 0 and matched),
  unique nulls not distinct (account_id, begins_at, campaign_id),
  foreign key (account_id, begins_at) references public.funnel_days (account_id, begins_at)
    on delete cascade
);
comment on table public.funnel_counts is
  'The numbers of a kept day: how many events of a campaign got how far.';
comment on column public.funnel_counts.campaign_id is
  'Null: no campaign answered. Not a reference: what it came to is kept when it is gone.';
create index funnel_counts_of_workspace on public.funnel_counts (workspace_id, begins_at);

alter table public.funnel_counts enable row level security;
revoke all on public.funnel_counts from public, anon, authenticated, service_role;
grant select (account_id, begins_at, campaign_id, workspace_id, came, matched, sent, tapped, clicked,
              late, waiting, lost)
   on public.funnel_counts to authenticated;
create policy funnel_counts_select on public.funnel_counts for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));

create table private.funnel_changes (
  number bigint primary key generated always as identity,
  workspace_id uuid not null,
  account_id uuid not null,
  since timestamptz not null,
  until timestamptz not null,
  made_at timestamptz not null default now(),
  check (since <= until)
);
comment on table private.funnel_changes is
  'What days of accounts come to has changed, for events received from `since` to `until`. Gone when '
  'they are counted again.';
comment on column private.funnel_changes.until is
  'Infinity: which days there are has changed, or what is late on any.';
create index funnel_changes_of_account on private.funnel_changes (account_id, since);
create index funnel_changes_of_workspace on private.funnel_changes (workspace_id);
alter table private.funnel_changes enable row level security;
revoke all on private.funnel_changes from public, anon, authenticated, service_role;
grant select (workspace_id, account_id, since, until) on private.funnel_changes to authenticated;
create policy funnel_changes_select on private.funnel_changes for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));

create function private.days_of(time_zone text, first date, last date)
returns table (day date, begins_at timestamptz, ends_at timestamptz)
language sql stable set search_path = ''
as $$
  select first + number, (first + number)::timestamp at time zone time_zone,
         (first + number + 1)::timestamp at time zone time_zone
    from generate_series(0, last - first) as number
$$;
comment on function private.days_of(text, date, date) is
  'The days from `first` to `last` as a time zone has them: 24 hours each, or 23, or 25.';
revoke all on function private.days_of(text, date, date) from public;
grant execute on function private.days_of(text, date, date) to authenticated;

-- Counting. As whoever asks: a user counts what they may see. Whose a tap or a click was is not known
-- any more once somebody is erased, so theirs count for nothing. Where few tap of many who came, it is
-- less work to ask of each tap what it belongs to than of each event whether it was tapped. `offset 0`
-- has them asked one by one: else all events of all times are joined with them.
create function private.count_funnel(
  of_accounts uuid[], from_moments timestamptz[], to_moments timestamptz[], of_campaign uuid)
returns table (
  account_id uuid, begins_at timestamptz, campaign_id uuid, came bigint, matched bigint, sent bigint,
  tapped bigint, clicked bigint, late bigint, waiting bigint, lost bigint)
language sql stable set search_path = ''
as $$
  with span as materialized (
    select one.account_id, one.begins_at, one.ends_at, account.workspace_id,
           interval '5 minutes' + account.reply_delay_max as soon
      from unnest(of_accounts, from_moments, to_moments) as one (account_id, begins_at, ends_at)
      join public.instagram_accounts account on account.id = one.account_id
  ), since as materialized (
    select span.account_id, span.workspace_id, min(span.begins_at) as begins_at
      from span
     group by span.account_id, span.workspace_id
  ), event as materialized (
    select event.event_id, span.account_id, span.begins_at, event.campaign_id,
           event.received_at, event.outcome = 'matched' as matched,
           event.received_at + span.soon as late_at
      from span
      join public.events event
        on event.account_id = span.account_id
       and event.received_at >= span.begins_at and event.received_at < span.ends_at
     where (of_campaign is null or event.campaign_id = of_campaign)
       and event.outcome <> 'ignored'
       and event.decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over')
  ), answered as materialized (
    select event.*, coalesce(reply.sent, false) as sent,
           coalesce(reply.sent and reply.first_at > event.late_at, false) as late,
           coalesce(not reply.sent and reply.waiting, false) as waiting,
           coalesce(not reply.sent and not reply.waiting and reply.lost, false) as lost
      from event
      left join lateral (
        select bool_or(reply.state = 'sent') as sent,
               bool_or(reply.state in ('waiting', 'parked', 'ready', 'sending', 'uncertain'))
                 as waiting,
               bool_or(reply.state in ('refused', 'expired', 'cancelled')) as lost,
               min(reply.sent_at) as first_at
          from public.deliveries reply
         where event.matched and reply.event_id = event.event_id
           and reply.kind in ('private_reply', 'public_reply', 'message')
      ) reply on true
  ), tapped as materialized (
    select begun.event_id
      from since
      join public.events tap
        on tap.account_id = since.account_id
       and tap.decision ->> 'because' = 'tap'
       and tap.received_at >= since.begins_at
       and tap.person_id <> 'erased'
       and (of_campaign is null or tap.campaign_id = of_campaign)
     cross join lateral (
       select max(later.received_at) as at
         from public.events later
        where later.account_id = tap.account_id and later.person_id = tap.person_id
          and later.campaign_id = tap.campaign_id
          and later.received_at between since.begins_at and tap.received_at
          and later.outcome <> 'ignored'
          and later.decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over')
     ) last
     cross join lateral (
       select begun.event_id
         from public.events begun
        where begun.account_id = tap.account_id and begun.person_id = tap.person_id
          and begun.campaign_id = tap.campaign_id and begun.received_at = last.at
          and begun.outcome <> 'ignored'
          and begun.decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over')
       offset 0
     ) begun
  ), click as materialized (
    select reply.event_id, reply.account_id, reply.person_id, reply.campaign_id, reply.created_at,
           since.begins_at, max(click.clicked_at) as clicked_at
      from since
      join public.link_clicks click
        on click.workspace_id = since.workspace_id and click.clicked_at >= since.begins_at
       and click.account_id = since.account_id
     cross join lateral (
       select reply.event_id, reply.account_id, reply.person_id, reply.campaign_id, reply.created_at
         from public.deliveries reply
        where reply.id = click.delivery_id
       offset 0
     ) reply
     where of_campaign is null or click.campaign_id = of_campaign
     group by 1, 2, 3, 4, 5, 6
  ), clicked as materialized (
    select event.event_id
      from click
      join event on event.event_id = click.event_id and event.received_at <= click.clicked_at
     union
    select begun.event_id
      from click
     cross join lateral (
       select max(later.received_at) as at
         from public.events later
        where later.account_id = click.account_id and later.person_id = click.person_id
          and later.campaign_id = click.campaign_id
          and later.received_at between click.begins_at and click.created_at
          and later.outcome <> 'ignored'
          and later.decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over')
     ) last
     cross join lateral (
       select begun.event_id
         from public.events begun
        where begun.account_id = click.account_id and begun.person_id = click.person_id
          and begun.campaign_id = click.campaign_id and begun.received_at = last.at
          and begun.received_at <= click.clicked_at
          and begun.outcome <> 'ignored'
          and begun.decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over')
       offset 0
     ) begun
     where click.person_id <> 'erased'
  ), come as (
    select answered.*,
           sent and event_id in (select tapped.event_id from tapped) as tapped,
           sent and event_id in (select clicked.event_id from clicked) as clicked
      from answered
  )
  select account_id, begins_at, campaign_id, count(*), count(*) filter (where matched),
         count(*) filter (where sent), count(*) filter (where tapped),
         count(*) filter (where clicked), count(*) filter (where late),
         count(*) filter (where waiting), count(*) filter (where lost)
    from come
   group by account_id, begins_at, campaign_id
$$;
comment on function private.count_funnel(uuid[], timestamptz[], timestamptz[], uuid) is
  'What came of the events that accounts received from each moment to just before the other.';
revoke all on function private.count_funnel(uuid[], timestamptz[], timestamptz[], uuid) from public;
grant execute on function private.count_funnel(uuid[], timestamptz[], timestamptz[], uuid)
   to authenticated;

create function private.funnel(
  of_workspace uuid, of_account uuid, of_campaign uuid, first date, last date)
returns table (
  account_id uuid, day date, begins_at timestamptz, ends_at timestamptz, openable boolean,
  campaign_id uuid, came bigint, matched bigint, sent bigint, tapped bigint, clicked bigint,
  late bigint, waiting bigint, lost bigint)
language sql stable set search_path = ''
as $$
  with account as materialized (
    select account.id, account.time_zone,
           coalesce((select max(gone.ends_at)
                       from public.funnel_days gone
                      where gone.account_id = account.id and gone.gone_at is not null),
                    '-infinity') as gone_until
      from public.instagram_accounts account
     where account.workspace_id = of_workspace and (of_account is null or account.id = of_account)
  ), kept as materialized (
    select kept.account_id, kept.day, kept.begins_at, kept.ends_at,
           kept.gone_at is null as openable
      from account
      join public.funnel_days kept on kept.account_id = account.id
     where kept.day between first and last and kept.counted_at is not null
       and (kept.gone_at is not null
            or not exists (
                 select from private.funnel_changes change
                  where change.account_id = kept.account_id
                    and change.since < kept.ends_at and change.until >= kept.begins_at))
  ), fresh as materialized (
    select account.id as account_id, of_day.day,
           greatest(of_day.begins_at, account.gone_until) as begins_at, of_day.ends_at
      from account
     cross join lateral private.days_of(account.time_zone, first, last) of_day
     where of_day.ends_at > account.gone_until and of_day.begins_at <= now() + interval '1 day'
       and not exists (
             select from kept
              where kept.account_id = account.id and kept.openable
                and kept.begins_at = greatest(of_day.begins_at, account.gone_until))
  )
  select kept.account_id, kept.day, kept.begins_at, kept.ends_at, kept.openable, counts.campaign_id,
         counts.came, counts.matched, counts.sent, counts.tapped, counts.clicked, counts.late,
         counts.waiting, counts.lost
    from kept
    join public.funnel_counts counts
      on counts.account_id = kept.account_id and counts.begins_at = kept.begins_at
   where of_campaign is null or counts.campaign_id = of_campaign
   union all
  select fresh.account_id, fresh.day, fresh.begins_at, fresh.ends_at, true, counts.campaign_id,
         counts.came, counts.matched, counts.sent, counts.tapped, counts.clicked, counts.late,
         counts.waiting, counts.lost
    from (select array_agg(fresh.account_id) as accounts, array_agg(fresh.begins_at) as begin,
                 array_agg(fresh.ends_at) as end_
            from fresh) spans
   cross join lateral private.count_funnel(
           spans.accounts, spans.begin, spans.end_, of_campaign) counts
    join fresh on fresh.account_id = counts.account_id and fresh.begins_at = counts.begins_at
$$;
comment on function private.funnel(uuid, uuid, uuid, date, date) is
  'What campaigns came to on each day of accounts: as it is kept, and else counted.';
revoke all on function private.funnel(uuid, uuid, uuid, date, date) from public;
grant execute on function private.funnel(uuid, uuid, uuid, date, date) to authenticated;

-- Who changes what an old day comes to. Days are kept when they have been over for two days, and what
-- changes of anything received within the last one is not noted: no transaction takes a day.
--
-- A tap or a click belongs to the last thing that was begun before it, so whatever is begun takes
-- those that come after from what was begun before. What is recorded within a minute of being received
-- looks for none of those: what it could take them from was changed by them after it was received, and
-- counting waits five minutes before it believes that it has seen a change whole.
create function private.last_begun(
  of_account uuid, of_person text, of_campaign uuid, by_moment timestamptz)
returns timestamptz
language sql stable set search_path = ''
as $$
  select event.received_at
    from public.events event
   where event.account_id = of_account and event.person_id = of_person
     and event.campaign_id = of_campaign and event.received_at <= by_moment
     and event.outcome <> 'ignored'
     and event.decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over')
   order by event.received_at desc
   limit 1
$$;
revoke all on function private.last_begun(uuid, text, uuid, timestamptz) from public;

create function private.note_funnel_changes(
  of_workspace uuid, of_account uuid, moments timestamptz[])
returns void
language sql volatile set search_path = ''
as $$
  insert into private.funnel_changes (workspace_id, account_id, since, until)
  select distinct of_workspace, of_account, moment, moment
    from unnest(moments) as moment
   where moment < now() - interval '1 day'
$$;
revoke all on function private.note_funnel_changes(uuid, uuid, timestamptz[]) from public;

create function private.change_funnel_by_event()
returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  moments timestamptz[] := array[new.received_at];
begin
  if new.campaign_id is not null and new.person_id <> 'erased' then
    moments := moments || private.last_begun(
      new.account_id, new.person_id, new.campaign_id,
      case when new.decision ->> 'because' = 'tap' then new.received_at
           else new.received_at - interval '1 microsecond' end);
  end if;
  if tg_op = 'UPDATE' and old.campaign_id is distinct from new.campaign_id then
    moments := moments || private.last_begun(
      old.account_id, old.person_id, old.campaign_id,
      old.received_at - interval '1 microsecond');
  end if;
  perform private.note_funnel_changes(new.workspace_id, new.account_id, moments);
  return null;
end
$$;
create trigger change_funnel_by_new after insert on public.events
  for each row when (
    new.account_id is not null
    and (new.received_at < now() - interval '1 minute' or new.decision ->> 'because' = 'tap'))
  execute function private.change_funnel_by_event();
create trigger change_funnel after update of outcome, campaign_id, decision, person_id
  on public.events
  for each row when (
    new.account_id is not null
    and new.received_at < now() - interval '1 minute'
    and (old.outcome, old.campaign_id, old.decision, old.person_id)
        is distinct from (new.outcome, new.campaign_id, new.decision, new.person_id))
  execute function private.change_funnel_by_event();

create function private.change_funnel_by_click()
returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  reply public.deliveries;
  moments timestamptz[];
begin
  select * into reply from public.deliveries where id = new.delivery_id;
  moments := array[(select received_at from private.known_events where event_id = reply.event_id)];
  if reply.person_id <> 'erased' then
    moments := moments || private.last_begun(
      reply.account_id, reply.person_id, reply.campaign_id, reply.created_at);
  end if;
  perform private.note_funnel_changes(new.workspace_id, new.account_id, moments);
  return null;
end
$$;
create trigger change_funnel after insert on public.link_clicks
  for each row execute function private.change_funnel_by_click();

create function private.change_funnel_by_delivery()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform private.note_funnel_changes(new.workspace_id, new.account_id, array[
    (select received_at from private.known_events where event_id = new.event_id)]);
  return null;
end
$$;
create trigger change_funnel after update of state, sent_at on public.deliveries
  for each row when (
    new.kind in ('private_reply', 'public_reply', 'message')
    and (old.state = 'sent', old.sent_at, old.state in ('refused', 'expired', 'cancelled'))
        is distinct from
        (new.state = 'sent', new.sent_at, new.state in ('refused', 'expired', 'cancelled')))
  execute function private.change_funnel_by_delivery();

-- Where days begin, and what is late.
create function private.change_funnel_by_account()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into private.funnel_changes (workspace_id, account_id, since, until)
  values (new.workspace_id, new.id, '-infinity', 'infinity');
  return null;
end
$$;
create trigger change_funnel after update of time_zone, reply_delay_max on public.instagram_accounts
  for each row when (
    (old.time_zone, old.reply_delay_max) is distinct from (new.time_zone, new.reply_delay_max))
  execute function private.change_funnel_by_account();
revoke all on function private.change_funnel_by_event(), private.change_funnel_by_click(),
                       private.change_funnel_by_delivery(), private.change_funnel_by_account()
  from public;

-- Keeping. The last day that is kept of an account is the last that has been over for two days.
create function private.last_funnel_day(time_zone text)
returns date
language sql stable set search_path = ''
as $$ select ((now() - interval '2 days') at time zone time_zone)::date - 1 $$;
revoke all on function private.last_funnel_day(text) from public;

create function private.over_at(time_zone text)
returns timestamptz
language sql stable set search_path = ''
as $$ select (private.last_funnel_day(time_zone) + 1)::timestamp at time zone time_zone $$;
revoke all on function private.over_at(text) from public;

create function private.due_funnels(most int)
returns setof uuid
language sql stable security definer set search_path = ''
as $$
  select account.id
    from public.instagram_accounts account
   where exists (select from private.funnel_changes change
                  where change.account_id = account.id
                    and change.made_at < now() - interval '5 minutes')
      or exists (select from public.funnel_days kept
                  where kept.account_id = account.id and kept.counted_at is null)
      or (not exists (select from public.funnel_days kept
                       where kept.account_id = account.id
                         and kept.ends_at >= private.over_at(account.time_zone))
          and exists (select from public.events event
                       where event.account_id = account.id
                         and event.received_at < private.over_at(account.time_zone)
                         and event.outcome <> 'ignored'
                         and event.decision ->> 'because'
                             not in ('tap', 'answer_given', 'time', 'flow_over')))
   order by account.id
   limit most
$$;
comment on function private.due_funnels(int) is 'Accounts of which days are to be counted, to be kept.';
revoke all on function private.due_funnels(int) from public;
grant execute on function private.due_funnels(int) to switchboard_caretaker;

-- One at a time for each account: who comes second sees what the first has done.
create function private.keep_funnel(of_account uuid, most_days int, most_events int)
returns table (counted int, remaining int)
language plpgsql security definer set search_path = ''
as $$
declare
  account public.instagram_accounts;
  anew boolean;
  gone_until timestamptz;
  first_at timestamptz;
  begin_ timestamptz[];
  end_ timestamptz[];
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('funnel ' || of_account, 0));
  select * into account from public.instagram_accounts where id = of_account;

  with seen as (
    delete from private.funnel_changes change
     where change.account_id = of_account and change.made_at < now() - interval '5 minutes'
    returning change.since, change.until
  ), changed as (
    update public.funnel_days kept
       set counted_at = null
     where kept.account_id = of_account and kept.gone_at is null
       and exists (select from seen
                    where seen.since < kept.ends_at and seen.until >= kept.begins_at)
  )
  select coalesce(bool_or(seen.until = 'infinity'), false) into anew from seen;
  if anew then
    delete from public.funnel_days kept
     where kept.account_id = of_account and kept.gone_at is null;
  end if;

  select coalesce(max(kept.ends_at), '-infinity') into gone_until
    from public.funnel_days kept
   where kept.account_id = of_account and kept.gone_at is not null;
  select min(event.received_at) into first_at
    from public.events event
   where event.account_id = of_account
     and event.outcome <> 'ignored'
     and event.decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over');
  insert into public.funnel_days (account_id, begins_at, ends_at, day, workspace_id)
  select of_account, greatest(of_day.begins_at, gone_until), of_day.ends_at, of_day.day,
         account.workspace_id
    from private.days_of(
           account.time_zone, (greatest(first_at, gone_until) at time zone account.time_zone)::date,
           private.last_funnel_day(account.time_zone)) of_day
   where first_at is not null and of_day.ends_at > gone_until
  on conflict (account_id, begins_at) do nothing;

  select array_agg(one.begins_at), array_agg(one.ends_at) into begin_, end_
    from (select kept.begins_at, kept.ends_at,
                 sum(day.came) over (order by kept.begins_at) - day.came as came_before
            from public.funnel_days kept
           cross join lateral (
             select count(*) as came
               from public.events event
              where event.account_id = of_account
                and event.received_at >= kept.begins_at and event.received_at < kept.ends_at
                and event.outcome <> 'ignored'
                and event.decision ->> 'because'
                    not in ('tap', 'answer_given', 'time', 'flow_over')) day
           where kept.account_id = of_account and kept.counted_at is null
           order by kept.begins_at
           limit most_days) one
   where one.came_before < most_events;
  delete from public.funnel_counts old
   where old.account_id = of_account and old.begins_at = any (begin_);
  insert into public.funnel_counts (account_id, begins_at, campaign_id, workspace_id, came, matched,
                                    sent, tapped, clicked, late, waiting, lost)
  select of_account, found.begins_at, found.campaign_id, account.workspace_id, found.came,
         found.matched, found.sent, found.tapped, found.clicked, found.late, found.waiting,
         found.lost
    from private.count_funnel(
           array_fill(of_account, array[coalesce(cardinality(begin_), 0)]), begin_, end_, null)
         found;
  update public.funnel_days kept
     set counted_at = now()
   where kept.account_id = of_account and kept.begins_at = any (begin_);

  return query
  select coalesce(cardinality(begin_), 0), count(*)::int
    from public.funnel_days kept
   where kept.account_id = of_account and kept.counted_at is null;
end
$$;
comment on function private.keep_funnel(uuid, int, int) is
  'Counts days of an account that are to be kept, the oldest first: so many, and not another once '
  'they had so many events. Returns how many were counted, and how many are left.';
revoke all on function private.keep_funnel(uuid, int, int) from public;
grant execute on function private.keep_funnel(uuid, int, int) to switchboard_caretaker;

-- A day of the ledger may go when what it came to is kept, of all it came to for everybody.
create function private.owed_funnels(of_day date)
returns bigint
language sql stable security definer set search_path = ''
as $$
  select count(*)
    from (select event.account_id, min(event.received_at) as first_at,
                 max(event.received_at) as last_at
            from public.events event
           where event.received_at >= private.first_moment(of_day)
             and event.received_at < private.first_moment(of_day + 1)
             and event.account_id is not null
             and event.outcome <> 'ignored'
             and event.decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over')
           group by event.account_id) came
   where exists (
           select from unnest(array[came.first_at, came.last_at]) as moment
            where not exists (
                    select from public.funnel_days kept
                     where kept.account_id = came.account_id
                       and kept.begins_at <= moment and kept.ends_at > moment))
      or exists (
           select from public.funnel_days kept
            where kept.account_id = came.account_id and kept.gone_at is null
              and kept.begins_at <= came.last_at and kept.ends_at > came.first_at
              and (kept.counted_at is null
                   or exists (
                        select from private.funnel_changes change
                         where change.account_id = kept.account_id
                           and change.since < kept.ends_at and change.until >= kept.begins_at)))
$$;
comment on function private.owed_funnels(date) is
  'How many accounts there are of which the numbers of a day of the ledger are not kept.';
revoke all on function private.owed_funnels(date) from public;
grant execute on function private.owed_funnels(date) to switchboard_caretaker;

create or replace function private.drop_event_day(of_day date, keep_days int)
returns bigint
language plpgsql security definer set search_path = '' set lock_timeout = '500ms'
as $$
declare
  partition constant regclass := to_regclass('private.' || private.events_table(of_day));
  archive private.event_archives;
  there bigint;
begin
  if keep_days < 30 or of_day >= (now() at time zone 'UTC')::date - keep_days then
    raise exception 'day % is not over for % days, nor may fewer than 30 be kept', of_day, keep_days
      using errcode = 'check_violation';
  end if;
  select * into archive from private.event_archives
   where day = of_day and dropped_at is null for update;
  if partition is not null then
    execute format('lock table %s in share mode', partition);
  end if;
  if private.owed_funnels(of_day) > 0 then
    raise exception 'what day % came to is not kept', of_day using errcode = 'check_violation';
  end if;
  update public.funnel_days kept
     set gone_at = now()
   where kept.gone_at is null and kept.counted_at is not null
     and kept.begins_at < private.first_moment(of_day + 1)
     and kept.ends_at > private.first_moment(of_day)
     and exists (
           select from public.events event
            where event.account_id = kept.account_id
              and event.received_at >= greatest(kept.begins_at, private.first_moment(of_day))
              and event.received_at < least(kept.ends_at, private.first_moment(of_day + 1))
              and event.outcome <> 'ignored'
              and event.decision ->> 'because'
                  not in ('tap', 'answer_given', 'time', 'flow_over'));
  if partition is null then
    delete from public.events
     where received_at >= private.first_moment(of_day)
       and received_at < private.first_moment(of_day + 1);
    get diagnostics there = row_count;
  else
    execute format('select count(*) from %s', partition) into there;
  end if;
  if archive.day is null or archive.rows <> there then
    raise exception 'day % has % events, and % of them are archived',
      of_day, there, coalesce(archive.rows, 0)
      using errcode = 'check_violation';
  end if;
  if partition is not null then
    execute format('alter table public.events detach partition %s', partition);
    execute format('drop table %s', partition);
  end if;
  update private.event_archives set dropped_at = now()
   where day = of_day and number = archive.number;
  return there;
end
$$;
comment on function private.drop_event_day(date, int) is
  'Takes a day out of the ledger that is over for more than so many days, if an archive has as many '
  'events as it and its numbers are kept. Returns how many events those were.';
