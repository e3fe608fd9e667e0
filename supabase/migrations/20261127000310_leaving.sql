-- Owners who leave: what Meta asks us to delete of an account, and that it was done.

grant select (confirmation_code, app_scoped_id_hash, state, received_at, finished_at),
      insert (confirmation_code, app_scoped_id_hash),
      update (state, finished_at)
   on private.deletion_requests to switchboard_caretaker;
create policy caretaker_select on private.deletion_requests for select to switchboard_caretaker
  using (true);
create policy caretaker_insert on private.deletion_requests for insert to switchboard_caretaker
  with check (state = 'received');
create policy caretaker_update on private.deletion_requests for update to switchboard_caretaker
  using (true) with check (true);

-- The request keeps a hash of whom Meta named: enough to find whose account it is.
create function private.accounts_of_app_user(user_hash bytea)
returns uuid[]
language sql stable security definer set search_path = ''
as $$
  select coalesce(array_agg(id order by id), '{}')
    from public.instagram_accounts
   where sha256(convert_to(app_scoped_id, 'UTF8')) = user_hash
      or sha256(convert_to(instagram_id, 'UTF8')) = user_hash
$$;
comment on function private.accounts_of_app_user(bytea) is
  'The accounts, connected or not, that Meta means by an app user whose id has that SHA-256.';
revoke all on function private.accounts_of_app_user(bytea) from public;
grant execute on function private.accounts_of_app_user(bytea) to switchboard_caretaker;

-- A part at a time, so that no transaction holds a big account's rows for long.
create function private.forget_account(of_account uuid, most int)
returns table (person_id text, left_over boolean)
language plpgsql security definer set search_path = ''
as $$
declare
  one text;
begin
  delete from private.instagram_credentials where account_id = of_account;
  update public.instagram_accounts set status = 'disconnected'
   where id = of_account and status <> 'disconnected';
  for one in
    select people.person_id
      from (select contact.person_id from public.contacts contact
             where contact.account_id = of_account
             union
            select event.person_id from public.events event
             where event.account_id = of_account and event.person_id is not null
             union
            select coalesce(delivery.person_id, delivery.recipient_id)
              from public.deliveries delivery
             where delivery.account_id = of_account) people
     where people.person_id is not null and people.person_id <> 'erased'
     order by 1
     limit most
  loop
    person_id := one;
    left_over := (private.forget_person(of_account, one) ->> 'sending')::int > 0;
    return next;
  end loop;
  if found then
    return;
  end if;
  -- Nobody is left: what the account itself said, and who it was.
  update public.events
     set decision = private.erased_decision(decision), event = private.erased_event(event),
         identity = 'erased:' || event_id
   where account_id = of_account and event ->> 'erased' is null and outcome <> 'asked';
  delete from private.webhook_secrets where account_id = of_account;
  delete from public.intent_labels where account_id = of_account;
  update public.instagram_accounts
     set username = 'erased', app_scoped_id = null, permissions = null, subscribed_fields = null
   where id = of_account;
end
$$;
comment on function private.forget_account(uuid, int) is
  'Forgets so many people of an account, whose token is gone at once; with nobody left, the account. '
  'Returns whom, and whether something was still on its way to them: call it until nobody is.';
revoke all on function private.forget_account(uuid, int) from public;
grant execute on function private.forget_account(uuid, int) to switchboard_caretaker;
