-- When posts were published, as far as Meta was asked: what a campaign for the next post goes by.
-- Webhooks don't say it.

create table public.posts (
  account_id uuid not null,
  media_id text not null check (media_id <> ''),
  workspace_id uuid not null,
  posted_at timestamptz not null,
  primary key (account_id, media_id),
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id)
);
comment on table public.posts is
  'A post of an account and the moment it was published. Never changes: Meta said so.';

-- The router decides by it, so it is part of the rules.
create trigger renumber_on_insert after insert on public.posts
  referencing new table as changed
  for each statement execute function private.renumber_rules();

alter table public.posts enable row level security;
revoke all on public.posts from public, anon, authenticated, service_role;
grant select (account_id, media_id, workspace_id, posted_at) on public.posts to authenticated;
create policy posts_select on public.posts for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));

grant select (account_id, media_id, posted_at),
      insert (account_id, media_id, workspace_id, posted_at)
   on public.posts to switchboard_pipeline;
create policy pipeline_select on public.posts for select to switchboard_pipeline using (true);
create policy pipeline_insert on public.posts for insert to switchboard_pipeline
  with check (true);
