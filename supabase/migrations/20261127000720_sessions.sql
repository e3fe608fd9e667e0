-- Whoever has signed out can do nothing that cannot be undone, although their access token is good
-- for the rest of its hour: only the session says so, which Auth deletes.
create function private.is_signed_in()
returns boolean
language sql stable security definer set search_path = ''
as $$
  select coalesce(auth.jwt() ->> 'session_id', '') = ''
      or exists (
        select from auth.sessions session
         where session.id = (auth.jwt() ->> 'session_id')::uuid
           and session.user_id = (select auth.uid())
      )
$$;
comment on function private.is_signed_in() is
  'Whether the session that the caller''s token is of still exists; true if the token names none, as '
  'an API key''s claims do.';
revoke all on function private.is_signed_in() from public;
grant execute on function private.is_signed_in() to authenticated;
