-- A program asks what its key is. What keys there are only admins read, and most keys are less.

create function private.my_api_key()
returns table (id uuid, workspace_id uuid, name text, prefix text, role public.member_role,
               expires_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select key.id, key.workspace_id, key.name, key.prefix, key.role, key.expires_at
    from public.api_keys key
   where key.id = (select private.api_key_id())
     and key.workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[])
$$;
comment on function private.my_api_key() is
  'The key that calls, as far as whoever has it may know; none, if a user calls.';
revoke all on function private.my_api_key() from public;
grant execute on function private.my_api_key() to authenticated;
