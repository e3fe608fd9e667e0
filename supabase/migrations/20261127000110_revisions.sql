-- Two who edit the same thing: each says which revision they saw, and the later one learns of it.

alter table public.workspaces add column revision bigint not null default 1;
alter table public.instagram_accounts add column revision bigint not null default 1;
alter table public.campaigns add column revision bigint not null default 1;
alter table public.intents add column revision bigint not null default 1;
comment on column public.workspaces.revision is 'Counts its changes.';
comment on column public.instagram_accounts.revision is
  'Counts the changes to what its owner sets; not what sending does to it.';
comment on column public.campaigns.revision is
  'Counts its changes, those to its draft included; not what it found for its next post.';
comment on column public.intents.revision is 'Counts its changes.';

create function private.count_revision()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.revision := old.revision + 1;
  return new;
end
$$;
revoke all on function private.count_revision() from public;

create trigger count_revision before update on public.workspaces
  for each row when (old.name <> new.name)
  execute function private.count_revision();
create trigger count_revision before update on public.instagram_accounts
  for each row when (
    (old.username, old.status, old.private_replies_per_hour, old.sends_per_second, old.time_zone,
     old.takeover, old.paused_until, old.first_served, old.reply_delay_min, old.reply_delay_max,
     old.intent_threshold, old.intent_calibration)
    is distinct from
    (new.username, new.status, new.private_replies_per_hour, new.sends_per_second, new.time_zone,
     new.takeover, new.paused_until, new.first_served, new.reply_delay_min, new.reply_delay_max,
     new.intent_threshold, new.intent_calibration)
  )
  execute function private.count_revision();
create trigger count_revision before update on public.campaigns
  for each row when (
    (old.name, old.rank, old.status, old.live_version, old.draft)
    is distinct from (new.name, new.rank, new.status, new.live_version, new.draft)
  )
  execute function private.count_revision();
create trigger count_revision before update on public.intents
  for each row when (
    (old.name, old.description, old.examples) is distinct from (new.name, new.description, new.examples)
  )
  execute function private.count_revision();

grant select (revision) on public.workspaces to authenticated;
grant select (revision) on public.instagram_accounts to authenticated;
grant select (revision) on public.campaigns to authenticated;
grant select (revision) on public.intents to authenticated;
