-- What owners want said, and when: campaigns, their published versions, and intents.

create table public.campaigns (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  account_id uuid not null,
  name text not null check (name <> ''),
  rank int not null default 0,
  status text not null default 'draft' check (status in ('draft', 'live', 'paused')),
  live_version int check (live_version > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, id),
  -- Both columns, or one tenant could hang its campaign on another's account.
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id),
  check (status <> 'live' or live_version is not null)
);
comment on table public.campaigns is
  'An answer that an account gives by itself. `rank` is the owner''s order, least first; '
  '`live_version` is the version that answers while the status is live.';
create index campaigns_account on public.campaigns (workspace_id, account_id);
create index campaigns_live on public.campaigns (account_id, rank) where status = 'live';

create table public.campaign_versions (
  campaign_id uuid not null,
  version int not null check (version > 0),
  workspace_id uuid not null,
  definition jsonb not null check (jsonb_typeof(definition) = 'object'),
  published_at timestamptz not null default now(),
  published_by uuid,
  primary key (campaign_id, version),
  unique (workspace_id, campaign_id, version),
  foreign key (workspace_id, campaign_id) references public.campaigns (workspace_id, id)
);
comment on table public.campaign_versions is
  'What was published, for ever: decisions refer to it, and running one again must give the same.';
comment on column public.campaign_versions.published_by is
  'The user who published it. Not a reference: it is kept when the user is gone.';

alter table public.campaigns add constraint campaigns_live_version_exists
  foreign key (id, live_version) references public.campaign_versions (campaign_id, version);

create function private.refuse_change()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception '% of %.% is refused: a published version never changes',
    tg_op, tg_table_schema, tg_table_name
    using errcode = 'check_violation', hint = 'Publish a new version.';
end
$$;
revoke all on function private.refuse_change() from public;

create trigger refuse_change before update or delete on public.campaign_versions
  for each row execute function private.refuse_change();

create table public.intents (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  account_id uuid not null,
  name text not null check (char_length(name) between 1 and 64),
  description text not null default '',
  examples text[] not null default '{}' check (array_position(examples, null) is null),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (account_id, name),
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id)
);
comment on table public.intents is
  'What a person may want, in the owner''s words: the classifier chooses among an account''s.';
create index intents_account on public.intents (workspace_id, account_id);

create trigger set_updated_at before update on public.campaigns
  for each row execute function private.set_updated_at();
create trigger set_updated_at before update on public.intents
  for each row execute function private.set_updated_at();

-- Whatever the router decides by has a version, and these keep it: once for a statement, however
-- many rows it changed, and not at all if it changed none. Security definer, because an editor may
-- not write accounts.
create function private.renumber_rules()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  update public.instagram_accounts account
     set rules_version = nextval('private.rules_versions')
   where account.id in (select changed.account_id from changed);
  return null;
end
$$;
revoke all on function private.renumber_rules() from public;

create function private.renumber_rules_of_versions()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  update public.instagram_accounts account
     set rules_version = nextval('private.rules_versions')
   where account.id in (
     select campaign.account_id
       from changed join public.campaigns campaign on campaign.id = changed.campaign_id
   );
  return null;
end
$$;
revoke all on function private.renumber_rules_of_versions() from public;

create trigger renumber_on_insert after insert on public.campaigns
  referencing new table as changed
  for each statement execute function private.renumber_rules();
create trigger renumber_on_update after update on public.campaigns
  referencing new table as changed
  for each statement execute function private.renumber_rules();
create trigger renumber_on_update_of_old after update on public.campaigns
  referencing old table as changed
  for each statement execute function private.renumber_rules();
create trigger renumber_on_delete after delete on public.campaigns
  referencing old table as changed
  for each statement execute function private.renumber_rules();

create trigger renumber_on_insert after insert on public.campaign_versions
  referencing new table as changed
  for each statement execute function private.renumber_rules_of_versions();

create trigger renumber_on_insert after insert on public.intents
  referencing new table as changed
  for each statement execute function private.renumber_rules();
create trigger renumber_on_update after update on public.intents
  referencing new table as changed
  for each statement execute function private.renumber_rules();
create trigger renumber_on_update_of_old after update on public.intents
  referencing old table as changed
  for each statement execute function private.renumber_rules();
create trigger renumber_on_delete after delete on public.intents
  referencing old table as changed
  for each statement execute function private.renumber_rules();

alter table public.campaigns enable row level security;
revoke all on public.campaigns from public, anon, authenticated, service_role;
grant select (id, workspace_id, account_id, name, rank, status, live_version, created_at, updated_at),
      insert (id, workspace_id, account_id, name, rank),
      update (name, rank, status, live_version),
      delete
   on public.campaigns to authenticated;

create policy campaigns_select on public.campaigns for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
create policy campaigns_insert on public.campaigns for insert to authenticated
  with check (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]));
create policy campaigns_update on public.campaigns for update to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]))
  with check (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]));
create policy campaigns_delete on public.campaigns for delete to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]));

alter table public.campaign_versions enable row level security;
revoke all on public.campaign_versions from public, anon, authenticated, service_role;
grant select (campaign_id, version, workspace_id, definition, published_at, published_by),
      insert (campaign_id, version, workspace_id, definition, published_by)
   on public.campaign_versions to authenticated;

create policy campaign_versions_select on public.campaign_versions for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
create policy campaign_versions_insert on public.campaign_versions for insert to authenticated
  with check (
    workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[])
    and published_by = (select auth.uid())
  );

alter table public.intents enable row level security;
revoke all on public.intents from public, anon, authenticated, service_role;
grant select (id, workspace_id, account_id, name, description, examples, created_at, updated_at),
      insert (id, workspace_id, account_id, name, description, examples),
      update (name, description, examples),
      delete
   on public.intents to authenticated;

create policy intents_select on public.intents for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
create policy intents_insert on public.intents for insert to authenticated
  with check (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]));
create policy intents_update on public.intents for update to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]))
  with check (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]));
create policy intents_delete on public.intents for delete to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]));
