-- An admin need not wait until a job of their account's is due: it is, as soon as somebody looks. Not
-- more often than every five minutes, because a job may make many calls to Meta.
create function private.run_job(of_account uuid, job_name text)
returns interval
language plpgsql volatile security definer set search_path = ''
as $$
declare
  shortest constant interval := '5 minutes';
  begun timestamptz;
  busy boolean;
begin
  if not exists (
    select from public.instagram_accounts
     where id = of_account
       and workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[])
  ) then
    raise exception 'account % is not yours to run jobs for', of_account
      using errcode = 'insufficient_privilege', hint = 'Its admins and owners may.';
  end if;
  select last_started_at, coalesce(lease_until > now(), false) into begun, busy
    from private.jobs where name = job_name and subject = of_account::text
     for update;
  if not found then
    raise exception 'account % has no such job', of_account
      using errcode = 'no_data_found', hint = 'Those it has are listed.';
  end if;
  if busy or begun > now() - shortest then
    return greatest(begun + shortest - now(), interval '1 second');
  end if;
  update private.jobs set next_run_at = least(next_run_at, now())
   where name = job_name and subject = of_account::text;
  return interval '0';
end
$$;
comment on function private.run_job(uuid, text) is
  'Lets a job of an account be done at once, and returns 0; or returns how long to wait before asking.';
revoke all on function private.run_job(uuid, text) from public;
grant execute on function private.run_job(uuid, text) to authenticated;
