-- The ledger day by day: a day that nobody looks at any more is dropped, once what stays of it has
-- been written to a file.
--
-- The same happening may be told of twice, at two moments, and must be one event: so which events
-- are known, and in which day each is, is a table of its own, and stays when a day is dropped.

create table private.known_events (
  event_id uuid primary key,
  received_at timestamptz not null
);
comment on table private.known_events is
  'Every event that was ever recorded, and which day of the ledger it is or was in.';
comment on column private.known_events.received_at is
  'When whoever told of it first did: the event''s own, so that a second row would be another day''s '
  'and cannot be.';
alter table private.known_events enable row level security;
revoke all on private.known_events from public, anon, authenticated, service_role;
grant select (event_id, received_at), insert (event_id, received_at)
   on private.known_events to switchboard_pipeline;
create policy pipeline_select on private.known_events for select to switchboard_pipeline
  using (true);
create policy pipeline_insert on private.known_events for insert to switchboard_pipeline
  with check (true);
grant select (event_id) on private.known_events to switchboard_caretaker;
create policy caretaker_select on private.known_events for select to switchboard_caretaker
  using (true);
insert into private.known_events (event_id, received_at)
  select event_id, received_at from public.events;

-- What is owed outlives the day of what it answers.
alter table public.deliveries drop constraint deliveries_event_id_fkey;
alter table public.deliveries
  add constraint deliveries_event_id_fkey
  foreign key (event_id) references private.known_events (event_id);

-- What is there becomes the part before the first day, as it is: no row is written again.
drop policy events_select on public.events;
drop policy pipeline_select on public.events;
drop policy pipeline_insert on public.events;
drop policy pipeline_update on public.events;
drop policy caretaker_select on public.events;
drop trigger refuse_second_decision on public.events;
drop trigger keep_click on public.events;
alter table public.events drop constraint events_pkey, alter column event_id set not null;
alter table public.events rename to events_earlier;
alter table public.events_earlier set schema private;
revoke all on private.events_earlier from public, anon, authenticated, service_role;
revoke all (event_id, workspace_id, account_id, instagram_id, kind, identity, person_id, occurred_at,
            received_at, recorded_at, outcome, campaign_id, decision, event, trace_id)
    on private.events_earlier
  from authenticated, switchboard_pipeline, switchboard_caretaker;

create table public.events (
  event_id uuid not null,
  workspace_id uuid,
  account_id uuid,
  instagram_id text not null,
  kind text not null,
  identity text not null,
  person_id text,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  outcome text not null,
  campaign_id uuid,
  decision jsonb not null,
  event jsonb not null,
  trace_id text not null,
  primary key (event_id, received_at),
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id),
  constraint events_kind_check check (kind <> ''),
  constraint events_identity_check check (identity <> ''),
  constraint events_person_id_check check (person_id <> ''),
  constraint events_outcome_check check (outcome <> ''),
  constraint events_check check ((workspace_id is null) = (account_id is null))
) partition by range (received_at);
comment on table public.events is
  'One row for each happening Meta told us of, however often it did, with the decision it got. Where '
  'old ones are dropped, each day (UTC) is a partition in `private`. Nobody has a right to those.';
comment on column public.events.event_id is 'Derived from `identity`: the same happening, the same id.';
comment on column public.events.workspace_id is
  'Null for an account nobody has connected, and for a webhook nobody could read.';
comment on column public.events.received_at is
  'When whoever told of it first did. It says which day the row is in, and never changes.';
comment on column public.events.outcome is
  '`asked`: the classifier has the question, and its answer will decide. Anything else is final.';
comment on column public.events.decision is 'Why: enough to explain it, and to decide it again.';

create index events_of_workspace on public.events (workspace_id, received_at desc);
create index events_of_account on public.events (account_id, received_at desc);
create index events_in_order on public.events (received_at, event_id);
create index events_echoes on public.events (account_id, person_id, received_at)
  where kind = 'echo.v1';
create index events_own_comments on public.events (account_id, received_at)
  where kind = 'comment.v1' and person_id is null;
create index events_of_person on public.events (account_id, person_id, received_at desc)
  where person_id is not null;
create index events_replies on public.events (account_id, (event ->> 'parent_id'))
  where event ->> 'parent_id' is not null;
create index events_of_nobody on public.events (instagram_id, person_id) where account_id is null;
create index events_not_read on public.events (instagram_id)
  where kind in ('not_understood.v1', 'unreadable.v1');
create index events_as_recorded on public.events (workspace_id, recorded_at, event_id);
create index events_of_campaign on public.events (campaign_id, received_at desc)
  where campaign_id is not null;
create index events_come on public.events (account_id, received_at)
  include (event_id, workspace_id, outcome, campaign_id, person_id)
  where outcome <> 'ignored'
    and decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over');
create index events_taps on public.events (account_id, person_id, campaign_id, received_at)
  include (workspace_id)
  where decision ->> 'because' = 'tap';

alter table public.events enable row level security;
revoke all on public.events from public, anon, authenticated, service_role;
grant select (event_id, workspace_id, account_id, instagram_id, kind, identity, person_id,
              occurred_at, received_at, recorded_at, outcome, campaign_id, decision, event, trace_id)
   on public.events to authenticated;
create policy events_select on public.events for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
grant select (event_id, received_at, outcome),
      insert (event_id, workspace_id, account_id, instagram_id, kind, identity, person_id,
              occurred_at, received_at, outcome, campaign_id, decision, event, trace_id),
      update (outcome, campaign_id, decision)
   on public.events to switchboard_pipeline;
create policy pipeline_select on public.events for select to switchboard_pipeline using (true);
create policy pipeline_insert on public.events for insert to switchboard_pipeline with check (true);
-- Which rows may change is a trigger's to say: a policy that refuses one would fail its whole batch.
create policy pipeline_update on public.events for update to switchboard_pipeline
  using (true) with check (true);
grant select (event_id, account_id, received_at) on public.events to switchboard_caretaker;
create policy caretaker_select on public.events for select to switchboard_caretaker using (true);

-- Whoever records an event has found out first in which day it is. Whoever does not, such as an
-- import, is held to it all the same.
create function private.know_event()
returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  known_at timestamptz;
begin
  select received_at into known_at from private.known_events where event_id = new.event_id;
  if known_at is null then
    insert into private.known_events (event_id, received_at)
    values (new.event_id, new.received_at);
  elsif known_at <> new.received_at then
    raise exception 'event % was received at % already', new.event_id, known_at
      using errcode = 'unique_violation';
  end if;
  return new;
end
$$;
revoke all on function private.know_event() from public;
create trigger know_event before insert on public.events
  for each row execute function private.know_event();
create trigger refuse_second_decision
  before update of outcome, campaign_id, decision on public.events
  for each row when (
    old.outcome <> 'asked'
    and (old.outcome, old.campaign_id, old.decision)
        is distinct from (new.outcome, new.campaign_id, new.decision)
  )
  execute function private.refuse_second_decision();
create trigger keep_click after insert on public.events
  for each row when (new.kind = 'link_clicked.v1')
  execute function private.keep_click();

create function private.first_moment(of_day date)
returns timestamptz
language sql stable set search_path = ''
as $$ select of_day::timestamp at time zone 'UTC' $$;
revoke all on function private.first_moment(date) from public;

create function private.events_table(of_day date)
returns text
language sql stable set search_path = ''
as $$ select 'events_' || to_char(of_day, 'YYYYMMDD') $$;
revoke all on function private.events_table(date) from public;

-- What nobody made a day for: all there is, where days are not dropped. A new day takes its own.
create table private.events_unexpected partition of public.events default;
comment on table private.events_unexpected is 'Events of days that nobody has made.';
alter table private.events_unexpected enable row level security;
revoke all on private.events_unexpected from public, anon, authenticated, service_role;

-- Up to today, or to tomorrow where today has begun. A clock may have run ahead.
do $$
declare
  today date := (now() at time zone 'UTC')::date;
  starts timestamptz := private.first_moment(
    today + case when exists (select from private.events_earlier) then 1 else 0 end);
begin
  with ahead as (
    delete from private.events_earlier where received_at >= starts returning *
  )
  insert into private.events_unexpected select * from ahead;
  execute format(
    'alter table public.events attach partition private.events_earlier'
    ' for values from (minvalue) to (%L)', starts);
end
$$;
comment on table private.events_earlier is 'Events of before the first day that is a partition.';

-- Planning a query looks at each partition: so days are made only where they will be dropped. A day
-- that exists, or is in the part before the first day, is left alone. Nothing waits for long: whoever
-- is in the way of `lock_timeout` is let through, and the days are made the next time. Making one
-- reads all of what no day was made for, with everybody else waiting; where that is much, days remain
-- what is deleted.
create function private.make_event_days(ahead int)
returns int
language plpgsql security definer set search_path = '' set lock_timeout = '500ms'
as $$
declare
  today constant date := (now() at time zone 'UTC')::date;
  begins constant timestamptz := (
    select substring(pg_catalog.pg_get_expr(relpartbound, oid) from 'TO \(''(.*)''\)')::timestamptz
      from pg_catalog.pg_class where oid = 'private.events_earlier'::regclass);
  of_day date;
  partition text;
  made int := 0;
begin
  if pg_catalog.pg_relation_size('private.events_unexpected'::regclass) > 256 * 1024 * 1024 then
    return 0;
  end if;
  for of_day in
    select today + number from generate_series(0, least(ahead, 31)) as number
     where private.first_moment(today + number) >= begins
       and to_regclass('private.' || private.events_table(today + number)) is null
  loop
    partition := private.events_table(of_day);
    execute format(
      'create table private.%I (like public.events including defaults including constraints)',
      partition);
    execute format('comment on table private.%I is %L', partition, 'Events received on ' || of_day);
    execute format('alter table private.%I enable row level security', partition);
    execute format(
      'revoke all on private.%I from public, anon, authenticated, service_role', partition);
    lock table only public.events in share update exclusive mode;
    lock table private.events_unexpected in access exclusive mode;
    execute format(
      'with moved as (
         delete from private.events_unexpected where received_at >= %L and received_at < %L
         returning *
       )
       insert into private.%I select * from moved',
      private.first_moment(of_day), private.first_moment(of_day + 1), partition);
    execute format(
      'alter table public.events attach partition private.%I for values from (%L) to (%L)',
      partition, private.first_moment(of_day), private.first_moment(of_day + 1));
    made := made + 1;
  end loop;
  return made;
end
$$;
comment on function private.make_event_days(int) is
  'Makes the days of the ledger from today until so many days ahead, and returns how many those were.';
revoke all on function private.make_event_days(int) from public;
grant execute on function private.make_event_days(int) to switchboard_caretaker;

create table private.event_archives (
  day date not null,
  number int not null check (number > 0),
  rows bigint not null check (rows >= 0),
  size_bytes bigint not null check (size_bytes >= 0),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  location text not null check (location <> ''),
  finished_at timestamptz not null default now(),
  dropped_at timestamptz,
  primary key (day, number)
);
comment on table private.event_archives is
  'What was written to files of the ledger''s days, without anybody in it.';
comment on column private.event_archives.number is
  'Over 1: events of that day came, with an import, after it had been dropped.';
comment on column private.event_archives.sha256 is 'Of the file.';
comment on column private.event_archives.dropped_at is 'When what it holds was taken from the ledger.';
alter table private.event_archives enable row level security;
revoke all on private.event_archives from public, anon, authenticated, service_role;
grant select (day, number, rows, size_bytes, sha256, location, finished_at, dropped_at),
      insert (day, number, rows, size_bytes, sha256, location),
      update (rows, size_bytes, sha256, location, finished_at)
   on private.event_archives to switchboard_caretaker;
create policy caretaker_select on private.event_archives for select to switchboard_caretaker
  using (true);
create policy caretaker_insert on private.event_archives for insert to switchboard_caretaker
  with check (dropped_at is null);
create policy caretaker_update on private.event_archives for update to switchboard_caretaker
  using (dropped_at is null) with check (dropped_at is null);

-- Erasing somebody must not have to look into files, nor believe that they are still where they
-- were: so nobody is in them. The caretaker, who may not read what people wrote, need not either.
create function private.archived_events(
  of_day date, after_at timestamptz, after_id uuid, most int)
returns table (event_id uuid, received_at timestamptz, line text)
language sql stable security definer set search_path = ''
as $$
  select one.event_id, one.received_at,
         (to_jsonb(one) || jsonb_build_object(
           'identity', 'erased:' || one.event_id,
           'person_id', case when one.person_id is not null then 'erased' end,
           'decision', private.erased_decision(one.decision),
           'event', private.erased_event(one.event)))::text
    from public.events one
   where one.received_at >= private.first_moment(of_day)
     and one.received_at < private.first_moment(of_day + 1)
     and (one.received_at, one.event_id) > (after_at, after_id)
   order by one.received_at, one.event_id
   limit most
$$;
comment on function private.archived_events(date, timestamptz, uuid, int) is
  'A page of a day as it is archived: what happened and what was decided, as if everybody were erased.';
revoke all on function private.archived_events(date, timestamptz, uuid, int) from public;
grant execute on function private.archived_events(date, timestamptz, uuid, int)
   to switchboard_caretaker;

-- What is dropped is what was counted: rows as they are deleted, a partition under a lock that
-- whoever only reads does not notice until it goes. A day without a partition is of before the first
-- day, or nobody had made it.
create function private.drop_event_day(of_day date, keep_days int)
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
  if partition is null then
    delete from public.events
     where received_at >= private.first_moment(of_day)
       and received_at < private.first_moment(of_day + 1);
    get diagnostics there = row_count;
  else
    execute format('lock table %s in share mode', partition);
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
  'events as it. Returns how many those were.';
revoke all on function private.drop_event_day(date, int) from public;
grant execute on function private.drop_event_day(date, int) to switchboard_caretaker;

-- By the day its event is in: without it, every day is looked into.
create or replace function private.parent_comment(of_delivery uuid)
returns text
language sql stable security definer set search_path = ''
as $$
  select event.event ->> 'parent_id'
    from public.deliveries delivery
    join private.known_events known on known.event_id = delivery.event_id
    join public.events event
      on event.event_id = known.event_id and event.received_at = known.received_at
   where delivery.id = of_delivery
     and event.kind in ('comment.v1', 'live_comment.v1')
     and event.event ->> 'comment_id' = delivery.comment_id
$$;
