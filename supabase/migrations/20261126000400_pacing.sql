-- Who goes when: private replies that wait for their turn, in the order their account's owner chose;
-- how much later than at once; and what a queue comes to.

alter table public.instagram_accounts
  add column first_served text not null default 'deadline'
    check (first_served in ('deadline', 'newest', 'oldest', 'campaign')),
  add column reply_delay_min interval not null default interval '0',
  add column reply_delay_max interval not null default interval '0',
  -- At most an hour: what is to come later than that is a step that waits, in a campaign.
  add constraint instagram_accounts_reply_delay check (
    reply_delay_min >= interval '0'
    and reply_delay_max >= reply_delay_min
    and reply_delay_max <= interval '1 hour'
  );
comment on column public.instagram_accounts.first_served is
  'Whose private reply goes first while there are more than an hour allows: whose deadline is the '
  'earliest, who came last, who came first, or whose campaign is first in the owner''s order.';
comment on column public.instagram_accounts.reply_delay_min is
  'Replies and messages go this much later than they could, and up to reply_delay_max.';

grant select (first_served, reply_delay_min, reply_delay_max),
      update (first_served, reply_delay_min, reply_delay_max)
   on public.instagram_accounts to authenticated;
grant select (first_served, reply_delay_min, reply_delay_max)
   on public.instagram_accounts to switchboard_pipeline;

-- The router decides by the delay, so it is part of the rules; by who is served first it does not.
create trigger number_rules_of_delay before update on public.instagram_accounts
  for each row when (
    (old.reply_delay_min, old.reply_delay_max)
    is distinct from (new.reply_delay_min, new.reply_delay_max)
  )
  execute function private.number_account_rules();

-- The router parks behind those who wait, and says so. Who came first is when they were recorded.
grant select (created_at), insert (reason) on public.deliveries to switchboard_pipeline;
comment on column public.deliveries.reason is
  'Why it is in its state. A parked private reply that is `queued` waits for its turn among the '
  'account''s; for any other reason it waits for not_before, and is queued then.';

-- An hourly limit concerns private replies alone, but for those in a broadcast: they have queues of
-- their own, and nothing else is behind them. In each order, the first is the first of its index.
drop index public.deliveries_parked;
create index deliveries_parked on public.deliveries (account_id, deadline, id) include (not_before)
  where state = 'parked' and kind not in ('timer', 'webhook')
    and not (kind = 'private_reply' and lane = 'usual');
create index deliveries_queued on public.deliveries (account_id, deadline, id)
  where state = 'parked' and kind = 'private_reply' and lane = 'usual' and reason = 'queued';
create index deliveries_queued_by_arrival on public.deliveries (account_id, created_at, id)
  where state = 'parked' and kind = 'private_reply' and lane = 'usual' and reason = 'queued';
create index deliveries_queued_by_campaign
  on public.deliveries (account_id, campaign_id, deadline, id)
  where state = 'parked' and kind = 'private_reply' and lane = 'usual' and reason = 'queued';
create index deliveries_delayed on public.deliveries (account_id, not_before, deadline, id)
  where state = 'parked' and kind = 'private_reply' and lane = 'usual'
    and reason is distinct from 'queued';
create index deliveries_out on public.deliveries (account_id)
  where state in ('ready', 'sending') and kind = 'private_reply' and lane = 'usual';

create table public.delivery_forecasts (
  workspace_id uuid not null,
  account_id uuid not null,
  campaign_id uuid,
  waiting int not null default 0,
  drained_at timestamptz,
  missed int not null default 0,
  missed_from timestamptz,
  computed_at timestamptz,
  claimed_until timestamptz,
  unique nulls not distinct (account_id, campaign_id),
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id),
  foreign key (workspace_id, campaign_id) references public.campaigns (workspace_id, id),
  check (missed between 0 and waiting)
);
comment on table public.delivery_forecasts is
  'What becomes of the private replies that wait, if nobody else comes: of each account that has '
  'or had some, and of each of its campaigns.';
comment on column public.delivery_forecasts.campaign_id is 'Null: all of the account''s.';
comment on column public.delivery_forecasts.drained_at is 'When the last one will be sent.';
comment on column public.delivery_forecasts.missed is 'How many will not be sent in time.';
comment on column public.delivery_forecasts.missed_from is 'The earliest deadline of those.';
comment on column public.delivery_forecasts.claimed_until is
  'Until when one process is at it, of all that could be; of the account''s row only.';
create index delivery_forecasts_of_workspace on public.delivery_forecasts (workspace_id);
create index delivery_forecasts_open on public.delivery_forecasts (account_id)
  where campaign_id is null and waiting > 0;

alter table public.delivery_forecasts enable row level security;
revoke all on public.delivery_forecasts from public, anon, authenticated, service_role;
grant select (workspace_id, account_id, campaign_id, waiting, drained_at, missed, missed_from,
              computed_at)
   on public.delivery_forecasts to authenticated;
create policy delivery_forecasts_select on public.delivery_forecasts for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));

grant select (account_id, campaign_id, waiting, drained_at, missed, missed_from, computed_at,
              claimed_until),
      insert (workspace_id, account_id, campaign_id, waiting, drained_at, missed, missed_from,
              computed_at, claimed_until),
      update (waiting, drained_at, missed, missed_from, computed_at, claimed_until)
   on public.delivery_forecasts to switchboard_pipeline;
create policy pipeline_select on public.delivery_forecasts for select to switchboard_pipeline
  using (true);
create policy pipeline_insert on public.delivery_forecasts for insert to switchboard_pipeline
  with check (true);
create policy pipeline_update on public.delivery_forecasts for update to switchboard_pipeline
  using (true) with check (true);
