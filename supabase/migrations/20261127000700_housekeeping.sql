-- What nobody asks for any more goes: logins that were begun, answers that were kept to be repeated,
-- and whom a deletion was about, once it is long done.

alter table private.deletion_requests alter column app_scoped_id_hash drop not null;
comment on column private.deletion_requests.app_scoped_id_hash is
  'SHA-256 of whom Meta named: enough to see that it is the same person asking again. Null: it was '
  'done so long ago that not even that is kept.';
create index deletion_requests_named on private.deletion_requests (finished_at)
  where app_scoped_id_hash is not null and state = 'done';

-- A part at a time, so that no transaction is long; what somebody is at just now is left alone.
create function private.tidy(most int)
returns table (login_states bigint, idempotency_keys bigint, deletion_requests bigint)
language sql volatile security definer set search_path = ''
as $$
  with old_state as (
    select state.state_hash
      from private.login_states state
     where state.expires_at < now() - interval '1 day'
     order by state.expires_at
     limit most
       for update skip locked
  ), gone_state as (
    delete from private.login_states state
     using old_state
     where state.state_hash = old_state.state_hash
    returning 1
  ), old_key as (
    select known.caller_id, known.key
      from private.idempotency_keys known
     where known.expires_at <= now()
     order by known.expires_at
     limit most
       for update skip locked
  ), gone_key as (
    delete from private.idempotency_keys known
     using old_key
     where known.caller_id = old_key.caller_id and known.key = old_key.key
    returning 1
  ), old_request as (
    select request.confirmation_code
      from private.deletion_requests request
     where request.state = 'done' and request.app_scoped_id_hash is not null
       and request.finished_at < now() - interval '90 days'
     order by request.finished_at
     limit most
       for update skip locked
  ), nameless as (
    update private.deletion_requests request
       set app_scoped_id_hash = null
      from old_request
     where request.confirmation_code = old_request.confirmation_code
    returning 1
  )
  select (select count(*) from gone_state),
         (select count(*) from gone_key),
         (select count(*) from nameless)
$$;
comment on function private.tidy(int) is
  'Removes so many of each: logins over for a day, answers that need not be repeated any more, and '
  'whom deletions were about that were done 90 days ago. Returns how many; call it until that is few.';
revoke all on function private.tidy(int) from public;
grant execute on function private.tidy(int) to switchboard_caretaker;
