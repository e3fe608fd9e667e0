-- Who looks after the connected accounts: tokens, subscriptions, and comments that no webhook told of.

-- The role of what acts for accounts and for no user: it connects them once Instagram has said whose
-- they are, and keeps them so. It serves all tenants, so its policies cross them; it reads neither
-- what people wrote nor who they are. The operator gives it LOGIN and a password.
do $$
begin
  create role switchboard_caretaker nologin;
exception when duplicate_object or unique_violation then
  null; -- roles belong to the cluster; another database of it has made this one
end
$$;
grant usage on schema public, private to switchboard_caretaker;

alter table public.instagram_accounts
  add column permissions text[] check (array_position(permissions, null) is null),
  add column subscribed_fields text[] check (array_position(subscribed_fields, null) is null),
  add column probed_at timestamptz;
comment on column public.instagram_accounts.permissions is
  'What its owner has granted us, as far as Instagram said. Null: it did not.';
comment on column public.instagram_accounts.subscribed_fields is
  'Which webhooks Instagram says it sends us of the account. Null: it was never asked.';
comment on column public.instagram_accounts.probed_at is
  'When its subscription and permissions were last seen to be right, or not.';
grant select (permissions, subscribed_fields, probed_at)
   on public.instagram_accounts to authenticated;

grant select (id, workspace_id, instagram_id, app_scoped_id, username, status, held_until,
              hold_reason, holds, probe_id, probe_until, permissions, subscribed_fields, probed_at),
      insert (id, workspace_id, instagram_id, app_scoped_id, username, permissions),
      update (app_scoped_id, username, status, holds, held_until, hold_reason, probe_id, probe_until,
              proved_at, permissions, subscribed_fields, probed_at)
   on public.instagram_accounts to switchboard_caretaker;
create policy caretaker_select on public.instagram_accounts for select to switchboard_caretaker
  using (true);
create policy caretaker_insert on public.instagram_accounts for insert to switchboard_caretaker
  with check (status = 'connected');
create policy caretaker_update on public.instagram_accounts for update to switchboard_caretaker
  using (true) with check (true);

alter table private.instagram_credentials
  add column issued_at timestamptz not null default now();
comment on column private.instagram_credentials.issued_at is
  'When Instagram gave us the token: it is refreshed when it is a day old, and not before.';
-- What was stored by an earlier release is as old as its row says.
update private.instagram_credentials set issued_at = updated_at;

-- When it was issued says no more than when it ends.
drop trigger audit on private.instagram_credentials;
create trigger audit after insert or update or delete on private.instagram_credentials
  for each row execute function private.audit(
    'account_id', 'account_id', 'nonce', 'ciphertext', 'issued_at', 'updated_at');

grant select (account_id, key_id, nonce, ciphertext, expires_at, issued_at),
      insert (account_id, key_id, nonce, ciphertext, expires_at, issued_at),
      update (key_id, nonce, ciphertext, expires_at, issued_at),
      delete
   on private.instagram_credentials to switchboard_caretaker;
create policy caretaker_select on private.instagram_credentials
  for select to switchboard_caretaker using (true);
create policy caretaker_insert on private.instagram_credentials
  for insert to switchboard_caretaker with check (true);
create policy caretaker_update on private.instagram_credentials
  for update to switchboard_caretaker using (true) with check (true);
create policy caretaker_delete on private.instagram_credentials
  for delete to switchboard_caretaker using (true);

grant select (id, account_id, kind, subject, detail, raised_at, seen_at, resolved_at, over_after),
      insert (workspace_id, account_id, kind, subject, detail, over_after),
      update (detail, seen_at, resolved_at, over_after)
   on public.alerts to switchboard_caretaker;
create policy caretaker_select on public.alerts for select to switchboard_caretaker using (true);
create policy caretaker_insert on public.alerts for insert to switchboard_caretaker
  with check (resolved_at is null);
create policy caretaker_update on public.alerts for update to switchboard_caretaker
  using (resolved_at is null) with check (true);

-- Which posts somebody waits for comments under.
grant select (id, account_id, status, live_version, next_media_id)
   on public.campaigns to switchboard_caretaker;
create policy caretaker_select on public.campaigns for select to switchboard_caretaker using (true);
grant select (campaign_id, version, definition)
   on public.campaign_versions to switchboard_caretaker;
create policy caretaker_select on public.campaign_versions for select to switchboard_caretaker
  using (true);

-- Whether something is in the ledger, and when anything last came: not what it is.
grant select (event_id, account_id, received_at) on public.events to switchboard_caretaker;
create policy caretaker_select on public.events for select to switchboard_caretaker using (true);

grant select (name, subject, workspace_id, next_run_at, lease_owner, lease_until, last_started_at,
              last_finished_at, last_outcome, last_error, detail, failures),
      insert (name, subject, workspace_id, next_run_at),
      update (next_run_at, lease_owner, lease_until, last_started_at, last_finished_at,
              last_outcome, last_error, detail, failures),
      delete
   on private.jobs to switchboard_caretaker;
create policy caretaker_select on private.jobs for select to switchboard_caretaker using (true);
create policy caretaker_insert on private.jobs for insert to switchboard_caretaker
  with check (true);
create policy caretaker_update on private.jobs for update to switchboard_caretaker
  using (true) with check (true);
create policy caretaker_delete on private.jobs for delete to switchboard_caretaker using (true);

create table public.post_coverage (
  account_id uuid not null,
  media_id text not null check (media_id <> ''),
  workspace_id uuid not null,
  told int check (told >= 0),
  readable int not null default 0 check (readable >= 0),
  stored int not null default 0 check (stored >= 0 and stored <= readable),
  missed bigint not null default 0 check (missed >= 0),
  grounded_at timestamptz,
  counted_at timestamptz,
  primary key (account_id, media_id),
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id)
);
comment on table public.post_coverage is
  'How many of a post''s comments we know of: Instagram does not tell of all of them.';
comment on column public.post_coverage.told is
  'How many Instagram counted when it was last read: those it hides and those of all times, too.';
comment on column public.post_coverage.readable is
  'How many of other people''s Instagram showed of the last seven days, when it was last counted.';
comment on column public.post_coverage.stored is 'How many of those were in the ledger.';
comment on column public.post_coverage.missed is
  'How many were found by reading and not by a webhook, ever.';
comment on column public.post_coverage.grounded_at is
  'Known ground: what Instagram showed of the time before is in the ledger, or on its way there.';
create index post_coverage_of_workspace on public.post_coverage (workspace_id, account_id);

alter table public.post_coverage enable row level security;
revoke all on public.post_coverage from public, anon, authenticated, service_role;
grant select (account_id, media_id, workspace_id, told, readable, stored, missed, grounded_at,
              counted_at)
   on public.post_coverage to authenticated;
create policy post_coverage_select on public.post_coverage for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
grant select (account_id, media_id, told, readable, stored, missed, grounded_at, counted_at),
      insert (account_id, media_id, workspace_id, told, readable, stored, missed, grounded_at,
              counted_at),
      update (told, readable, stored, missed, grounded_at, counted_at)
   on public.post_coverage to switchboard_caretaker;
create policy caretaker_select on public.post_coverage for select to switchboard_caretaker
  using (true);
create policy caretaker_insert on public.post_coverage for insert to switchboard_caretaker
  with check (true);
create policy caretaker_update on public.post_coverage for update to switchboard_caretaker
  using (true) with check (true);
