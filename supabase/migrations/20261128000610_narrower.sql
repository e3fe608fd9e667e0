-- Rights that nobody needed, or that reached further than they said.

-- What the platform grants on sequences by default let anybody set the audit log's back, and every
-- change that it notes fails then, of all tenants.
revoke all on sequence public.audit_log_id_seq from public, anon, authenticated, service_role;

-- Nobody comes into a workspace without having said so: whoever is put into one is shown in it, with
-- their address. They begin it or accept an invitation, and both are functions.
drop policy memberships_insert on public.memberships;
revoke insert (workspace_id, user_id, role) on public.memberships from authenticated;

-- A key that is called like a user is that user where callers are told apart by their id: in what
-- was answered under an idempotency key, in calls that are counted, in who published something.
revoke insert (id) on public.api_keys from authenticated;

-- Connecting is for a login at Instagram, which proves whose the account is; a user who may write
-- the status has it back without one, and nobody else can connect it then.
revoke update (status) on public.instagram_accounts from authenticated;

create function private.disconnect_account(of_account uuid)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update public.instagram_accounts
     set status = 'disconnected'
   where id = of_account and status <> 'disconnected'
     and workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]);
  return found;
end
$$;
comment on function private.disconnect_account(uuid) is
  'Disconnects an account, for an admin of its workspace. False: there is none that they may, or it '
  'is not connected.';
revoke all on function private.disconnect_account(uuid) from public;
grant execute on function private.disconnect_account(uuid) to authenticated;

-- Meta's requests are the caretaker's work, account by account.
revoke execute on function private.forget_person(uuid, text) from switchboard_api;

-- An update gives nobody else's name to what somebody said.
alter policy intent_labels_update on public.intent_labels
  with check (
    workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[])
    and labelled_by = (select private.caller_id())
  );

-- A unique index is looked at before a reference is: a row in one's own workspace that names another's
-- account told, by how it was refused, what that account has.
alter policy campaign_versions_insert on public.campaign_versions
  with check (
    workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[])
    and published_by = (select private.caller_id())
    and exists (
      select from public.campaigns campaign
       where campaign.id = campaign_versions.campaign_id
         and campaign.workspace_id = campaign_versions.workspace_id
    )
  );
alter policy intents_insert on public.intents
  with check (
    workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[])
    and exists (
      select from public.instagram_accounts account
       where account.id = intents.account_id and account.workspace_id = intents.workspace_id
    )
  );
alter policy intent_labels_insert on public.intent_labels
  with check (
    workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[])
    and labelled_by = (select private.caller_id())
    and exists (
      select from public.instagram_accounts account
       where account.id = intent_labels.account_id
         and account.workspace_id = intent_labels.workspace_id
    )
  );

-- What one tenant stores is read with what others have stored: JSON that our readers give up on, too
-- deep or with a number of thousands of digits, kept the rules of all of them from being read. What
-- was stored before is left alone, until its row is changed.
alter table public.campaigns
  add constraint campaigns_draft_readable check (
    not jsonb_path_exists(draft, 'strict $.**{64}')
    and not jsonb_path_exists(
      draft, 'strict $.** ? (@.type() == "number" && (@ > 1e300 || @ < -1e300))')
  ) not valid;
alter table public.campaign_versions
  add constraint campaign_versions_definition_readable check (
    not jsonb_path_exists(definition, 'strict $.**{64}')
    and not jsonb_path_exists(
      definition, 'strict $.** ? (@.type() == "number" && (@ > 1e300 || @ < -1e300))')
  ) not valid;
alter table public.intent_labels
  add constraint intent_labels_answered_readable check (
    not jsonb_path_exists(answered, 'strict $.**{64}')
    and not jsonb_path_exists(
      answered, 'strict $.** ? (@.type() == "number" && (@ > 1e300 || @ < -1e300))')
  ) not valid;
alter table public.instagram_accounts
  add constraint instagram_accounts_intent_calibration_readable check (
    not jsonb_path_exists(intent_calibration, 'strict $.**{64}')
    and not jsonb_path_exists(
      intent_calibration, 'strict $.** ? (@.type() == "number" && (@ > 1e300 || @ < -1e300))')
  ) not valid;
