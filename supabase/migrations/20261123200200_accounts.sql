-- The Instagram accounts that are connected, and their tokens, sealed.

-- Numbers the states of an account's rules. A sequence, because the router only asks "is it what I
-- have?", and two editors must not wait for each other to learn the next number.
create sequence private.rules_versions;

create table public.instagram_accounts (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id),
  instagram_id text not null check (instagram_id ~ '^[0-9]+$'),
  app_scoped_id text check (app_scoped_id <> ''),
  username text not null check (username <> ''),
  status text not null default 'connected'
    check (status in ('connected', 'reconnect_needed', 'disconnected')),
  held_until timestamptz,
  hold_reason text check (hold_reason <> ''),
  -- Meta allows 750 private replies an hour; what we use of it leaves room for other apps' calls.
  private_replies_per_hour int not null default 720
    check (private_replies_per_hour between 1 and 750),
  sends_per_second int not null default 50 check (sends_per_second between 1 and 100),
  rules_version bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, id)
);
comment on table public.instagram_accounts is
  'A professional Instagram account somebody connected. Never deleted, only disconnected: the '
  'ledger refers to it.';
comment on column public.instagram_accounts.instagram_id is
  'The id that webhooks carry as entry[].id. Text: it exceeds 2^53.';
comment on column public.instagram_accounts.app_scoped_id is
  'The id Meta gives this account for our app alone, where it differs.';
comment on column public.instagram_accounts.held_until is
  'Nothing is sent before this moment: Meta asked us to slow down.';
comment on column public.instagram_accounts.rules_version is
  'Changes whenever anything the router decides by changes.';

-- Events are routed by Meta's id alone, so it may lead to one tenant only.
create unique index instagram_accounts_live on public.instagram_accounts (instagram_id)
  where status <> 'disconnected';

-- Security definer, because whoever edits need not be allowed to use the sequence.
create function private.number_account_rules()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  new.rules_version := nextval('private.rules_versions');
  return new;
end
$$;
revoke all on function private.number_account_rules() from public;

create trigger number_rules_on_insert before insert on public.instagram_accounts
  for each row execute function private.number_account_rules();
-- Not for held_until: a throttled account is held again and again, and its rules are the same.
create trigger number_rules_on_update before update on public.instagram_accounts
  for each row when (
    (old.workspace_id, old.instagram_id, old.app_scoped_id, old.username, old.status,
     old.private_replies_per_hour, old.sends_per_second)
    is distinct from
    (new.workspace_id, new.instagram_id, new.app_scoped_id, new.username, new.status,
     new.private_replies_per_hour, new.sends_per_second)
  )
  execute function private.number_account_rules();
create trigger set_updated_at before update on public.instagram_accounts
  for each row execute function private.set_updated_at();

alter table public.instagram_accounts enable row level security;
revoke all on public.instagram_accounts from public, anon, authenticated, service_role;
-- No insert: an account is connected by a login at Instagram that proves whose it is. A row anyone
-- could write would let a stranger take an account's id, and with it the account's events.
grant select (id, workspace_id, instagram_id, app_scoped_id, username, status, held_until,
              hold_reason, private_replies_per_hour, sends_per_second, rules_version, created_at,
              updated_at),
      update (status, private_replies_per_hour, sends_per_second)
   on public.instagram_accounts to authenticated;

create policy instagram_accounts_select on public.instagram_accounts for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
create policy instagram_accounts_update on public.instagram_accounts for update to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]));

create table private.instagram_credentials (
  account_id uuid primary key references public.instagram_accounts (id),
  key_id text not null check (key_id <> ''),
  nonce bytea not null check (octet_length(nonce) = 12),
  ciphertext bytea not null check (octet_length(ciphertext) > 16),
  expires_at timestamptz,
  updated_at timestamptz not null default now()
);
comment on table private.instagram_credentials is
  'Access tokens under AES-256-GCM. The account''s id is authenticated with the token, so that a '
  'value moved to another row does not open. The keys are not in the database.';
alter table private.instagram_credentials enable row level security;
revoke all on private.instagram_credentials from public, anon, authenticated, service_role;
create trigger set_updated_at before update on private.instagram_credentials
  for each row execute function private.set_updated_at();
