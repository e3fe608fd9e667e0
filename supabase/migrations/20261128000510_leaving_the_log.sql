-- An owner who has us delete their data leaves the audit log, too: it goes on saying that an entry was
-- made, when and by whom, and no longer which account at Instagram it was about.

-- Settings stay; whatever else an account's row has, or a later release adds, does not.
create function private.nameless(entry jsonb)
returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_object_agg(part.name, case
           when part.value = 'null'::jsonb
             or part.name = any ('{workspace_id,status,private_replies_per_hour,sends_per_second,
                                   time_zone,takeover,paused_until,first_served,reply_delay_min,
                                   reply_delay_max,intent_threshold}'::text[])
           then part.value
           else '"erased"' end)
    from jsonb_each(entry) as part (name, value)
$$;
comment on function private.nameless(jsonb) is
  'What an entry of the audit log says of an account, without what tells which one it was.';
revoke all on function private.nameless(jsonb) from public;

-- Whoever owns the schema may do it, and nothing else, and only for an account that is deleted.
create function private.refuse_rewriting_entry()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if old.subject = 'instagram_accounts'
     and to_jsonb(new) = to_jsonb(old) || jsonb_build_object(
       'before', private.nameless(old.before), 'after', private.nameless(old.after))
     and exists (
       select from public.instagram_accounts
        where id::text = old.subject_id and username = 'erased' and app_scoped_id is null)
  then
    return new;
  end if;
  raise exception '% of %.% is refused: what happened stays', tg_op, tg_table_schema, tg_table_name
    using errcode = 'check_violation';
end
$$;
revoke all on function private.refuse_rewriting_entry() from public;
drop trigger refuse_rewriting on public.audit_log;
create trigger refuse_rewriting before delete or truncate on public.audit_log
  for each statement execute function private.refuse_rewriting();
create trigger refuse_rewriting_entry before update on public.audit_log
  for each row execute function private.refuse_rewriting_entry();
comment on table public.audit_log is
  'Every change to who belongs to a workspace, to its accounts'' settings and to what they answer '
  'with. Nothing of it is ever changed or deleted, except that an account whose owner had their data '
  'deleted is no longer named. It holds no secrets and no words of people''s.';

-- The part that is done to the rows there are, people by people, is what it was.
alter function private.forget_account(uuid, int) rename to forget_rows_of_account;
revoke all on function private.forget_rows_of_account(uuid, int) from public, switchboard_caretaker;
comment on function private.forget_rows_of_account(uuid, int) is
  'The part of private.forget_account that is done to the rows there are.';

create function private.forget_account(of_account uuid, most int)
returns table (person_id text, left_over boolean)
language plpgsql security definer set search_path = ''
as $$
begin
  -- Everybody, from now on: what is on its way to the account is nobody's, whose ever it was.
  delete from private.forgotten where account_id = of_account and marks is null;
  insert into private.forgotten (account_id, instagram_id)
  select id, instagram_id from public.instagram_accounts where id = of_account;
  return query
    select gone.person_id, gone.left_over
      from private.forget_rows_of_account(of_account, most) gone;
  if not found then
    update public.audit_log
       set before = private.nameless(before), after = private.nameless(after)
     where subject = 'instagram_accounts' and subject_id = of_account::text
       and workspace_id = (
         select workspace_id from public.instagram_accounts where id = of_account);
  end if;
end
$$;
comment on function private.forget_account(uuid, int) is
  'Forgets so many people of an account, whose token is gone at once; with nobody left, the account, '
  'in the audit log too. Returns whom, and whether something was still on its way to them: call it '
  'until nobody is.';
revoke all on function private.forget_account(uuid, int) from public;
grant execute on function private.forget_account(uuid, int) to switchboard_caretaker;
