-- A workspace ends: an owner says so, for a while it can be called off, and then everything it owns goes.

-- Meta's limits look back an hour, and what is on a queue is mostly there for seconds. So whoever says it,
-- a day passes at least between the last thing that was sent for a workspace and the end of its rows.
alter table public.workspaces
  add column deletion_asked_at timestamptz,
  add column deletion_asked_by uuid,
  add column deletion_due_at timestamptz,
  add check ((deletion_asked_at is null) = (deletion_due_at is null)),
  add check (deletion_asked_by is null or deletion_asked_at is not null),
  add check (deletion_due_at >= deletion_asked_at + interval '1 day');
comment on column public.workspaces.deletion_asked_at is 'When somebody asked for its deletion.';
comment on column public.workspaces.deletion_asked_by is
  'Which owner did; null: whoever runs the installation. Not a reference.';
comment on column public.workspaces.deletion_due_at is
  'From then on everything it owns is deleted; before, it can be called off.';
create index workspaces_to_delete on public.workspaces (deletion_due_at)
  where deletion_due_at is not null;
grant select (deletion_asked_at, deletion_asked_by, deletion_due_at) on public.workspaces
   to authenticated;

create table private.removed_workspaces (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  asked_by uuid,
  asked_at timestamptz not null,
  began_at timestamptz not null default now(),
  finished_at timestamptz,
  counts jsonb not null default '{}' check (jsonb_typeof(counts) = 'object')
);
comment on table private.removed_workspaces is
  'The installation''s log of workspaces that were deleted: who, when, how many rows of what, and '
  'nothing of what was in them.';
comment on column private.removed_workspaces.workspace_id is
  'Not a reference: it is gone. One that was brought back by an import may be here twice.';
comment on column private.removed_workspaces.asked_by is
  'The owner who asked; null: whoever runs the installation.';
comment on column private.removed_workspaces.finished_at is 'Null: its rows are going just now.';
create unique index removed_workspaces_going on private.removed_workspaces (workspace_id)
  where finished_at is null;
alter table private.removed_workspaces enable row level security;
revoke all on private.removed_workspaces from public, anon, authenticated, service_role;

create function private.is_going(of_workspace uuid)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select exists (select from private.removed_workspaces
                  where workspace_id = of_workspace and finished_at is null)
$$;
comment on function private.is_going(uuid) is 'Whether a workspace''s rows are being deleted.';
revoke all on function private.is_going(uuid) from public;

-- Asking, and calling it off.

create function private.schedule_deletion(of_workspace uuid, by_user uuid, grace interval)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if grace < interval '1 day' or grace > interval '90 days' then
    raise exception 'a workspace is deleted 1 to 90 days after it is asked for, and not %', grace
      using errcode = 'check_violation', hint = 'Choose another time.';
  end if;
  update public.workspaces
     set deletion_asked_at = now(), deletion_asked_by = by_user, deletion_due_at = now() + grace
   where id = of_workspace and deletion_asked_at is null;
  if not found then
    return;  -- it was asked for before: that holds
  end if;
  update public.campaigns set status = 'paused' where workspace_id = of_workspace and status = 'live';
  update public.instagram_accounts set status = 'disconnected'
   where workspace_id = of_workspace and status <> 'disconnected';
  update private.jobs set next_run_at = least(next_run_at, now())
   where name = 'removals' and subject = '';
end
$$;
comment on function private.schedule_deletion(uuid, uuid, interval) is
  'Pauses what a workspace answers with, disconnects its accounts, and has it deleted after a while. '
  'One of which that was asked before keeps its day.';
revoke all on function private.schedule_deletion(uuid, uuid, interval) from public;

create function private.delete_workspace(of_workspace uuid, named text, grace interval)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  known_as constant text := (
    select name from public.workspaces
     where id = of_workspace
       and id = any ((select private.my_workspace_ids('owner'))::uuid[])
       for update);
begin
  if known_as is null then
    raise exception 'workspace % is not yours to delete', of_workspace
      using errcode = 'insufficient_privilege', hint = 'An owner may.';
  end if;
  if known_as <> named then
    raise exception 'that is not what the workspace is called'
      using errcode = 'check_violation', hint = 'Type its name as it is.';
  end if;
  perform private.schedule_deletion(of_workspace, auth.uid(), grace);
end
$$;
comment on function private.delete_workspace(uuid, text, interval) is
  'As private.schedule_deletion, for an owner who has typed the workspace''s name.';
revoke all on function private.delete_workspace(uuid, text, interval) from public;
grant execute on function private.delete_workspace(uuid, text, interval) to authenticated;

create function private.call_off_deletion(of_workspace uuid)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform from public.workspaces where id = of_workspace for update;
  if private.is_going(of_workspace) then
    raise exception 'workspace % is being deleted', of_workspace
      using errcode = 'check_violation', hint = 'It is too late to call that off.';
  end if;
  update public.workspaces
     set deletion_asked_at = null, deletion_asked_by = null, deletion_due_at = null
   where id = of_workspace and deletion_asked_at is not null;
  return found;
end
$$;
comment on function private.call_off_deletion(uuid) is
  'Lets a workspace be. What was paused and disconnected stays so. False: nobody had asked.';
revoke all on function private.call_off_deletion(uuid) from public;

create function private.keep_workspace(of_workspace uuid)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if of_workspace <> all (private.my_workspace_ids('owner')) then
    raise exception 'workspace % is not yours to keep', of_workspace
      using errcode = 'insufficient_privilege', hint = 'An owner may.';
  end if;
  return private.call_off_deletion(of_workspace);
end
$$;
comment on function private.keep_workspace(uuid) is 'As private.call_off_deletion, for an owner.';
revoke all on function private.keep_workspace(uuid) from public;
grant execute on function private.keep_workspace(uuid) to authenticated;

-- Whoever connects or goes live holds the workspace: what is asked at the same moment waits, and
-- disconnects and pauses that, too.
create function private.refuse_while_deleted()
returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform from public.workspaces where id = new.workspace_id for share;
  if exists (select from public.workspaces
              where id = new.workspace_id and deletion_asked_at is not null) then
    raise exception 'the workspace is to be deleted'
      using errcode = 'check_violation', hint = 'Call that off first.';
  end if;
  return new;
end
$$;
revoke all on function private.refuse_while_deleted() from public;
create trigger refuse_new_while_deleted before insert on public.instagram_accounts
  for each row when (new.status <> 'disconnected') execute function private.refuse_while_deleted();
create trigger refuse_connecting_while_deleted before update of status on public.instagram_accounts
  for each row when (old.status = 'disconnected' and new.status <> 'disconnected')
  execute function private.refuse_while_deleted();
create trigger refuse_going_live_while_deleted before update of status on public.campaigns
  for each row when (old.status <> 'live' and new.status = 'live')
  execute function private.refuse_while_deleted();
create trigger refuse_while_deleted before insert on private.login_states
  for each row execute function private.refuse_while_deleted();

-- What never goes, goes with its workspace.

create or replace function private.refuse_change()
returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' and private.is_going(old.workspace_id) then
    return old;
  end if;
  raise exception '% of %.% is refused: a published version never changes',
    tg_op, tg_table_schema, tg_table_name
    using errcode = 'check_violation', hint = 'Publish a new version.';
end
$$;

create function private.refuse_deleting_entry()
returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if private.is_going(old.workspace_id) then
    return old;
  end if;
  raise exception '% of %.% is refused: what happened stays', tg_op, tg_table_schema, tg_table_name
    using errcode = 'check_violation';
end
$$;
revoke all on function private.refuse_deleting_entry() from public;
drop trigger refuse_rewriting on public.audit_log;
create trigger refuse_rewriting before truncate on public.audit_log
  for each statement execute function private.refuse_rewriting();
create trigger refuse_deleting_entry before delete on public.audit_log
  for each row execute function private.refuse_deleting_entry();
comment on table public.audit_log is
  'Every change to who belongs to a workspace, to its accounts'' settings and to what they answer '
  'with. Nothing of it is ever changed or deleted, except that an account whose owner had their data '
  'deleted is no longer named, and that a workspace that is deleted takes its log along. It holds no '
  'secrets and no words of people''s.';

create or replace function private.refuse_ownerless_workspace()
returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if private.is_going(old.workspace_id) then
    return null;
  end if;
  -- Two owners who leave at once must see each other, so they queue for the workspace.
  perform 1 from public.workspaces where id = old.workspace_id for no key update;
  if found and not exists (
    select from public.memberships where workspace_id = old.workspace_id and role = 'owner'
  ) then
    raise exception 'workspace % would be left without an owner', old.workspace_id
      using errcode = 'check_violation',
            hint = 'Make somebody else an owner first, or delete the workspace.';
  end if;
  return null;
end
$$;

-- What is still on its way to an account that is gone is nobody's: so that it was erased is remembered for
-- longer than the account.
alter table private.forgotten drop constraint forgotten_account_id_fkey;
comment on column private.forgotten.account_id is
  'Not a reference: it is remembered when the account is gone.';

-- No snapshot of what is going, and none travels with the wish to be deleted.
create or replace function private.ask_for_snapshots(every interval, keep interval, most int)
returns int
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  with due as (
    select workspace.id
      from public.workspaces workspace
     where coalesce(workspace.deletion_due_at > now(), true)
       and not exists (
             select from public.exports made
              where made.workspace_id = workspace.id and made.snapshot
                and (made.state in ('asked', 'running')
                     or made.asked_at > now() - least(every, interval '1 hour')
                     or (made.state = 'done' and made.asked_at > now() - every)))
     order by workspace.id
     limit most
  ), asked as (
    insert into public.exports (workspace_id, kind, snapshot, kept_for)
    select id, 'workspace', true, keep from due
    returning 1
  )
  select count(*)::int from asked
$$;

create or replace function private.exported_tables()
returns table (name text, ordered text, whose text, stays text[], is_event boolean)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  values
    ('public.workspaces', 'id', 'id',
     '{deletion_asked_at,deletion_asked_by,deletion_due_at}'::text[], false),
    ('public.instagram_accounts', 'id', 'workspace_id',
     '{status,held_until,hold_reason,holds,probe_id,probe_until,proved_at}', false),
    ('public.campaigns', 'id', 'workspace_id', '{}', false),
    ('public.campaign_versions', 'campaign_id, version', 'workspace_id', '{}', false),
    ('public.intents', 'account_id, name', 'workspace_id', '{}', false),
    ('public.intent_labels', 'labelled_at, id', 'workspace_id', '{}', false),
    ('public.posts', 'account_id, media_id', 'workspace_id', '{}', false),
    ('public.post_coverage', 'account_id, media_id', 'workspace_id', '{}', false),
    ('public.rule_books', 'account_id, version', 'workspace_id', '{}', false),
    ('public.contacts', 'account_id, person_id', 'workspace_id', '{}', false),
    ('public.events', 'received_at, event_id', 'workspace_id', '{}', true),
    ('public.deliveries', 'created_at, id', 'workspace_id', '{}', false),
    ('public.delivery_transitions', 'delivery_id, number', 'workspace_id', '{}', false),
    ('public.delivery_looks', 'delivery_id, number', 'workspace_id', '{}', false),
    ('public.link_clicks', 'clicked_at, event_id', 'workspace_id', '{}', false),
    ('public.funnel_days', 'account_id, begins_at', 'workspace_id', '{counted_at}', false),
    ('public.funnel_counts', 'account_id, begins_at, campaign_id', 'workspace_id', '{}', false),
    ('public.alerts', 'raised_at, id', 'workspace_id', '{}', false),
    ('public.audit_log', 'id', 'workspace_id', '{id}', false)
$$;

-- Deleting. A part at a time, each a transaction of its own; whoever goes on begins at the top and finds
-- what is left, so it may be killed anywhere.

create function private.tokens_to_forget()
returns table (account_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select credential.account_id
    from public.workspaces workspace
    join public.instagram_accounts account on account.workspace_id = workspace.id
    join private.instagram_credentials credential on credential.account_id = account.id
   where workspace.deletion_asked_at is not null and account.status = 'disconnected'
   order by credential.account_id
$$;
comment on function private.tokens_to_forget() is
  'Accounts of workspaces that are to be deleted, that still have a token.';

create function private.workspaces_to_remove(most int)
returns table (workspace_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select id from public.workspaces where deletion_due_at <= now() order by deletion_due_at, id
   limit most
$$;
comment on function private.workspaces_to_remove(int) is
  'So many workspaces that are to be deleted now, those that waited longest first.';

-- From here on nobody calls it off. Everybody who ever wrote to it is forgotten as by an erasing: what they
-- did before and what is still on its way is recorded without them.
create function private.begin_removing(of_workspace uuid)
returns table (instagram_id text)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  workspace public.workspaces;
begin
  select * into workspace from public.workspaces where id = of_workspace for update;
  if workspace.id is null then
    return;
  end if;
  if coalesce(workspace.deletion_due_at > now(), true) then
    raise exception 'workspace % is not to be deleted now', of_workspace
      using errcode = 'check_violation';
  end if;
  insert into private.removed_workspaces (workspace_id, asked_by, asked_at)
  values (of_workspace, workspace.deletion_asked_by, workspace.deletion_asked_at)
  on conflict (workspace_id) where finished_at is null do nothing;
  if found then
    delete from private.forgotten gone
     using public.instagram_accounts account
     where account.workspace_id = of_workspace and gone.account_id = account.id
       and gone.marks is null;
    insert into private.forgotten (account_id, instagram_id)
    select account.id, account.instagram_id
      from public.instagram_accounts account
     where account.workspace_id = of_workspace;
  end if;
  -- A lease stays: who holds it may still write a file, and that is removed after it.
  update public.exports
     set state = 'removed', removed_because = 'discarded', failure = null, lease_owner = null,
         finished_at = coalesce(finished_at, now())
   where workspace_id = of_workspace and state <> 'removed';
  return query
    select distinct account.instagram_id
      from public.instagram_accounts account
     where account.workspace_id = of_workspace
       and exists (select from private.removed_workspaces log
                    where log.workspace_id = of_workspace and log.finished_at is null
                      and log.counts = '{}')
       and not exists (
         select from public.instagram_accounts other
          where other.instagram_id = account.instagram_id and other.workspace_id <> of_workspace
            and other.status <> 'disconnected');
end
$$;
comment on function private.begin_removing(uuid) is
  'Notes that a workspace is being deleted, and lets nobody have its exports. Returns the accounts '
  'at Instagram of which Redis is to forget everything before the first row goes: those that nobody '
  'else has connected.';

-- Every table with rows of a workspace, in the order in which they can go: first who may look at it and act
-- for it, then what refers to others. `$1` is the workspace. A table that is not in here, nor excused in
-- `switchboard.db.removals`, fails a test.
create function private.rows_to_remove()
returns table (number int, name text, theirs text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select listed.number, listed.name,
         case listed.theirs
           when 'workspace' then 'workspace_id = $1'
           when 'account'
           then 'account_id in (select id from public.instagram_accounts where workspace_id = $1)'
           else listed.theirs
         end
    from (values
      -- Answers that were given to its keys, or that have something of it.
      (1, 'private.idempotency_keys', 'caller_id in (select id from public.api_keys where workspace_id = $1)
      or caller_id in (select user_id from public.memberships where workspace_id = $1)
         and exists (
           select from (select $1::text as id
                         union all
                        select id::text from public.instagram_accounts
                         where workspace_id = $1) named
            where position(convert_to(named.id, ''UTF8'') in body) > 0
               or position(named.id in headers::text) > 0)'),
      (2, 'private.login_states', 'workspace'),
      (3, 'public.invitations', 'workspace'),
      (4, 'public.api_keys', 'workspace'),
      (5, 'public.memberships', 'workspace'),
      (6, 'private.jobs', 'workspace_id = $1
      or subject in (select id::text from public.instagram_accounts where workspace_id = $1)'),
      (7, 'private.instagram_credentials', 'account'),
      (8, 'private.webhook_secrets', 'account'),
      (9, 'private.attachments', 'account'),
      (10, 'private.comment_readings', 'account'),
      (11, 'public.delivery_forecasts', 'workspace'),
      (12, 'public.alerts', 'workspace'),
      (13, 'public.link_clicks', 'workspace'),
      (14, 'public.delivery_looks', 'workspace'),
      (15, 'public.delivery_transitions', 'workspace'),
      (16, 'public.funnel_counts', 'workspace'),
      (17, 'public.funnel_days', 'workspace'),
      (18, 'private.funnel_changes', 'workspace'),
      (19, 'public.deliveries', 'workspace'),
      (20, 'public.intent_labels', 'workspace'),
      (21, 'public.contacts', 'account'),
      (22, 'public.events', 'workspace'),
      -- What came for its accounts while nobody had them connected.
      (23, 'public.events', 'account_id is null and instagram_id in (
        select mine.instagram_id from public.instagram_accounts mine
         where mine.workspace_id = $1
           and not exists (select from public.instagram_accounts other
                            where other.instagram_id = mine.instagram_id
                              and other.workspace_id <> $1))'),
      (24, 'public.intents', 'workspace'),
      (25, 'public.posts', 'account'),
      (26, 'public.post_coverage', 'workspace'),
      (27, 'public.rule_books', 'workspace'),
      (28, 'public.campaign_versions', 'workspace'),
      (29, 'public.campaigns', 'workspace'),
      (30, 'public.exports', 'workspace'),
      (31, 'public.audit_log', 'workspace')
    ) listed (number, name, theirs)
$$;
comment on function private.rows_to_remove() is
  'The tables whose rows go with their workspace, in order, and which rows those are.';
revoke all on function private.rows_to_remove() from public;

create function private.remove_some(of_table text, theirs text, of_workspace uuid, most int)
returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  removed bigint;
begin
  if of_table = 'public.events' then  -- in partitions a place is no name
    execute format(
      'delete from public.events where (event_id, received_at) in (
         select event_id, received_at from public.events where %s limit $2)', theirs)
      using of_workspace, most;
  else
    execute format(
      'delete from %1$s where ctid = any (array(select ctid from %1$s where %2$s limit $2))',
      of_table, theirs)
      using of_workspace, most;
  end if;
  get diagnostics removed = row_count;
  return removed;
end
$$;
revoke all on function private.remove_some(text, text, uuid, int) from public;

create function private.remove_workspace(of_workspace uuid, most int)
returns table (removed bigint, done boolean, waits_for text)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  one record;
  went bigint;
  counted jsonb := '{}';
begin
  removed := 0;
  done := false;
  if not private.is_going(of_workspace) then
    raise exception 'workspace % is not being deleted', of_workspace
      using errcode = 'check_violation';
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('removing ' || of_workspace, 0)) then
    waits_for := 'another';
    return next;
    return;
  end if;
  if exists (select from public.deliveries
              where workspace_id = of_workspace and state = 'sending' and lease_until > now()) then
    waits_for := 'sending';
    return next;
    return;
  end if;
  update public.campaigns set status = 'draft', live_version = null
   where workspace_id = of_workspace and live_version is not null;
  for one in select * from private.rows_to_remove() listed order by listed.number
  loop
    if one.name = 'public.exports' and exists (
      select from public.exports
       where workspace_id = of_workspace and attempts > 0 and swept_at is null
    ) then
      waits_for := 'files';
      exit;
    end if;
    went := private.remove_some(one.name, one.theirs, of_workspace, (most - removed)::int);
    removed := removed + went;
    if went > 0 then
      counted := counted || jsonb_build_object(
        one.name, went + coalesce((counted ->> one.name)::bigint, 0));
    end if;
    exit when removed >= most;
  end loop;
  if removed < most and waits_for is null then
    counted := counted || jsonb_build_object('public.instagram_accounts', (
      select count(*) from public.instagram_accounts where workspace_id = of_workspace));
    delete from public.instagram_accounts where workspace_id = of_workspace;
    delete from public.workspaces where id = of_workspace;
    delete from public.audit_log where workspace_id = of_workspace;
    done := true;
  end if;
  update private.removed_workspaces log
     set counts = log.counts || (
           select coalesce(jsonb_object_agg(
                    added.key, added.value::bigint + coalesce((log.counts ->> added.key)::bigint, 0)),
                    '{}')
             from jsonb_each_text(counted) added),
         finished_at = case when done then now() end
   where log.workspace_id = of_workspace and log.finished_at is null;
  return next;
end
$$;
comment on function private.remove_workspace(uuid, int) is
  'Deletes so many rows of a workspace that private.begin_removing has begun with, and the workspace '
  'itself once there are none. `waits_for`: a call that is under way (`sending`), files that are to be '
  'removed first (`files`), or somebody else who is at it (`another`). Call it until it is `done`.';
revoke all on function private.tokens_to_forget(), private.workspaces_to_remove(int),
                       private.begin_removing(uuid), private.remove_workspace(uuid, int)
  from public;
grant execute on function private.tokens_to_forget(), private.workspaces_to_remove(int),
                          private.begin_removing(uuid), private.remove_workspace(uuid, int)
   to switchboard_caretaker;
