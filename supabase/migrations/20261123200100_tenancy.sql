-- Who the tenants are, and who belongs to them.
--
-- Every table of a tenant carries its workspace_id, has row level security from its first line, and
-- gives each command one policy for `authenticated`. Grants are written out, column by column: what
-- the platform once granted by default is taken back, so that a new project and an old one behave
-- alike. `anon` is granted nothing anywhere.

create schema if not exists private;
comment on schema private is 'What no API exposes: helpers, triggers, secrets.';
revoke all on schema private from public;
grant usage on schema private to authenticated;
grant usage on schema public to authenticated;

-- The order is the rank: each may do what the ones before it may.
create type public.member_role as enum ('viewer', 'editor', 'admin', 'owner');

create table public.workspaces (
  id uuid primary key default gen_random_uuid(),
  name text not null check (name <> ''),
  created_at timestamptz not null default now()
);
comment on table public.workspaces is 'A tenant: one business, or an agency''s client.';

create table public.memberships (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role public.member_role not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, user_id)
);
comment on table public.memberships is 'Which user may do what in which workspace.';
create index memberships_user_id on public.memberships (user_id, role);

-- The caller's workspaces, at `min_role` or above. An array from a function without row arguments is
-- computed once per statement and used as an index condition; any other form is run per row.
create function private.my_workspace_ids(min_role public.member_role default 'viewer')
returns uuid[]
language sql stable security definer set search_path = ''
as $$
  select coalesce(array_agg(membership.workspace_id), '{}')
    from public.memberships membership
   where membership.user_id = (select auth.uid()) and membership.role >= min_role
$$;
revoke all on function private.my_workspace_ids(public.member_role) from public;
grant execute on function private.my_workspace_ids(public.member_role) to authenticated;

-- A workspace without an owner could never be given one again.
create function private.refuse_ownerless_workspace()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  -- Two owners who leave at once must see each other, so they queue for the workspace.
  perform 1 from public.workspaces where id = old.workspace_id for no key update;
  if found and not exists (
    select from public.memberships where workspace_id = old.workspace_id and role = 'owner'
  ) then
    raise exception 'workspace % would be left without an owner', old.workspace_id
      using errcode = 'check_violation', hint = 'Make somebody else an owner first.';
  end if;
  return null;
end
$$;
revoke all on function private.refuse_ownerless_workspace() from public;

create trigger refuse_ownerless_workspace
  after delete or update of role, workspace_id on public.memberships
  for each row when (old.role = 'owner')
  execute function private.refuse_ownerless_workspace();

create function private.set_updated_at()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end
$$;
revoke all on function private.set_updated_at() from public;

alter table public.workspaces enable row level security;
revoke all on public.workspaces from public, anon, authenticated, service_role;
grant select (id, name, created_at), update (name) on public.workspaces to authenticated;

create policy workspaces_select on public.workspaces for select to authenticated
  using (id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
create policy workspaces_update on public.workspaces for update to authenticated
  using (id = any ((select private.my_workspace_ids('owner'))::uuid[]))
  with check (id = any ((select private.my_workspace_ids('owner'))::uuid[]));

alter table public.memberships enable row level security;
revoke all on public.memberships from public, anon, authenticated, service_role;
grant select (workspace_id, user_id, role, created_at),
      insert (workspace_id, user_id, role),
      update (role),
      delete
   on public.memberships to authenticated;

create policy memberships_select on public.memberships for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
-- An admin can neither make an owner nor touch one. Anyone may leave.
create policy memberships_insert on public.memberships for insert to authenticated
  with check (
    workspace_id = any ((select private.my_workspace_ids('owner'))::uuid[])
    or (role < 'owner' and workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]))
  );
create policy memberships_update on public.memberships for update to authenticated
  using (
    workspace_id = any ((select private.my_workspace_ids('owner'))::uuid[])
    or (role < 'owner' and workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]))
  )
  with check (
    workspace_id = any ((select private.my_workspace_ids('owner'))::uuid[])
    or (role < 'owner' and workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]))
  );
create policy memberships_delete on public.memberships for delete to authenticated
  using (
    user_id = (select auth.uid())
    or workspace_id = any ((select private.my_workspace_ids('owner'))::uuid[])
    or (role < 'owner' and workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]))
  );

-- The role our own API logs in as. It inherits nothing: until it becomes `authenticated`, inside one
-- transaction and with a user's claims, it may read nothing, so forgetting that fails closed. The
-- operator gives it LOGIN and a password.
do $$
begin
  create role switchboard_api nologin noinherit;
exception when duplicate_object or unique_violation then
  null; -- roles belong to the cluster; another database of it has made this one
end
$$;
grant authenticated to switchboard_api;
