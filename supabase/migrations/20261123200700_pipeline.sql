-- What the router and the sender may do, and no more: one role, column by column.
--
-- Its policies cross tenants, because the pipeline serves all of them; that a row's workspace,
-- account and campaign belong together is held by the foreign keys. It cannot read users, members
-- or what people wrote, edit campaigns, or change what was decided. The operator gives it LOGIN and
-- a password.

do $$
begin
  create role switchboard_pipeline nologin;
exception when duplicate_object or unique_violation then
  null; -- roles belong to the cluster; another database of it has made this one
end
$$;
grant usage on schema public, private to switchboard_pipeline;

-- Both read whose account it is and what it may do; the sender holds it, or says its token died.
grant select (id, workspace_id, instagram_id, app_scoped_id, username, status, held_until,
              hold_reason, private_replies_per_hour, sends_per_second, rules_version),
      update (status, held_until, hold_reason)
   on public.instagram_accounts to switchboard_pipeline;
create policy pipeline_select on public.instagram_accounts for select to switchboard_pipeline
  using (true);
-- It can neither connect an account that was disconnected nor disconnect one.
create policy pipeline_update on public.instagram_accounts for update to switchboard_pipeline
  using (status <> 'disconnected')
  with check (status <> 'disconnected');

grant select (account_id, key_id, nonce, ciphertext, expires_at)
   on private.instagram_credentials to switchboard_pipeline;
create policy pipeline_select on private.instagram_credentials for select to switchboard_pipeline
  using (true);

grant select (id, workspace_id, account_id, rank, status, live_version)
   on public.campaigns to switchboard_pipeline;
create policy pipeline_select on public.campaigns for select to switchboard_pipeline using (true);

grant select (campaign_id, version, workspace_id, definition)
   on public.campaign_versions to switchboard_pipeline;
create policy pipeline_select on public.campaign_versions for select to switchboard_pipeline
  using (true);

grant select (workspace_id, account_id, name, description, examples)
   on public.intents to switchboard_pipeline;
create policy pipeline_select on public.intents for select to switchboard_pipeline using (true);

-- The router records: an event once, its person, what is to be sent.
grant select (account_id, person_id, username, first_seen_at, last_inbound_at, window_closes_at),
      insert (account_id, person_id, workspace_id, username, first_seen_at, last_inbound_at,
              window_closes_at),
      update (username, first_seen_at, last_inbound_at, window_closes_at)
   on public.contacts to switchboard_pipeline;
create policy pipeline_select on public.contacts for select to switchboard_pipeline using (true);
create policy pipeline_insert on public.contacts for insert to switchboard_pipeline
  with check (true);
create policy pipeline_update on public.contacts for update to switchboard_pipeline
  using (true) with check (true);

grant select (event_id, outcome),
      insert (event_id, workspace_id, account_id, instagram_id, kind, identity, person_id,
              occurred_at, received_at, outcome, campaign_id, decision, event, trace_id),
      update (outcome, campaign_id, decision)
   on public.events to switchboard_pipeline;
create policy pipeline_select on public.events for select to switchboard_pipeline using (true);
create policy pipeline_insert on public.events for insert to switchboard_pipeline with check (true);
-- Which rows may change is a trigger's to say: a policy that refuses one would fail its whole batch.
create policy pipeline_update on public.events for update to switchboard_pipeline
  using (true) with check (true);

grant select (id, workspace_id, account_id, event_id, campaign_id, campaign_version, step, kind,
              person_id, comment_id, content, state, reason, not_before, deadline, attempts,
              lease_until, lease_owner, message_id, trace_id, published_at),
      insert (id, workspace_id, account_id, event_id, campaign_id, campaign_version, step, kind,
              person_id, comment_id, content, state, not_before, deadline, trace_id, published_at),
      update (state, reason, not_before, attempts, lease_until, lease_owner, message_id,
              recipient_id, graph_code, graph_subcode, fbtrace_id, published_at, sent_at)
   on public.deliveries to switchboard_pipeline;
create policy pipeline_select on public.deliveries for select to switchboard_pipeline using (true);
create policy pipeline_insert on public.deliveries for insert to switchboard_pipeline
  with check (state in ('waiting', 'parked', 'ready'));
create policy pipeline_update on public.deliveries for update to switchboard_pipeline
  using (true) with check (true);
