-- Who tapped a tracked link, as campaigns are judged by it; and what a workspace takes away with it.

-- A link carries its own target, so there is no table of links: a click names the delivery that
-- carried it. Clicks are events too; these rows are what is left of them when the ledger's days are
-- gone, and hold nothing of the person.
create table public.link_clicks (
  event_id uuid primary key,
  workspace_id uuid not null,
  account_id uuid not null,
  delivery_id uuid not null references public.deliveries (id) on delete cascade,
  campaign_id uuid not null,
  campaign_version int not null,
  step text not null,
  url text not null,
  clicked_at timestamptz not null,
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id),
  foreign key (workspace_id, campaign_id) references public.campaigns (workspace_id, id)
);
comment on table public.link_clicks is
  'One row for each time a tracked link was opened. Twice by the same person is two.';
comment on column public.link_clicks.event_id is
  'The click''s event. Not a reference: the ledger''s days are dropped, and this stays.';
create index link_clicks_of_workspace on public.link_clicks (workspace_id, clicked_at desc);
create index link_clicks_of_campaign on public.link_clicks (campaign_id, clicked_at desc);
create index link_clicks_of_delivery on public.link_clicks (delivery_id);

-- Security definer: whoever records the event may not write clicks. Whose it is comes from the
-- delivery, which must be of the account that the event is of.
create function private.keep_click()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.link_clicks (
    event_id, workspace_id, account_id, delivery_id, campaign_id, campaign_version, step, url,
    clicked_at)
  select new.event_id, delivery.workspace_id, delivery.account_id, delivery.id,
         delivery.campaign_id, delivery.campaign_version, delivery.step, new.event ->> 'url',
         new.occurred_at
    from public.deliveries delivery
   where delivery.id = (new.event ->> 'delivery_id')::uuid
     and delivery.account_id = new.account_id
  on conflict (event_id) do nothing;
  return null;
end
$$;
revoke all on function private.keep_click() from public;

create trigger keep_click after insert on public.events
  for each row when (new.kind = 'link_clicked.v1')
  execute function private.keep_click();

insert into public.link_clicks (
  event_id, workspace_id, account_id, delivery_id, campaign_id, campaign_version, step, url,
  clicked_at)
select event.event_id, delivery.workspace_id, delivery.account_id, delivery.id,
       delivery.campaign_id, delivery.campaign_version, delivery.step, event.event ->> 'url',
       event.occurred_at
  from public.events event
  join public.deliveries delivery
    on delivery.id = (event.event ->> 'delivery_id')::uuid
   and delivery.account_id = event.account_id
 where event.kind = 'link_clicked.v1';

alter table public.link_clicks enable row level security;
revoke all on public.link_clicks from public, anon, authenticated, service_role;
grant select (event_id, workspace_id, account_id, delivery_id, campaign_id, campaign_version, step,
              url, clicked_at)
   on public.link_clicks to authenticated;
create policy link_clicks_select on public.link_clicks for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));

create table public.exports (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  kind text not null check (kind in ('workspace', 'person', 'events')),
  account_id uuid,
  person_id text check (person_id <> ''),
  state text not null default 'asked' check (state in ('asked', 'running', 'done', 'failed')),
  asked_by uuid not null,
  asked_at timestamptz not null default now(),
  finished_at timestamptz,
  location text check (location <> ''),
  size_bytes bigint check (size_bytes >= 0),
  failure text check (failure <> ''),
  expires_at timestamptz,
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id),
  check ((kind = 'person') = (person_id is not null)),
  check (kind <> 'person' or account_id is not null),
  check (state <> 'done' or (location is not null and finished_at is not null)),
  check ((state = 'failed') = (failure is not null))
);
comment on table public.exports is
  'A workspace''s own data, or one person''s, that somebody asked to be written to files.';
comment on column public.exports.asked_by is
  'The user or the API key. Not a reference: it is kept when they are gone.';
comment on column public.exports.location is
  'Where the files are. No address: whoever may read the row is given one for a while.';
comment on column public.exports.expires_at is 'When the files are removed.';
create index exports_of_workspace on public.exports (workspace_id, asked_at desc);
create index exports_of_account on public.exports (workspace_id, account_id);
create index exports_open on public.exports (asked_at) where state in ('asked', 'running');

alter table public.exports enable row level security;
revoke all on public.exports from public, anon, authenticated, service_role;
grant select (id, workspace_id, kind, account_id, person_id, state, asked_by, asked_at, finished_at,
              location, size_bytes, failure, expires_at),
      insert (id, workspace_id, kind, account_id, person_id, asked_by)
   on public.exports to authenticated;
create policy exports_select on public.exports for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]));
create policy exports_insert on public.exports for insert to authenticated
  with check (
    workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[])
    and asked_by = (select private.caller_id())
  );
create trigger audit after insert on public.exports
  for each row execute function private.audit(
    'id', 'id', 'workspace_id', 'person_id', 'state', 'asked_at', 'finished_at', 'location',
    'size_bytes', 'failure', 'expires_at');
