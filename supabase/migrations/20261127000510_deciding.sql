-- What a person decides about a delivery: what became of it, where nobody could find out, or that it
-- is not to be sent. At a command line the owner of the schema does, in the dashboard an editor.

-- Nobody is told of what becomes ready by it; the pacer finds it, because it was published as long
-- ago as can be, or within a minute.
create function private.end_delivery(of_delivery uuid, verdict text, known_as text)
returns boolean
language plpgsql set search_path = ''
as $$
declare
  of_account uuid;
begin
  case verdict
  when 'sent' then
    with ended as (
      update public.deliveries decided
         set state = 'sent', moved_by = 'owner', reason = 'decided_sent', lease_until = null,
             sent_at = coalesce(attempt_over_at, now()), message_id = known_as
       where id = of_delivery and state = 'uncertain'
         and not exists (
           select from public.deliveries other
            where other.account_id = decided.account_id and other.message_id = known_as)
      returning id, account_id
    ), next as (
      select waiting.id, waiting.not_before <= now() + interval '5 s' as due
        from public.deliveries waiting
        join ended on ended.id = waiting.after_id
       where waiting.state = 'waiting'
         for update of waiting skip locked
    ), released as (
      update public.deliveries delivery
         set state = case when next.due then 'ready' else 'parked' end,
             moved_by = 'chain',
             not_before = case when next.due then least(delivery.not_before, now())
                               else delivery.not_before end,
             published_at = case when next.due then now() else delivery.published_at end
        from next
       where delivery.id = next.id
    )
    select account_id into of_account from ended;
  when 'retry' then
    update public.deliveries
       set state = 'ready', moved_by = 'owner', reason = 'decided_retry', lease_owner = null,
           lease_until = null, published_at = to_timestamp(0)
     where id = of_delivery and state = 'uncertain'
    returning account_id into of_account;
  when 'drop', 'cancel' then
    with recursive ended as (
      update public.deliveries
         set state = 'cancelled', moved_by = 'owner', lease_until = null,
             reason = case verdict when 'drop' then 'decided_drop' else 'called_off' end
       where id = of_delivery
         and state = any (case verdict when 'drop' then '{uncertain}'
                                       else '{waiting,parked,ready}' end::text[])
      returning id, account_id
    ), followers (id) as (
      select waiting.id
        from public.deliveries waiting
        join ended on ended.id = waiting.after_id
       where waiting.state = 'waiting'
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
         and not exists (select from ended where ended.id = waiting.id)
         for update of waiting skip locked
    ), cancelled as (
      update public.deliveries delivery
         set state = 'cancelled', moved_by = 'chain', reason = 'earlier_not_sent'
        from doomed
       where delivery.id = doomed.id
    )
    select account_id into of_account from ended;
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
comment on function private.end_delivery(uuid, text, text) is
  'Decides what became of an uncertain delivery (`sent`, as known_as if that is known; `retry`; '
  '`drop`), or calls off one that was not tried yet (`cancel`), with what that means for those that '
  'wait for it. False: it is in no state that leaves that to a person, or the message is another''s.';
revoke all on function private.end_delivery(uuid, text, text) from public;

-- Who did something that no table of the audit log's shows: the caller, to what, and what it became.
create function private.note_deed(
  of_workspace uuid, of_subject text, of_id text, was jsonb, became jsonb)
returns void
language sql security definer set search_path = ''
as $$
  insert into public.audit_log (
    workspace_id, actor, actor_id, action, subject, subject_id, before, after)
  values (
    of_workspace,
    case when private.api_key_id() is not null then 'api_key' else 'user' end,
    private.caller_id(),
    case when became is null then 'delete' else 'update' end,
    of_subject, of_id, was, became)
$$;
revoke all on function private.note_deed(uuid, text, text, jsonb, jsonb) from public;

create function private.decide_delivery(of_delivery uuid, verdict text, known_as text)
returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  found_one record;
  decided boolean;
begin
  select workspace_id, state into found_one
    from public.deliveries
   where id = of_delivery
     and workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]);
  if not found then
    raise exception 'delivery % is not yours to decide', of_delivery
      using errcode = 'insufficient_privilege';
  end if;
  decided := private.end_delivery(of_delivery, verdict, known_as);
  if decided then
    perform private.note_deed(
      found_one.workspace_id, 'deliveries', of_delivery::text,
      jsonb_build_object('state', found_one.state),
      (select jsonb_build_object('state', state, 'reason', reason)
         from public.deliveries
        where id = of_delivery));
  end if;
  return decided;
end
$$;
comment on function private.decide_delivery(uuid, text, text) is
  'As private.end_delivery, for an editor of its workspace; the audit log says who it was.';
revoke all on function private.decide_delivery(uuid, text, text) from public;
grant execute on function private.decide_delivery(uuid, text, text) to authenticated;

-- When it is looked for again, and since when its attempt is over: what an owner decides by.
grant select (attempt_over_at, look_at) on public.deliveries to authenticated;

-- What lingers is listed without passing what was sent.
create index deliveries_lingering on public.deliveries (workspace_id, created_at desc, id)
  where state in ('waiting', 'parked', 'uncertain');
