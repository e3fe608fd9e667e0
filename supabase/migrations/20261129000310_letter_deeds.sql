-- What becomes of dead letters is written down before it happens, and again when it has: whoever is
-- killed in between leaves what they were about to do. Also of letters that are in no workspace's log,
-- since they belong to nobody: this is the installation's.

create table private.letter_deeds (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  queue text not null check (queue <> ''),
  deed text not null check (deed in ('sent_back', 'discarded')),
  actor text not null check (actor <> ''),
  actor_id uuid,
  letters jsonb not null check (jsonb_typeof(letters) = 'object'),
  done jsonb check (jsonb_typeof(done) = 'object'),
  ended_at timestamptz check (ended_at >= at),
  check ((done is null) = (ended_at is null))
);
comment on table private.letter_deeds is
  'Dead letters that somebody was about to send back, or to throw away, and what came of it.';
comment on column private.letter_deeds.actor is
  '`user`, `api_key`, or the database role that did it on its own account; actor_id: which.';
comment on column private.letter_deeds.letters is
  'The letters'' ids at SQS, by the account that each is about (Instagram''s id, or what stands there '
  'if it is nobody''s).';
comment on column private.letter_deeds.done is
  'Of how many of each account it came true. Null: whoever was at it has not said.';

alter table private.letter_deeds enable row level security;
revoke all on private.letter_deeds from public, anon, authenticated, service_role;
revoke all on sequence private.letter_deeds_id_seq from public, anon, authenticated, service_role;

-- As before, and of what is about to be done as well.
create or replace function private.note_letters(of_queue text, deed text, by_account jsonb)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  by_caller constant boolean := current_setting('role') = 'authenticated';
begin
  if by_caller and not private.is_operator() and exists (
    select from public.instagram_accounts account
     where by_account ? account.instagram_id and account.status <> 'disconnected'
       and not account.workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[])
  ) then
    raise exception 'there are letters among them that are not yours'
      using errcode = 'insufficient_privilege', hint = 'Admins and owners of their workspace may.';
  end if;
  insert into public.audit_log (
    workspace_id, actor, actor_id, action, subject, subject_id, before, after)
  select letters.workspace_id,
         case when not by_caller then session_user::text
              when private.api_key_id() is not null then 'api_key'
              else 'user' end,
         case when by_caller then private.caller_id() end,
         case when deed in ('discarding', 'discarded') then 'delete' else 'insert' end,
         'dead_letters', of_queue,
         case when deed in ('discarding', 'discarded') then letters.told end,
         case when deed in ('discarding', 'discarded') then null else letters.told end
    from (select account.workspace_id,
                 jsonb_build_object(
                   deed, sum((by_account ->> account.instagram_id)::int)) as told
            from public.instagram_accounts account
           where by_account ? account.instagram_id and account.status <> 'disconnected'
           group by account.workspace_id) letters;
end
$$;
comment on function private.note_letters(text, text, jsonb) is
  'Writes to the log of each workspace how many of its dead letters of a queue somebody is '
  '`sending_back` or `discarding`, or were `sent_back` or `discarded`: a number for each account, by '
  'Instagram''s id.';

create function private.begin_letters(of_queue text, of_deed text, named jsonb)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  by_caller constant boolean := current_setting('role') = 'authenticated';
  begun bigint;
begin
  if by_caller and not private.is_operator() and exists (
    select from jsonb_object_keys(named) as account (instagram_id)
     where not exists (
       select from public.instagram_accounts mine
        where mine.instagram_id = account.instagram_id and mine.status <> 'disconnected'
          and mine.workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]))
  ) then
    raise exception 'there are letters among them that are not yours'
      using errcode = 'insufficient_privilege', hint = 'Admins and owners of their workspace may.';
  end if;
  insert into private.letter_deeds (queue, deed, actor, actor_id, letters)
  values (
    of_queue, of_deed,
    case when not by_caller then session_user::text
         when private.api_key_id() is not null then 'api_key'
         else 'user' end,
    case when by_caller then private.caller_id() end, named)
  returning id into begun;
  perform private.note_letters(
    of_queue, case of_deed when 'discarded' then 'discarding' else 'sending_back' end,
    (select jsonb_object_agg(account.instagram_id, jsonb_array_length(account.ids))
       from jsonb_each(named) as account (instagram_id, ids)));
  return begun;
end
$$;
comment on function private.begin_letters(text, text, jsonb) is
  'Writes down that dead letters are about to be `sent_back` or `discarded`: their ids, by account. '
  'What it returns is for private.end_letters.';

create function private.end_letters(begun bigint, by_account jsonb)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  by_caller constant boolean := current_setting('role') = 'authenticated';
  ended private.letter_deeds;
begin
  update private.letter_deeds deed
     set done = by_account, ended_at = greatest(clock_timestamp(), deed.at)
   where deed.id = begun and deed.ended_at is null
     and (not by_caller or deed.actor_id = coalesce((select auth.uid()), private.api_key_id()))
  returning deed.* into ended;
  if not found then
    raise exception 'nothing of yours was begun as %, or it has ended', begun
      using errcode = 'no_data_found';
  end if;
  if exists (
    select from jsonb_each(by_account) as account (instagram_id, many)
     where account.many::int > coalesce(jsonb_array_length(ended.letters -> account.instagram_id), 0)
  ) then
    raise exception 'more came true than was begun as %', begun using errcode = 'check_violation';
  end if;
  perform private.note_letters(
    ended.queue, ended.deed,
    (select jsonb_object_agg(
              account.instagram_id, coalesce((by_account ->> account.instagram_id)::int, 0))
       from jsonb_object_keys(ended.letters) as account (instagram_id)));
end
$$;
comment on function private.end_letters(bigint, jsonb) is
  'Writes down of how many letters of each account it came true, for whoever began it, once.';

create function private.letter_deeds_before(of_id bigint, most int)
returns setof private.letter_deeds
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from private.operators where user_id = (select auth.uid())) then
    raise exception 'what was done with everybody''s letters is not yours to see'
      using errcode = 'insufficient_privilege', hint = 'Those who run the installation may.';
  end if;
  return query
    select deed.* from private.letter_deeds deed
     where of_id is null or deed.id < of_id
     order by deed.id desc
     limit most;
end
$$;
comment on function private.letter_deeds_before(bigint, int) is
  'What was done, or begun, with dead letters, whoever''s and nobody''s, the latest first; for those '
  'who run the installation.';

revoke all on function private.begin_letters(text, text, jsonb) from public;
revoke all on function private.end_letters(bigint, jsonb) from public;
revoke all on function private.letter_deeds_before(bigint, int) from public;
grant execute on function private.begin_letters(text, text, jsonb) to authenticated;
grant execute on function private.end_letters(bigint, jsonb) to authenticated;
grant execute on function private.letter_deeds_before(bigint, int) to authenticated;
