-- What the control plane keeps for itself: jobs, logins at Instagram, requests answered once, people
-- who are to be forgotten. In `private`, which no API exposes; what a user may see or write of it,
-- they reach through ours alone.

create table private.jobs (
  name text not null check (name <> ''),
  subject text not null default '',
  workspace_id uuid references public.workspaces (id) on delete cascade,
  next_run_at timestamptz not null default now(),
  lease_owner text check (lease_owner <> ''),
  lease_until timestamptz,
  last_started_at timestamptz,
  last_finished_at timestamptz,
  last_outcome text check (last_outcome in ('done', 'failed')),
  last_error text check (last_error <> ''),
  detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
  failures int not null default 0 check (failures >= 0),
  primary key (name, subject),
  check ((lease_owner is null) = (lease_until is null))
);
comment on table private.jobs is
  'What is to be done again and again: when next, by whom just now, and what came of it last.';
comment on column private.jobs.subject is
  'What it is done for, where it is not done for all at once: an account''s id, a day.';
comment on column private.jobs.workspace_id is
  'Whose it is, for those who may see it. Null: the installation''s own.';
comment on column private.jobs.lease_owner is
  'Who is at it until lease_until; after that, another may be.';
comment on column private.jobs.failures is 'How often in a row it failed, 0 after it was done.';
comment on column private.jobs.detail is 'The figures of the last run. No words of people''s.';
create index jobs_due on private.jobs (next_run_at);
create index jobs_of_workspace on private.jobs (workspace_id);

alter table private.jobs enable row level security;
revoke all on private.jobs from public, anon, authenticated, service_role;
grant select (name, subject, workspace_id, next_run_at, lease_until, last_started_at,
              last_finished_at, last_outcome, last_error, detail, failures)
   on private.jobs to authenticated;
create policy jobs_select on private.jobs for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]));

create table private.login_states (
  state_hash bytea primary key check (octet_length(state_hash) = 32),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  account_id uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '10 minutes'
    check (expires_at > created_at and expires_at <= created_at + interval '1 hour'),
  used_at timestamptz,
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id)
);
comment on table private.login_states is
  'A login at Instagram that somebody began: what comes back with its state is theirs, once.';
comment on column private.login_states.state_hash is 'SHA-256 of the state Instagram carries.';
comment on column private.login_states.account_id is
  'The account that is to be connected again. Null: a new one.';
create index login_states_of_workspace on private.login_states (workspace_id, account_id);
create index login_states_of_user on private.login_states (user_id);
create index login_states_expire on private.login_states (expires_at);

alter table private.login_states enable row level security;
revoke all on private.login_states from public, anon, authenticated, service_role;
grant insert (state_hash, workspace_id, user_id, account_id, expires_at)
   on private.login_states to authenticated;
create policy login_states_insert on private.login_states for insert to authenticated
  with check (
    workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[])
    and user_id = (select auth.uid())
  );

-- Instagram sends a browser back to us, with no login of ours; so the API asks as itself.
create function private.use_login_state(given_hash bytea)
returns table (workspace_id uuid, user_id uuid, account_id uuid)
language sql volatile security definer set search_path = ''
as $$
  update private.login_states state
     set used_at = now()
   where state.state_hash = given_hash and state.used_at is null and state.expires_at > now()
     and exists (
       select from public.memberships membership
        where membership.workspace_id = state.workspace_id
          and membership.user_id = state.user_id
          and membership.role >= 'admin'
     )
  returning state.workspace_id, state.user_id, state.account_id
$$;
comment on function private.use_login_state(bytea) is
  'Who began the login with that state and for what, the first time it is asked, while it is fresh '
  'and they may still connect accounts.';
revoke all on function private.use_login_state(bytea) from public;
grant execute on function private.use_login_state(bytea) to switchboard_api;

create table private.idempotency_keys (
  caller_id uuid not null,
  key text not null check (char_length(key) between 1 and 255),
  request_hash bytea not null check (octet_length(request_hash) = 32),
  status int check (status between 200 and 599),
  headers jsonb check (jsonb_typeof(headers) = 'object'),
  body bytea,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '24 hours'
    check (expires_at > created_at and expires_at <= created_at + interval '7 days'),
  primary key (caller_id, key)
);
comment on table private.idempotency_keys is
  'Requests that were answered under a key of the caller''s choice, so that one sent again is '
  'answered the same and done once.';
comment on column private.idempotency_keys.request_hash is
  'SHA-256 of method, path and body: the same key for another request is a mistake.';
comment on column private.idempotency_keys.status is
  'Null: it is being answered, in a transaction that has not ended.';
create index idempotency_keys_expire on private.idempotency_keys (expires_at);

alter table private.idempotency_keys enable row level security;
revoke all on private.idempotency_keys from public, anon, authenticated, service_role;
grant select (caller_id, key, request_hash, status, headers, body, created_at, expires_at),
      insert (caller_id, key, request_hash, status, headers, body, expires_at),
      update (status, headers, body),
      delete
   on private.idempotency_keys to authenticated;
create policy idempotency_keys_select on private.idempotency_keys for select to authenticated
  using (caller_id = (select private.caller_id()));
create policy idempotency_keys_insert on private.idempotency_keys for insert to authenticated
  with check (caller_id = (select private.caller_id()));
-- An answer that was given stays.
create policy idempotency_keys_update on private.idempotency_keys for update to authenticated
  using (caller_id = (select private.caller_id()) and status is null)
  with check (caller_id = (select private.caller_id()));
create policy idempotency_keys_delete on private.idempotency_keys for delete to authenticated
  using (caller_id = (select private.caller_id()) and expires_at <= now());

create table private.deletion_requests (
  confirmation_code text primary key check (char_length(confirmation_code) >= 16),
  app_scoped_id_hash bytea not null check (octet_length(app_scoped_id_hash) = 32),
  state text not null default 'received' check (state in ('received', 'running', 'done', 'failed')),
  received_at timestamptz not null default now(),
  finished_at timestamptz,
  check (state <> 'done' or finished_at is not null)
);
comment on table private.deletion_requests is
  'Somebody asked Meta that we forget them: what their status page shows, and no more of them.';
comment on column private.deletion_requests.app_scoped_id_hash is
  'SHA-256 of whom Meta named: enough to see that it is the same person asking again.';
create index deletion_requests_open on private.deletion_requests (received_at)
  where state <> 'done';

alter table private.deletion_requests enable row level security;
revoke all on private.deletion_requests from public, anon, authenticated, service_role;

-- What calls to the owner's own servers are signed with is theirs to change, and nobody's to read.
create function private.set_webhook_secret(
  of_account uuid, sealed_with text, sealed_nonce bytea, sealed_secret bytea)
returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if not exists (
    select from public.instagram_accounts
     where id = of_account
       and workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[])
  ) then
    raise exception 'account % is not yours to set a secret for', of_account
      using errcode = 'insufficient_privilege';
  end if;
  insert into private.webhook_secrets (account_id, key_id, nonce, ciphertext)
  values (of_account, sealed_with, sealed_nonce, sealed_secret)
  on conflict (account_id) do update
     set key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext,
         created_at = now();
end
$$;
comment on function private.set_webhook_secret(uuid, text, bytea, bytea) is
  'Keeps a sealed secret for the calls to an account''s owner, in place of the one before.';
revoke all on function private.set_webhook_secret(uuid, text, bytea, bytea) from public;
grant execute on function private.set_webhook_secret(uuid, text, bytea, bytea) to authenticated;
