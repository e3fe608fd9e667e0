-- What grew for ever is bounded where a retention is set: deliveries that are over, with all that was
-- noted of them, and the memory of events that nobody can tell of again.

create table private.delivery_archives (
  day date not null,
  number int not null check (number > 0),
  rows bigint not null check (rows > 0),
  size_bytes bigint not null check (size_bytes >= 0),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  location text not null check (location <> ''),
  finished_at timestamptz not null default now(),
  dropped_at timestamptz,
  primary key (day, number)
);
comment on table private.delivery_archives is
  'What was written to files of old deliveries, without anybody in it; a day may have several.';
comment on column private.delivery_archives.day is 'When they were made, in UTC.';
comment on column private.delivery_archives.sha256 is 'Of the file.';
comment on column private.delivery_archives.dropped_at is 'When what it holds was deleted.';
alter table private.delivery_archives enable row level security;
revoke all on private.delivery_archives from public, anon, authenticated, service_role;
grant select (day, number, rows, size_bytes, sha256, location, finished_at, dropped_at),
      insert (day, number, rows, size_bytes, sha256, location),
      update (rows, size_bytes, sha256, location, finished_at)
   on private.delivery_archives to switchboard_caretaker;
create policy caretaker_select on private.delivery_archives for select to switchboard_caretaker
  using (true);
create policy caretaker_insert on private.delivery_archives for insert to switchboard_caretaker
  with check (dropped_at is null);
create policy caretaker_update on private.delivery_archives for update to switchboard_caretaker
  using (dropped_at is null) with check (dropped_at is null);

create index deliveries_over on public.deliveries (created_at, id)
  where state in ('sent', 'refused', 'expired', 'cancelled');

-- The day of its event has been dropped, so nobody can open it, and what that day came to is kept;
-- nobody waits for it, and nothing has happened to it or with it for as long as anything is kept.
create function private.is_over(one public.deliveries, before timestamptz)
returns boolean
language sql stable set search_path = ''
as $$
  select one.state in ('sent', 'refused', 'expired', 'cancelled') and one.updated_at < before
     and not exists (select from public.link_clicks click
                      where click.delivery_id = one.id and click.clicked_at >= before)
     and not exists (select from public.deliveries follower
                      where follower.after_id = one.id and follower.state = 'waiting')
     and not exists (select from private.known_events known
                       join public.events event
                         on event.event_id = known.event_id
                        and event.received_at = known.received_at
                      where known.event_id = one.event_id)
$$;
revoke all on function private.is_over(public.deliveries, timestamptz) from public;

create function private.oldest_over_delivery(before timestamptz)
returns date
language sql stable security definer set search_path = ''
as $$
  select (one.created_at at time zone 'UTC')::date
    from public.deliveries one
   where one.state in ('sent', 'refused', 'expired', 'cancelled') and one.created_at < before
     and private.is_over(one, before)
   order by one.created_at, one.id
   limit 1
$$;
comment on function private.oldest_over_delivery(timestamptz) is
  'The first day on which a delivery was made with which nothing has happened since `before`, and '
  'whose event''s day has been dropped.';

-- Erasing somebody must not have to look into files: so nobody is in them.
create function private.archived_deliveries(
  of_day date, before timestamptz, after_at timestamptz, after_id uuid, most int)
returns table (id uuid, created_at timestamptz, line text)
language sql stable security definer set search_path = ''
as $$
  select one.id, one.created_at,
         (to_jsonb(one) || jsonb_build_object(
           'person_id', case when one.person_id is not null then 'erased' end,
           'comment_id', case when one.comment_id is not null then 'erased:' || one.id end,
           'content', '{"erased": true}'::jsonb, 'message_id', null, 'recipient_id', null,
           'fbtrace_id', null,
           'transitions', (select coalesce(jsonb_agg(to_jsonb(taken) - 'delivery_id'
                                                     order by taken.number), '[]')
                             from public.delivery_transitions taken
                            where taken.delivery_id = one.id),
           'looks', (select coalesce(jsonb_agg(to_jsonb(look) - '{delivery_id,message_id}'::text[]
                                               order by look.number), '[]')
                       from public.delivery_looks look
                      where look.delivery_id = one.id),
           'clicks', (select coalesce(jsonb_agg(to_jsonb(click) - '{delivery_id,url}'::text[]
                                                order by click.clicked_at, click.event_id), '[]')
                        from public.link_clicks click
                       where click.delivery_id = one.id)))::text
    from public.deliveries one
   where one.state in ('sent', 'refused', 'expired', 'cancelled')
     and one.created_at >= private.first_moment(of_day)
     and one.created_at < private.first_moment(of_day + 1)
     and (one.created_at, one.id) > (after_at, after_id)
     and private.is_over(one, before)
   order by one.created_at, one.id
   limit most
$$;
comment on function private.archived_deliveries(date, timestamptz, timestamptz, uuid, int) is
  'A page of a day''s deliveries that are over, as they are archived: what was owed, when, and what '
  'came of it, as if everybody were erased.';

create function private.drop_deliveries(
  of_day date, before timestamptz, last_at timestamptz, last_id uuid, keep_days int)
returns bigint
language plpgsql security definer set search_path = '' set lock_timeout = '500ms'
as $$
declare
  archive private.delivery_archives;
  there bigint;
begin
  if keep_days < 30 or before > now() - make_interval(days => keep_days) then
    raise exception 'what happened since % is not % days old, nor may fewer than 30 be kept',
      before, keep_days
      using errcode = 'check_violation';
  end if;
  select * into archive from private.delivery_archives
   where day = of_day and dropped_at is null for update;
  delete from public.deliveries one
   where one.state in ('sent', 'refused', 'expired', 'cancelled')
     and one.created_at >= private.first_moment(of_day)
     and one.created_at < private.first_moment(of_day + 1)
     and (one.created_at, one.id) <= (last_at, last_id)
     and private.is_over(one, before);
  get diagnostics there = row_count;
  if archive.day is null or archive.rows <> there then
    raise exception 'of day % there are % deliveries to go, and % of them are archived',
      of_day, there, coalesce(archive.rows, 0)
      using errcode = 'check_violation';
  end if;
  update private.delivery_archives set dropped_at = now()
   where day = of_day and number = archive.number;
  return there;
end
$$;
comment on function private.drop_deliveries(date, timestamptz, timestamptz, uuid, int) is
  'Deletes a day''s deliveries that are over, up to one, with what was noted of them, if an archive has '
  'as many. Returns how many those were.';
revoke all on function private.oldest_over_delivery(timestamptz),
                       private.archived_deliveries(date, timestamptz, timestamptz, uuid, int),
                       private.drop_deliveries(date, timestamptz, timestamptz, uuid, int)
  from public;
grant execute on function private.oldest_over_delivery(timestamptz),
                          private.archived_deliveries(date, timestamptz, timestamptz, uuid, int),
                          private.drop_deliveries(date, timestamptz, timestamptz, uuid, int)
   to switchboard_caretaker;

-- An event is forgotten when its day is gone and nothing is owed for it any more. It must not be decided
-- again, whoever tells of it: so what happened, or was received, before the memory begins is taken to
-- be known. Nobody could be answered for it anyway: Meta allows seven days.
create table private.event_memory (
  single boolean primary key default true check (single),
  begins_at timestamptz not null
);
comment on table private.event_memory is
  'One row, once anything was forgotten: an event of before `begins_at` that is not known was known.';
alter table private.event_memory enable row level security;
revoke all on private.event_memory from public, anon, authenticated, service_role;
grant select (begins_at) on private.event_memory to switchboard_pipeline;
create policy pipeline_select on private.event_memory for select to switchboard_pipeline
  using (true);

-- They are written in the order in which they are received, so this is small and costs little.
create index known_events_by_time on private.known_events using brin (received_at)
  with (pages_per_range = 32, autosummarize = on);

create function private.forget_events(keep_days int, most int)
returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
  before constant timestamptz := now() - make_interval(days => keep_days);
  forgotten bigint;
begin
  if keep_days < 30 then
    raise exception 'no fewer than 30 days may be kept, and not %', keep_days
      using errcode = 'check_violation';
  end if;
  insert into private.event_memory as memory (begins_at) values (before)
  on conflict (single) do update set begins_at = greatest(memory.begins_at, excluded.begins_at);
  with old as (
    select known.event_id
      from private.known_events known
     where known.received_at < before
       and not exists (select from public.events event
                        where event.event_id = known.event_id
                          and event.received_at = known.received_at)
       and not exists (select from public.deliveries delivery
                        where delivery.event_id = known.event_id)
     limit most
       for update skip locked
  )
  delete from private.known_events known using old where known.event_id = old.event_id;
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
comment on function private.forget_events(int, int) is
  'Forgets so many events that were received more than so many days ago, are in no day of the ledger '
  'and have no deliveries. Returns how many; call it until that is few.';
revoke all on function private.forget_events(int, int) from public;
grant execute on function private.forget_events(int, int) to switchboard_caretaker;
