-- What becomes of the deliveries that wait for others which have ended: in one place, for the pipeline,
-- which ends most of them, and for people, who decide about the rest.

-- They were sent: what waits for them is ready, or parked until its time.
create function private.release_after(ended uuid[])
returns table (id uuid, trace_id text, state text, instagram_id text)
language sql volatile set search_path = ''
as $$
  with next as (
    select waiting.id, waiting.not_before <= now() + interval '5 s' as due
      from public.deliveries waiting
     where waiting.after_id = any (ended) and waiting.state = 'waiting'
       for update of waiting skip locked
  )
  update public.deliveries delivery
     set state = case when next.due then 'ready' else 'parked' end,
         moved_by = 'chain',
         not_before = case when next.due then least(delivery.not_before, now())
                           else delivery.not_before end,
         published_at = case when next.due then now() else delivery.published_at end
    from next, public.instagram_accounts account
   where delivery.id = next.id and account.id = delivery.account_id
  returning delivery.id, delivery.trace_id, delivery.state, account.instagram_id
$$;
comment on function private.release_after(uuid[]) is
  'Lets what waits for these deliveries, which were sent, be sent in its turn; returns what that is. '
  'Part of the statement that records their end, and sees it.';
revoke all on function private.release_after(uuid[]) from public;
grant execute on function private.release_after(uuid[]) to switchboard_pipeline;

-- They were not sent: what waits for them never will be, nor what waits for that.
create function private.call_off_after(ended uuid[])
returns bigint
language sql volatile set search_path = ''
as $$
  with recursive followers (id) as (
    select waiting.id
      from public.deliveries waiting
     where waiting.after_id = any (ended) and waiting.state = 'waiting'
    union
    select waiting.id
      from public.deliveries waiting
      join followers on followers.id = waiting.after_id
     where waiting.state = 'waiting'
  ), doomed as (
    select waiting.id
      from public.deliveries waiting
      join followers on followers.id = waiting.id
     where waiting.state = 'waiting'
       for update of waiting skip locked
  ), cancelled as (
    update public.deliveries delivery
       set state = 'cancelled', moved_by = 'chain', reason = 'earlier_not_sent'
      from doomed
     where delivery.id = doomed.id
    returning 1
  )
  select count(*) from cancelled
$$;
comment on function private.call_off_after(uuid[]) is
  'Calls off what waits for these deliveries, which were not sent, and what waits for that; returns '
  'how many those are. Part of the statement that records their end, and sees it.';
revoke all on function private.call_off_after(uuid[]) from public;
grant execute on function private.call_off_after(uuid[]) to switchboard_pipeline;

create or replace function private.end_delivery(of_delivery uuid, verdict text, known_as text)
returns boolean
language plpgsql set search_path = ''
as $$
declare
  of_account uuid;
begin
  case verdict
  when 'sent' then
    update public.deliveries decided
       set state = 'sent', moved_by = 'owner', reason = 'decided_sent', lease_until = null,
           sent_at = coalesce(attempt_over_at, now()), message_id = known_as
     where id = of_delivery and state = 'uncertain'
       and not exists (
         select from public.deliveries other
          where other.account_id = decided.account_id and other.message_id = known_as)
    returning account_id into of_account;
    perform private.release_after(array[of_delivery]) where of_account is not null;
  when 'retry' then
    update public.deliveries
       set state = 'ready', moved_by = 'owner', reason = 'decided_retry', lease_owner = null,
           lease_until = null, published_at = to_timestamp(0)
     where id = of_delivery and state = 'uncertain'
    returning account_id into of_account;
  when 'drop', 'cancel' then
    update public.deliveries
       set state = 'cancelled', moved_by = 'owner', lease_until = null,
           reason = case verdict when 'drop' then 'decided_drop' else 'called_off' end
     where id = of_delivery
       and state = any (case verdict when 'drop' then '{uncertain}'
                                     else '{waiting,parked,ready}' end::text[])
    returning account_id into of_account;
    perform private.call_off_after(array[of_delivery]) where of_account is not null;
  end case;
  if of_account is null then
    return false;
  end if;
  update public.alerts
     set resolved_at = now()
   where account_id = of_account and kind = 'unresolved_delivery'
     and subject = of_delivery::text and resolved_at is null;
  return true;
end
$$;
