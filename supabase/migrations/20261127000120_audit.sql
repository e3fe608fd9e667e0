-- Who changed what: written by the tables themselves, so that no handler can forget it, and never
-- rewritten, not even by who owns the schema.

create table public.audit_log (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  actor text not null check (actor <> ''),
  actor_id uuid,
  action text not null check (action in ('insert', 'update', 'delete')),
  subject text not null check (subject <> ''),
  subject_id text not null check (subject_id <> ''),
  before jsonb,
  after jsonb,
  check ((action = 'insert') = (before is null) and (action = 'delete') = (after is null))
);
comment on table public.audit_log is
  'Every change to who belongs to a workspace, to its accounts'' settings and to what they answer '
  'with. Nothing of it is ever changed or deleted. It holds no secrets and no words of people''s.';
comment on column public.audit_log.workspace_id is
  'Not a reference: the log outlives what it tells of.';
comment on column public.audit_log.actor is
  '`user`, `api_key`, or the database role that did it on its own account.';
comment on column public.audit_log.actor_id is 'The user or the key.';
comment on column public.audit_log.subject is 'The table.';
comment on column public.audit_log.subject_id is
  'The row''s key; the parts of a longer one with a slash between them.';
comment on column public.audit_log.before is 'Of an update, only what it changed.';
create index audit_log_of_workspace on public.audit_log (workspace_id, id desc);
create index audit_log_of_subject on public.audit_log (workspace_id, subject, subject_id, id desc);

create function private.refuse_rewriting()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception '% of %.% is refused: what happened stays', tg_op, tg_table_schema, tg_table_name
    using errcode = 'check_violation';
end
$$;
revoke all on function private.refuse_rewriting() from public;

create trigger refuse_rewriting before update or delete or truncate on public.audit_log
  for each statement execute function private.refuse_rewriting();

alter table public.audit_log enable row level security;
revoke all on public.audit_log from public, anon, authenticated, service_role;
grant select (id, workspace_id, at, actor, actor_id, action, subject, subject_id, before, after)
   on public.audit_log to authenticated;
create policy audit_log_select on public.audit_log for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]));

create function private.workspace_of(changed jsonb, of_table text)
returns uuid
language sql stable set search_path = ''
as $$
  select case
    when of_table = 'workspaces' then (changed ->> 'id')::uuid
    when changed ? 'workspace_id' then (changed ->> 'workspace_id')::uuid
    else (select workspace_id
            from public.instagram_accounts
           where id = (changed ->> 'account_id')::uuid)
  end
$$;
revoke all on function private.workspace_of(jsonb, text) from public;

-- Its first argument names the columns of the row's key, the others those that are not told: secrets,
-- and what changes by itself. Security definer, because nobody may write the log. Whose claims are
-- set means nothing unless the role is that of users: anybody can set claims.
create function private.audit()
returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  old_row constant jsonb := to_jsonb(old);
  new_row constant jsonb := to_jsonb(new);
  known constant jsonb := coalesce(new_row, old_row);
  by_caller constant boolean := current_setting('role') = 'authenticated';
  was jsonb := old_row - tg_argv[1:];
  became jsonb := new_row - tg_argv[1:];
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(one.key, one.value), jsonb_object_agg(one.key, became -> one.key)
      into was, became
      from jsonb_each(was) one
     where one.value is distinct from became -> one.key;
    if was is null then
      return null;
    end if;
  end if;
  insert into public.audit_log (
    workspace_id, actor, actor_id, action, subject, subject_id, before, after)
  values (
    private.workspace_of(known, tg_table_name),
    case when not by_caller then session_user::text
         when private.api_key_id() is not null then 'api_key'
         else 'user' end,
    case when by_caller then private.caller_id() end,
    lower(tg_op), tg_table_name,
    (select string_agg(known ->> part.name, '/' order by part.position)
       from unnest(string_to_array(tg_argv[0], ' ')) with ordinality as part (name, position)),
    was, became);
  return null;
end
$$;
revoke all on function private.audit() from public;

create trigger audit after insert or update or delete on public.workspaces
  for each row execute function private.audit('id', 'id', 'created_at', 'revision');
create trigger audit after insert or update or delete on public.memberships
  for each row execute function private.audit('user_id', 'workspace_id', 'user_id', 'created_at');
create trigger audit after insert or update or delete on public.invitations
  for each row execute function private.audit('id', 'id', 'workspace_id', 'token_hash', 'created_at');
create trigger audit after insert or update or delete on public.api_keys
  for each row execute function private.audit('id', 'id', 'workspace_id', 'key_hash', 'last_used_at',
                                              'created_at');
-- Not for what sending does to an account: holds and probes have their own traces.
create trigger audit
  after insert or delete or update of workspace_id, instagram_id, app_scoped_id, username, status,
    private_replies_per_hour, sends_per_second, time_zone, takeover, paused_until, first_served,
    reply_delay_min, reply_delay_max, intent_threshold, intent_calibration
  on public.instagram_accounts
  for each row execute function private.audit(
    'id', 'id', 'held_until', 'hold_reason', 'holds', 'probe_id', 'probe_until', 'proved_at',
    'rules_version', 'revision', 'created_at', 'updated_at');
-- A draft is saved with every pause in somebody's typing, and nothing answers by it.
create trigger audit after insert or update or delete on public.campaigns
  for each row execute function private.audit(
    'id', 'id', 'workspace_id', 'draft', 'next_media_id', 'revision', 'created_at', 'updated_at');
create trigger audit after insert on public.campaign_versions
  for each row execute function private.audit(
    'campaign_id version', 'campaign_id', 'version', 'workspace_id', 'published_at');
create trigger audit after insert or update or delete on public.intents
  for each row execute function private.audit(
    'id', 'id', 'workspace_id', 'revision', 'created_at', 'updated_at');
create trigger audit after insert or update or delete on private.instagram_credentials
  for each row execute function private.audit(
    'account_id', 'account_id', 'nonce', 'ciphertext', 'updated_at');
create trigger audit after insert or update or delete on private.webhook_secrets
  for each row execute function private.audit('account_id', 'account_id', 'nonce', 'ciphertext');
