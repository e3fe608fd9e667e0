-- Who calls: a signed-in user, or a program with an API key; how a workspace begins, and how others
-- come into it.

-- A key belongs to its workspace and not to who made it: it goes on when they leave. It acts through
-- the same policies as a user, by a claim of its own in place of `sub`, which only our API can set.
create table public.api_keys (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null check (name <> ''),
  prefix text not null check (char_length(prefix) between 4 and 16),
  key_hash bytea not null unique check (octet_length(key_hash) = 32),
  role public.member_role not null default 'viewer' check (role < 'owner'),
  created_by uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz check (expires_at > created_at),
  last_used_at timestamptz,
  revoked_at timestamptz
);
comment on table public.api_keys is
  'What a program of the workspace''s calls with. The key itself is shown once and never stored.';
comment on column public.api_keys.prefix is 'Its first characters, to tell it by.';
comment on column public.api_keys.key_hash is
  'SHA-256 of the whole key, which is random enough for that. No user may read it.';
comment on column public.api_keys.created_by is
  'The user who made it. Not a reference: it is kept when the user is gone.';
comment on column public.api_keys.last_used_at is 'To about a minute.';
create index api_keys_of_workspace on public.api_keys (workspace_id, created_at desc);

create function private.refuse_revival()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception 'API key % is revoked for ever', old.id
    using errcode = 'check_violation', hint = 'Make a new key.';
end
$$;
revoke all on function private.refuse_revival() from public;

create trigger refuse_revival before update of revoked_at on public.api_keys
  for each row when (
    old.revoked_at is not null and old.revoked_at is distinct from new.revoked_at
  )
  execute function private.refuse_revival();

create function private.api_key_id()
returns uuid
language sql stable set search_path = ''
as $$
  select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'api_key_id')::uuid
$$;
comment on function private.api_key_id() is 'The key that calls, if a key does.';

create function private.caller_id()
returns uuid
language sql stable set search_path = ''
as $$
  select coalesce(auth.uid(), private.api_key_id())
$$;
comment on function private.caller_id() is 'The user or the key that calls.';
revoke all on function private.api_key_id(), private.caller_id() from public;
grant execute on function private.api_key_id(), private.caller_id() to authenticated;

-- A key counts by what it is now, so that a revoked one is refused at once.
create or replace function private.my_workspace_ids(min_role public.member_role default 'viewer')
returns uuid[]
language sql stable security definer set search_path = ''
as $$
  select coalesce(array_agg(mine.workspace_id), '{}')
    from (
      select membership.workspace_id
        from public.memberships membership
       where membership.user_id = (select auth.uid()) and membership.role >= min_role
       union all
      select key.workspace_id
        from public.api_keys key
       where key.id = (select private.api_key_id()) and key.role >= min_role
         and key.revoked_at is null and (key.expires_at is null or key.expires_at > now())
    ) mine
$$;

alter table public.api_keys enable row level security;
revoke all on public.api_keys from public, anon, authenticated, service_role;
grant select (id, workspace_id, name, prefix, role, created_by, created_at, expires_at, last_used_at,
              revoked_at),
      insert (id, workspace_id, name, prefix, key_hash, role, created_by, expires_at),
      update (name, revoked_at)
   on public.api_keys to authenticated;

create policy api_keys_select on public.api_keys for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]));
-- By a user alone: a key that could make another would survive its own revocation.
create policy api_keys_insert on public.api_keys for insert to authenticated
  with check (
    workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[])
    and created_by = (select auth.uid())
  );
create policy api_keys_update on public.api_keys for update to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]));

-- Whose key it is must be known before anybody can act by it, so the API asks as itself. Being used
-- is noted without waiting for anybody: a key's calls must not queue for its row.
create function private.use_api_key(given_hash bytea)
returns table (id uuid, workspace_id uuid, role public.member_role)
language plpgsql security definer set search_path = ''
as $$
begin
  update public.api_keys key
     set last_used_at = now()
   where key.id in (
     select stale.id
       from public.api_keys stale
      where stale.key_hash = given_hash
        and coalesce(stale.last_used_at, '-infinity') < now() - interval '1 minute'
        for update skip locked
   );
  return query
    select key.id, key.workspace_id, key.role
      from public.api_keys key
     where key.key_hash = given_hash
       and key.revoked_at is null and (key.expires_at is null or key.expires_at > now());
end
$$;
comment on function private.use_api_key(bytea) is
  'The key with that SHA-256, if there is one and it holds; notes that it was used.';
revoke all on function private.use_api_key(bytea) from public;
grant usage on schema private to switchboard_api;
grant execute on function private.use_api_key(bytea) to switchboard_api;

-- Who published or labelled something may be a key.
alter policy campaign_versions_insert on public.campaign_versions
  with check (
    workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[])
    and published_by = (select private.caller_id())
  );
alter policy intent_labels_insert on public.intent_labels
  with check (
    workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[])
    and labelled_by = (select private.caller_id())
  );
comment on column public.campaign_versions.published_by is
  'The user or the API key that published it. Not a reference: it is kept when they are gone.';
comment on column public.intent_labels.labelled_by is
  'The user or the API key that said so. Not a reference: it is kept when they are gone.';

-- The one way to a membership that nobody gives: to begin a workspace.
create function private.create_workspace(workspace_name text)
returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  created uuid;
begin
  if not exists (
    select from auth.users where id = (select auth.uid()) and is_anonymous is not true
  ) then
    raise exception 'only a signed-in user begins a workspace'
      using errcode = 'insufficient_privilege';
  end if;
  insert into public.workspaces (name) values (workspace_name) returning id into created;
  insert into public.memberships (workspace_id, user_id, role)
  values (created, (select auth.uid()), 'owner');
  return created;
end
$$;
comment on function private.create_workspace(text) is
  'Begins a workspace that the caller owns, and returns its id.';
revoke all on function private.create_workspace(text) from public;
grant execute on function private.create_workspace(text) to authenticated;

create table public.invitations (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  email text not null check (email = lower(email) and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  role public.member_role not null,
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  invited_by uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '7 days'
    check (expires_at > created_at and expires_at <= created_at + interval '30 days'),
  accepted_at timestamptz,
  accepted_by uuid,
  check ((accepted_at is null) = (accepted_by is null))
);
comment on table public.invitations is
  'Somebody was asked into a workspace by e-mail. Taken back by deleting it.';
comment on column public.invitations.token_hash is
  'SHA-256 of what the e-mail''s link carries. No user may read it.';
comment on column public.invitations.invited_by is
  'Who asked. It holds only while they could make the membership themselves.';
create unique index invitations_open on public.invitations (workspace_id, email)
  where accepted_at is null;

alter table public.invitations enable row level security;
revoke all on public.invitations from public, anon, authenticated, service_role;
grant select (id, workspace_id, email, role, invited_by, created_at, expires_at, accepted_at,
              accepted_by),
      insert (id, workspace_id, email, role, token_hash, invited_by, expires_at),
      delete
   on public.invitations to authenticated;

create policy invitations_select on public.invitations for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]));
create policy invitations_insert on public.invitations for insert to authenticated
  with check (
    (workspace_id = any ((select private.my_workspace_ids('owner'))::uuid[])
     or (role < 'owner'
         and workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[])))
    and invited_by = (select auth.uid())
  );
create policy invitations_delete on public.invitations for delete to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]));

create function private.accept_invitation(given_hash bytea)
returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  invitation public.invitations;
begin
  select * into invitation
    from public.invitations
   where token_hash = given_hash and accepted_at is null and expires_at > now()
     for update;
  if not found or not exists (
    select from public.memberships
     where workspace_id = invitation.workspace_id and user_id = invitation.invited_by
       and role >= greatest('admin', invitation.role)
  ) then
    raise exception 'there is no such invitation, or it no longer holds'
      using errcode = 'no_data_found', hint = 'Ask for another one.';
  end if;
  if not exists (
    select from auth.users
     where id = (select auth.uid()) and lower(email) = invitation.email
       and email_confirmed_at is not null
  ) then
    raise exception 'the invitation is for another e-mail address'
      using errcode = 'insufficient_privilege', hint = 'Sign in with the address it was sent to.';
  end if;
  -- Who is more already stays so.
  insert into public.memberships as known (workspace_id, user_id, role)
  values (invitation.workspace_id, (select auth.uid()), invitation.role)
  on conflict (workspace_id, user_id) do update
     set role = excluded.role where known.role < excluded.role;
  update public.invitations
     set accepted_at = now(), accepted_by = (select auth.uid())
   where id = invitation.id;
  return invitation.workspace_id;
end
$$;
comment on function private.accept_invitation(bytea) is
  'Makes the caller a member by the invitation with that SHA-256, if their own confirmed e-mail is '
  'the one it was sent to; returns the workspace.';
revoke all on function private.accept_invitation(bytea) from public;
grant execute on function private.accept_invitation(bytea) to authenticated;
