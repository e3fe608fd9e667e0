-- Members as others of their workspace see them: who they are is in `auth`, which nobody may read.

create function private.emails_of_members(of_workspace uuid)
returns table (user_id uuid, email text)
language sql stable security definer set search_path = ''
as $$
  select membership.user_id, member.email::text
    from public.memberships membership
    join auth.users member on member.id = membership.user_id
   where membership.workspace_id = of_workspace
     and of_workspace = any ((select private.my_workspace_ids('viewer'))::uuid[])
$$;
comment on function private.emails_of_members(uuid) is
  'The addresses of a workspace''s members, for those who are one of them.';
revoke all on function private.emails_of_members(uuid) from public;
grant execute on function private.emails_of_members(uuid) to authenticated;
