-- Snapshots: exports of whole workspaces that nobody asked for, made again and again, so that what
-- somebody deletes by mistake is somewhere. They are exports in everything else: admins may have them,
-- and whoever is erased is in none.

alter table public.exports
  alter column asked_by drop not null,
  add column snapshot boolean not null default false,
  add column kept_for interval check (kept_for > interval '0'),
  add check (snapshot = (asked_by is null)),
  add check (not snapshot or kind = 'workspace');
comment on column public.exports.snapshot is 'Nobody asked for it: the installation makes it.';
comment on column public.exports.kept_for is 'How long it is kept. Null: as exports are.';
grant select (snapshot) on public.exports to authenticated;
create index exports_snapshots on public.exports (workspace_id, asked_at) where snapshot;

create or replace function private.may_export(asker uuid, of_workspace uuid)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select asker is null
      or exists (select from public.memberships membership
                  where membership.user_id = asker and membership.workspace_id = of_workspace
                    and membership.role >= 'admin')
      or exists (select from public.api_keys key
                  where key.id = asker and key.workspace_id = of_workspace and key.role >= 'admin'
                    and key.revoked_at is null
                    and (key.expires_at is null or key.expires_at > now()))
$$;
comment on function private.may_export(uuid, uuid) is
  'Whether a user or a key may take a workspace away just now; null is the installation itself.';

-- One that failed, or that somebody was erased from, is made again, an hour later at the soonest.
create function private.ask_for_snapshots(every interval, keep interval, most int)
returns int
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  with due as (
    select workspace.id
      from public.workspaces workspace
     where not exists (
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
comment on function private.ask_for_snapshots(interval, interval, int) is
  'Asks for a snapshot of each workspace that has none so new; of so many at most. Returns of how many.';
revoke all on function private.ask_for_snapshots(interval, interval, int) from public;
grant execute on function private.ask_for_snapshots(interval, interval, int)
   to switchboard_caretaker;

create or replace function private.finish_export(
  of_export uuid, taker text, at_location text, of_size bigint, with_sha256 text, of_rows bigint,
  keep interval)
returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  with finished as (
    update public.exports
       set state = 'done', location = at_location, size_bytes = of_size, sha256 = with_sha256,
           rows = of_rows, finished_at = now(), expires_at = now() + coalesce(kept_for, keep),
           lease_owner = null, lease_until = null
     where id = of_export and state = 'running' and lease_owner = taker
       and private.may_export(asked_by, workspace_id)
    returning 1
  )
  select exists (select from finished)
$$;

-- How an account is connected, for whoever may see it: until when, and not by what.
create function private.connection_ends(of_account uuid)
returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select credential.expires_at
    from private.instagram_credentials credential
    join public.instagram_accounts account on account.id = credential.account_id
   where account.id = of_account
     and account.workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[])
$$;
comment on function private.connection_ends(uuid) is
  'When an account''s token ends, for members of its workspace. Null: it has none, or nobody knows.';
revoke all on function private.connection_ends(uuid) from public;
grant execute on function private.connection_ends(uuid) to authenticated;
