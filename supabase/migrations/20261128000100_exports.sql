-- Exports that somebody asked for are worked on, kept for a while, and removed.
--
-- Whoever works on them, the caretaker, sees neither people nor what they wrote. It is let read one
-- workspace, as far as an export has it, while that export is its own to write and whoever asked for
-- it might still ask: each table through a cursor that a function here has opened.

alter table public.exports
  drop constraint exports_state_check,
  add constraint exports_state_check
    check (state in ('asked', 'running', 'done', 'failed', 'removed')),
  add column attempts int not null default 0 check (attempts >= 0),
  add column lease_owner text check (lease_owner <> ''),
  add column lease_until timestamptz,
  add column started_at timestamptz,
  add column rows bigint check (rows >= 0),
  add column sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  add column removed_because text check (removed_because in ('expired', 'discarded', 'erased')),
  add column swept_at timestamptz,
  add check ((state = 'running') <= (lease_owner is not null and lease_until is not null)),
  add check ((state = 'removed') = (removed_because is not null));
comment on column public.exports.attempts is
  'How often it was begun. Each attempt has a file of its own, so that none overwrites another''s.';
comment on column public.exports.lease_until is
  'Of one that is running: when another may begin it again. Of one that is asked: not before.';
comment on column public.exports.rows is 'How many rows were written, so far or in all.';
comment on column public.exports.sha256 is 'Of the file.';
comment on column public.exports.removed_because is
  '`erased`: somebody was erased whom it may have had.';
comment on column public.exports.swept_at is 'When its files were gone from where they are kept.';
create index exports_to_sweep on public.exports (expires_at) where swept_at is null;
grant select (attempts, started_at, rows, sha256, removed_because) on public.exports
   to authenticated;

drop trigger audit on public.exports;
create trigger audit after insert on public.exports
  for each row execute function private.audit(
    'id', 'id', 'workspace_id', 'person_id', 'state', 'asked_at', 'finished_at', 'location',
    'size_bytes', 'failure', 'expires_at', 'attempts', 'lease_owner', 'lease_until', 'started_at',
    'rows', 'sha256', 'removed_because', 'swept_at');

create function private.may_export(asker uuid, of_workspace uuid)
returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (select from public.memberships membership
                  where membership.user_id = asker and membership.workspace_id = of_workspace
                    and membership.role >= 'admin')
      or exists (select from public.api_keys key
                  where key.id = asker and key.workspace_id = of_workspace and key.role >= 'admin'
                    and key.revoked_at is null
                    and (key.expires_at is null or key.expires_at > now()))
$$;
comment on function private.may_export(uuid, uuid) is
  'Whether a user or a key may take a workspace away just now.';
revoke all on function private.may_export(uuid, uuid) from public;

-- Whoever erases in a workspace holds it shared; whoever begins to export it, for a moment, alone. So
-- no export begins on a view in which somebody is there whose erasing is about to be committed.
create function private.erasing_lock(of_workspace uuid)
returns bigint
language sql immutable set search_path = ''
as $$ select hashtextextended('exports of ' || of_workspace, 0) $$;
revoke all on function private.erasing_lock(uuid) from public;

create function private.take_export(taker text, lease interval, most_attempts int)
returns table (id uuid, workspace_id uuid, kind text, account_id uuid, person_id text, attempt int)
language plpgsql security definer set search_path = ''
as $$
declare
  one public.exports;
begin
  for one in
    select *
      from public.exports export
     where export.state in ('asked', 'running')
       and coalesce(export.lease_until, '-infinity') <= now()
     order by export.asked_at, export.id
       for update skip locked
  loop
    if one.person_id = 'erased' then
      update public.exports export
         set state = 'removed', removed_because = 'erased', lease_owner = null, lease_until = null
       where export.id = one.id;
    elsif not private.may_export(one.asked_by, one.workspace_id) then
      update public.exports export
         set state = 'failed', failure = 'no_longer_allowed', finished_at = now(),
             lease_owner = null, lease_until = null
       where export.id = one.id;
    elsif one.attempts >= most_attempts then
      update public.exports export
         set state = 'failed', failure = 'interrupted', finished_at = now(),
             lease_owner = null, lease_until = null
       where export.id = one.id;
    elsif pg_try_advisory_xact_lock(private.erasing_lock(one.workspace_id)) then
      update public.exports export
         set state = 'running', attempts = export.attempts + 1, lease_owner = taker,
             lease_until = now() + lease, started_at = now(), rows = 0
       where export.id = one.id;
      return query
        select one.id, one.workspace_id, one.kind, one.account_id, one.person_id,
               one.attempts + 1;
      return;
    end if;
  end loop;
end
$$;
comment on function private.take_export(text, interval, int) is
  'Lets its caller write the export that was asked for first, until the lease ends. None, if there is '
  'none that may be written: those of somebody who may no longer ask have failed.';
revoke all on function private.take_export(text, interval, int) from public;
grant execute on function private.take_export(text, interval, int) to switchboard_caretaker;

-- What an export has, and in which order; `switchboard.db.portable` has the same list.
create function private.exported_tables()
returns table (name text, ordered text, whose text, stays text[], is_event boolean)
language sql immutable set search_path = ''
as $$
  values
    ('public.workspaces', 'id', 'id', '{}'::text[], false),
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
comment on function private.exported_tables() is
  'The tables whose rows of a workspace travel, without the columns that stay.';
revoke all on function private.exported_tables() from public;
grant execute on function private.exported_tables() to switchboard_caretaker;

create function private.running_export(of_export uuid, taker text)
returns public.exports
language plpgsql stable security definer set search_path = ''
as $$
declare
  one public.exports;
begin
  select * into one
    from public.exports
   where id = of_export and state = 'running' and lease_owner = taker and lease_until > now();
  if one.id is null or not private.may_export(one.asked_by, one.workspace_id) then
    raise exception 'export % is not yours to write', of_export
      using errcode = 'insufficient_privilege',
            hint = 'Another has taken it, or whoever asked for it no longer may.';
  end if;
  return one;
end
$$;
revoke all on function private.running_export(uuid, text) from public;

-- A cursor is planned, and its rights are checked, when it is opened: so who may not read the table
-- reads these rows of it, and no others.
create function private.open_export(of_export uuid, taker text, of_table text)
returns refcursor
language plpgsql stable security definer set search_path = ''
as $$
declare
  export constant public.exports := private.running_export(of_export, taker);
  travels record;
  travelling refcursor := 'travelling';
begin
  select * into travels from private.exported_tables() where name = of_table;
  if travels.name is null or export.kind = 'person'
     or (export.kind = 'events' and not travels.is_event) then
    raise exception 'an export of kind % has no %', export.kind, of_table
      using errcode = 'insufficient_privilege', hint = 'It is read as its kind allows.';
  end if;
  open travelling no scroll for execute format(
    'select (to_jsonb(one) - %L::text[])::text as line from %s one where %I = %L%s order by %s',
    travels.stays, travels.name, travels.whose, export.workspace_id,
    case when export.kind = 'events' and export.account_id is not null
         then format(' and account_id = %L', export.account_id) else '' end,
    travels.ordered);
  return travelling;
end
$$;
comment on function private.open_export(uuid, text, text) is
  'Opens the cursor `travelling` on the rows of one table that belong into an export, for whoever is '
  'writing it.';
revoke all on function private.open_export(uuid, text, text) from public;
grant execute on function private.open_export(uuid, text, text) to switchboard_caretaker;

create function private.exported_person(of_export uuid, taker text)
returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  export constant public.exports := private.running_export(of_export, taker);
begin
  if export.kind <> 'person' then
    raise exception 'an export of kind % is not about one person', export.kind
      using errcode = 'insufficient_privilege', hint = 'It is read as its kind allows.';
  end if;
  return (
    with happened as (
      select event_id, kind, occurred_at, received_at, outcome, campaign_id, decision, event
        from public.events
       where account_id = export.account_id and person_id = export.person_id
    ), owed as (
      select id, event_id, campaign_id, campaign_version, step, kind, comment_id, content, state,
             reason, created_at, sent_at, message_id
        from public.deliveries
       where account_id = export.account_id
         and (person_id = export.person_id or recipient_id = export.person_id)
       union
      select id, event_id, campaign_id, campaign_version, step, kind, comment_id, content, state,
             reason, created_at, sent_at, message_id
        from public.deliveries
       where event_id in (select event_id from happened)
    )
    select jsonb_build_object(
      'account_id', export.account_id,
      'account', (select username from public.instagram_accounts where id = export.account_id),
      'person_id', export.person_id,
      'contact', (
        select to_jsonb(contact)
          from (select person_id, username, name, first_seen_at, last_inbound_at, window_closes_at,
                       paused_until, opted_out_at, tags, follows, follows_at, email, phone, fields,
                       flows, answered
                  from public.contacts
                 where account_id = export.account_id and person_id = export.person_id) contact),
      'events', (select coalesce(jsonb_agg(to_jsonb(happened) order by received_at, event_id), '[]')
                   from happened),
      'deliveries', (select coalesce(jsonb_agg(to_jsonb(owed) order by created_at, id), '[]')
                       from owed),
      'clicks', (
        select coalesce(jsonb_agg(to_jsonb(click) order by clicked_at, event_id), '[]')
          from (select event_id, delivery_id, campaign_id, url, clicked_at
                  from public.link_clicks
                 where delivery_id in (select id from owed)) click),
      'labels', (
        select coalesce(jsonb_agg(to_jsonb(label) order by labelled_at, id), '[]')
          from (select id, text, intent, event_id, labelled_at
                  from public.intent_labels
                 where account_id = export.account_id
                   and (person_id = export.person_id
                        or event_id in (select event_id from happened))) label)));
end
$$;
comment on function private.exported_person(uuid, text) is
  'All that is stored of the person an export is about, for whoever is writing it.';
revoke all on function private.exported_person(uuid, text) from public;
grant execute on function private.exported_person(uuid, text) to switchboard_caretaker;

create function private.last_migration()
returns text
language sql stable security definer set search_path = ''
as $$ select max(version) from supabase_migrations.schema_migrations $$;
comment on function private.last_migration() is 'The migration that rows have been through last.';
revoke all on function private.last_migration() from public;
grant execute on function private.last_migration() to switchboard_caretaker;

create function private.go_on_exporting(of_export uuid, taker text, so_far bigint, lease interval)
returns boolean
language sql volatile security definer set search_path = ''
as $$
  with gone_on as (
    update public.exports
       set rows = so_far, lease_until = now() + lease
     where id = of_export and state = 'running' and lease_owner = taker
    returning 1
  )
  select exists (select from gone_on)
$$;
comment on function private.go_on_exporting(uuid, text, bigint, interval) is
  'Notes how far an export is and renews its lease; false: it is no longer its caller''s.';
revoke all on function private.go_on_exporting(uuid, text, bigint, interval) from public;
grant execute on function private.go_on_exporting(uuid, text, bigint, interval)
   to switchboard_caretaker;

create function private.finish_export(
  of_export uuid, taker text, at_location text, of_size bigint, with_sha256 text, of_rows bigint,
  keep interval)
returns boolean
language sql volatile security definer set search_path = ''
as $$
  with finished as (
    update public.exports
       set state = 'done', location = at_location, size_bytes = of_size, sha256 = with_sha256,
           rows = of_rows, finished_at = now(), expires_at = now() + keep,
           lease_owner = null, lease_until = null
     where id = of_export and state = 'running' and lease_owner = taker
       and private.may_export(asked_by, workspace_id)
    returning 1
  )
  select exists (select from finished)
$$;
comment on function private.finish_export(uuid, text, text, bigint, text, bigint, interval) is
  'Lets people have an export; false: it is no longer its caller''s, who removes the file.';
revoke all on function private.finish_export(uuid, text, text, bigint, text, bigint, interval)
  from public;
grant execute on function private.finish_export(uuid, text, text, bigint, text, bigint, interval)
   to switchboard_caretaker;

create function private.give_up_export(
  of_export uuid, taker text, because text, again interval)
returns boolean
language sql volatile security definer set search_path = ''
as $$
  with given_up as (
    update public.exports
       set state = case when again is null then 'failed' else 'asked' end,
           failure = case when again is null then left(because, 500) end,
           finished_at = case when again is null then now() end,
           lease_owner = null,
           lease_until = now() + again
     where id = of_export and state = 'running' and lease_owner = taker
    returning 1
  )
  select exists (select from given_up)
$$;
comment on function private.give_up_export(uuid, text, text, interval) is
  'Lets an export be begun again after a while, or (`again` is null) says for good why it failed.';
revoke all on function private.give_up_export(uuid, text, text, interval) from public;
grant execute on function private.give_up_export(uuid, text, text, interval)
   to switchboard_caretaker;

create function private.discard_export(of_export uuid)
returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  was public.exports;
begin
  select * into was
    from public.exports
   where id = of_export
     and workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[])
     for update;
  if was.id is null then
    return false;
  end if;
  if was.state <> 'removed' then
    update public.exports
       set state = 'removed', removed_because = 'discarded', failure = null, lease_owner = null,
           finished_at = coalesce(finished_at, now())
     where id = of_export;
    perform private.note_deed(
      was.workspace_id, 'exports', was.id::text, jsonb_build_object('state', was.state),
      jsonb_build_object('state', 'removed'));
  end if;
  return true;
end
$$;
comment on function private.discard_export(uuid) is
  'Lets nobody have an export any more, for an admin of its workspace; its files go soon. False: '
  'they have none of that id.';
revoke all on function private.discard_export(uuid) from public;
grant execute on function private.discard_export(uuid) to authenticated;

-- A lease that is not over yet is somebody's who may still write a file.
create function private.exports_to_sweep(most int)
returns table (id uuid, workspace_id uuid, attempts int)
language plpgsql volatile security definer set search_path = ''
as $$
begin
  update public.exports export
     set state = 'removed', removed_because = 'expired'
   where export.state = 'done' and export.expires_at <= now();
  return query
    select export.id, export.workspace_id, export.attempts
      from public.exports export
     where export.swept_at is null and export.state in ('failed', 'removed')
       and coalesce(export.lease_until, '-infinity') <= now()
     order by export.asked_at
     limit most;
end
$$;
comment on function private.exports_to_sweep(int) is
  'So many exports that nobody may have any more and whose files are still to be removed.';
revoke all on function private.exports_to_sweep(int) from public;
grant execute on function private.exports_to_sweep(int) to switchboard_caretaker;

create function private.export_swept(of_export uuid)
returns void
language sql volatile security definer set search_path = ''
as $$
  update public.exports set swept_at = now(), location = null
   where id = of_export and state in ('failed', 'removed')
$$;
comment on function private.export_swept(uuid) is 'Notes that an export''s files are gone.';
revoke all on function private.export_swept(uuid) from public;
grant execute on function private.export_swept(uuid) to switchboard_caretaker;

-- Whoever is erased is in no export from then on: what is there is for nobody, and what is being
-- written is begun again. By triggers, so that it is so for whatever erases.
create function private.spoil_exports()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock_shared(private.erasing_lock(old.workspace_id));
  update public.exports
     set state = case state when 'done' then 'removed' else 'asked' end,
         removed_because = case state when 'done' then 'erased' end,
         lease_owner = null, lease_until = null
   where workspace_id = old.workspace_id and state in ('running', 'done')
     and (kind <> 'person' or (account_id = old.account_id and person_id = old.person_id));
  return null;
end
$$;
revoke all on function private.spoil_exports() from public;
create trigger spoil_exports after update of event on public.events
  for each row when (
    new.workspace_id is not null and new.event ? 'erased' and not old.event ? 'erased'
  )
  execute function private.spoil_exports();
create trigger spoil_exports after delete on public.contacts
  for each row execute function private.spoil_exports();
