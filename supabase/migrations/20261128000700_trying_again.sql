-- The owner of a held account says that it is mended: its next delivery is tried at once.

create function private.try_account_again(of_account uuid)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  of_workspace uuid;
  until_then timestamptz;
begin
  select workspace_id, held_until into of_workspace, until_then
    from public.instagram_accounts
   where id = of_account
     and workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[])
     for no key update;
  if not found then
    raise exception 'account % is not yours to try again', of_account
      using errcode = 'insufficient_privilege';
  end if;
  if until_then is null or until_then <= now() then
    return false;
  end if;
  update public.instagram_accounts set held_until = now() where id = of_account;
  perform private.note_deed(
    of_workspace, 'instagram_accounts', of_account::text,
    jsonb_build_object('held_until', until_then), jsonb_build_object('held_until', now()));
  return true;
end
$$;
comment on function private.try_account_again(uuid) is
  'Ends the wait of a held account, for an editor of its workspace: the next delivery is its probe. '
  'False: it is not held, or its wait is over. The audit log says who it was.';
revoke all on function private.try_account_again(uuid) from public;
grant execute on function private.try_account_again(uuid) to authenticated;
