-- The people who wrote to an account.

create table public.contacts (
  account_id uuid not null,
  person_id text not null check (person_id <> ''),
  workspace_id uuid not null,
  username text check (username <> ''),
  first_seen_at timestamptz not null,
  last_inbound_at timestamptz,
  window_closes_at timestamptz,
  primary key (account_id, person_id),
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id)
);
comment on table public.contacts is
  'A person as one account knows them: Meta gives the same person another id for each account.';
comment on column public.contacts.last_inbound_at is 'When they last wrote or tapped.';
comment on column public.contacts.window_closes_at is
  'Until when the account may write to them. Only ever moves forward.';
create index contacts_lately on public.contacts (workspace_id, last_inbound_at desc);

alter table public.contacts enable row level security;
revoke all on public.contacts from public, anon, authenticated, service_role;
grant select (account_id, person_id, workspace_id, username, first_seen_at, last_inbound_at,
              window_closes_at)
   on public.contacts to authenticated;

create policy contacts_select on public.contacts for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
