-- Who runs the installation, and may see by the API what spans all tenants. Whoever owns the schema
-- says who that is, by the command line; nothing that the API does can make an operator.
create table private.operators (
  user_id uuid primary key references auth.users (id) on delete cascade,
  added_at timestamptz not null default now(),
  added_by text not null default session_user check (added_by <> '')
);
comment on table private.operators is
  'Users who run the installation: they see how all of it is, and no tenant''s rows by that.';
comment on column private.operators.added_by is 'The database role that said so.';

alter table private.operators enable row level security;
revoke all on private.operators from public, anon, authenticated, service_role;

create function private.is_operator()
returns boolean
language sql stable security definer set search_path = ''
as $$ select exists (select from private.operators where user_id = (select auth.uid())) $$;
comment on function private.is_operator() is
  'Whether the caller, a user and no program with a key, runs the installation.';
revoke all on function private.is_operator() from public;
grant execute on function private.is_operator() to authenticated;
