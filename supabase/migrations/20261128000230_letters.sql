-- What becomes of dead letters is in the log of whose they were: the queues are all tenants', so
-- nothing of it happens in a table of theirs. A letter's group is Instagram's id of its account.
create function private.note_letters(of_queue text, deed text, by_account jsonb)
returns void
language plpgsql volatile security definer set search_path = ''
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
         case deed when 'discarded' then 'delete' else 'insert' end,
         'dead_letters', of_queue,
         case deed when 'discarded' then letters.told end,
         case deed when 'discarded' then null else letters.told end
    from (select account.workspace_id,
                 jsonb_build_object(
                   deed, sum((by_account ->> account.instagram_id)::int)) as told
            from public.instagram_accounts account
           where by_account ? account.instagram_id and account.status <> 'disconnected'
           group by account.workspace_id) letters;
end
$$;
comment on function private.note_letters(text, text, jsonb) is
  'Writes to the log of each workspace how many of its dead letters of a queue were `sent_back` or '
  '`discarded`: a number for each account, by Instagram''s id.';
revoke all on function private.note_letters(text, text, jsonb) from public;
grant execute on function private.note_letters(text, text, jsonb) to authenticated;
