-- Erasing a person: whatever names them or was said by them or to them goes, and what only counts
-- stays. That something happened, when, what was decided and whether it was sent is an account's own
-- history; who it was and what they wrote is not.
--
-- An event keeps its id, which is made of Meta's id of the happening and cannot be turned back into
-- it: so a webhook that Meta repeats is still known, and nobody is answered a second time.

-- What stays of an event: names that are listed here, and none that a later release adds.
create function private.erased_event(event jsonb)
returns jsonb
language sql immutable set search_path = ''
as $$
  select coalesce(jsonb_object_agg(part.name, part.value), '{}') || '{"erased": true}'
    from jsonb_each(event) as part (name, value)
   where part.name = any ('{kind,account_id,occurred_at,received_at,trace_id,standby,own,media_id,
                            original_media_id,media_product_type,ad_id,campaign_id,
                            campaign_version,step}'::text[])
$$;
comment on function private.erased_event(jsonb) is 'An event without who it was and what they said.';

-- What stays of a decision. A proof shows what was matched, so it goes; what was looked at stays.
create function private.erased_decision(decision jsonb)
returns jsonb
language sql immutable set search_path = ''
as $$
  select coalesce(jsonb_object_agg(part.name, case
           when part.name <> 'considered' or jsonb_typeof(part.value) <> 'array' then part.value
           else (select coalesce(jsonb_agg(one.campaign - 'proof' order by one.number), '[]')
                   from jsonb_array_elements(part.value)
                        with ordinality as one (campaign, number))
         end), '{}') || '{"erased": true}'
    from jsonb_each(decision) as part (name, value)
   where part.name = any ('{outcome,because,decided_at,rules_version,campaign_id,campaign_version,
                            step,considered,stopped,bound,deliveries}'::text[])
$$;
comment on function private.erased_decision(jsonb) is
  'A decision without who it was about and what they said. It can no longer be made again.';
revoke all on function private.erased_event(jsonb), private.erased_decision(jsonb) from public;

-- A decision that was made stays, or is erased; nothing else. Security definer, because who records
-- events need not be allowed to call what it compares with.
create or replace function private.refuse_second_decision()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if (new.outcome, new.campaign_id) is not distinct from (old.outcome, old.campaign_id)
     and new.decision = private.erased_decision(old.decision) then
    return new;
  end if;
  raise exception 'event % is decided (%) and cannot become %',
    old.event_id, old.outcome, new.outcome
    using errcode = 'check_violation', hint = 'Only an event whose outcome is "asked" is still open.';
end
$$;

-- What somebody did, and what stands under their comments: for erasing, and for showing a person's
-- history without reading an account's.
create index events_of_person on public.events (account_id, person_id, received_at desc)
  where person_id is not null;
create index events_replies on public.events (account_id, (event ->> 'parent_id'))
  where event ->> 'parent_id' is not null;
create index events_of_nobody on public.events (instagram_id, person_id) where account_id is null;
create index events_not_read on public.events (instagram_id)
  where kind in ('not_understood.v1', 'unreadable.v1');
create index deliveries_of_person on public.deliveries (account_id, person_id)
  where person_id is not null;
create index deliveries_to_recipient on public.deliveries (account_id, recipient_id)
  where recipient_id is not null;

-- A webhook nobody could read may have come in parts, and the person's id stand across two.
create function private.unread_events_naming(of_account uuid, of_person text)
returns uuid[]
language sql stable set search_path = ''
as $$
  with unread as (
    select event.event_id, event.kind, event.event
      from public.events event
      join public.instagram_accounts account
        on account.id = of_account and event.instagram_id in (account.instagram_id, '')
     where event.kind in ('not_understood.v1', 'unreadable.v1')
       and (event.account_id = of_account or event.account_id is null)
  ), bodies as (
    select event ->> 'digest' as digest
      from unread
     where kind = 'unreadable.v1'
     group by 1
    having position(
             convert_to(of_person, 'UTF8')
             in string_agg(decode(event ->> 'body_base64', 'base64'), ''::bytea
                           order by (event ->> 'part')::int)) > 0
  )
  select coalesce(array_agg(event_id), '{}')
    from unread
   where position(of_person in event ->> 'raw') > 0
      or event ->> 'digest' in (select digest from bodies)
$$;
revoke all on function private.unread_events_naming(uuid, text) from public;

-- Contacts, then events, then deliveries, each sorted: in that order everybody takes them.
create function private.forget_person(of_account uuid, of_person text)
returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known int;
  happened uuid[];
  said text[];
  owed uuid[];
  going int;
  forgotten_events int;
  forgotten_labels int;
begin
  if of_person = 'erased' or of_person = '' then
    raise exception 'nobody is called %', quote_literal(of_person)
      using errcode = 'invalid_parameter_value';
  end if;
  perform from public.contacts where account_id = of_account and person_id = of_person for update;

  select coalesce(array_agg(theirs.event_id), '{}') into happened
    from (select event_id
            from public.events
           where account_id = of_account and person_id = of_person
           union
          select event.event_id
            from public.events event
            join public.instagram_accounts account
              on account.id = of_account and account.instagram_id = event.instagram_id
           where event.account_id is null and event.person_id = of_person
           union
          select unnest(private.unread_events_naming(of_account, of_person))) theirs;

  select coalesce(array_agg(event ->> 'comment_id'), '{}') into said
    from public.events
   where event_id = any (happened) and event ->> 'comment_id' is not null;

  select coalesce(array_agg(theirs.id), '{}') into owed
    from (select id from public.deliveries where account_id = of_account and person_id = of_person
           union
          select id from public.deliveries
           where account_id = of_account and recipient_id = of_person
           union
          select id from public.deliveries where event_id = any (happened)) theirs;

  -- What the account itself said under their comments, and their taps on its links.
  select happened || coalesce(array_agg(more.event_id), '{}') into happened
    from (select event_id
            from public.events
           where account_id = of_account and event ->> 'parent_id' = any (said)
             and person_id is null
           union
          select click.event_id
            from public.link_clicks click
           where click.delivery_id = any (owed)) more
   where more.event_id <> all (happened);

  perform from public.events where event_id = any (happened) order by event_id for update;
  perform from public.deliveries where id = any (owed) order by id for update;

  update public.deliveries
     set state = 'cancelled', moved_by = 'erasing', reason = 'person_erased'
   where id = any (owed) and state in ('waiting', 'parked', 'ready', 'uncertain');
  select count(*) into going from public.deliveries where id = any (owed) and state = 'sending';
  if going > 0 then
    return jsonb_build_object('sending', going);
  end if;

  update public.deliveries
     set content = '{"erased": true}',
         person_id = case when kind in ('message', 'timer') then 'erased' end,
         comment_id = case when kind in ('private_reply', 'public_reply') then 'erased:' || id end,
         message_id = null, recipient_id = null, fbtrace_id = null
   where id = any (owed);
  update public.delivery_looks set message_id = null
   where delivery_id = any (owed) and message_id is not null;
  update public.alerts set resolved_at = now()
   where account_id = of_account and kind = 'unresolved_delivery' and resolved_at is null
     and subject = any (owed::text[]);

  update public.events
     set outcome = case outcome when 'asked' then 'ignored' else outcome end,
         decision = case outcome
           when 'asked' then private.erased_decision(decision)
                             || '{"outcome": "ignored", "because": "erased"}'
           else private.erased_decision(decision) end,
         event = private.erased_event(event),
         identity = 'erased:' || event_id,
         person_id = case when person_id is not null then 'erased' end
   where event_id = any (happened);
  get diagnostics forgotten_events = row_count;
  -- Others who answered them said something of their own; whom they answered is taken out.
  update public.events set event = event - 'parent_id'
   where account_id = of_account and event ->> 'parent_id' = any (said);

  delete from public.intent_labels
   where account_id = of_account and (person_id = of_person or event_id = any (happened));
  get diagnostics forgotten_labels = row_count;
  update public.exports set person_id = 'erased', expires_at = least(expires_at, now())
   where account_id = of_account and person_id = of_person;
  delete from private.idempotency_keys
   where position(convert_to(of_person, 'UTF8') in body) > 0
      or position(of_person in headers::text) > 0;
  delete from public.contacts where account_id = of_account and person_id = of_person;
  get diagnostics known = row_count;
  return jsonb_build_object(
    'sending', 0, 'contacts', known, 'events', forgotten_events,
    'deliveries', cardinality(owed), 'labels', forgotten_labels);
end
$$;
comment on function private.forget_person(uuid, text) is
  'Takes out of an account''s rows whatever names a person or is theirs, and calls off what they are '
  'owed. While something is on its way to them (`sending`), that is all: ask again.';
revoke all on function private.forget_person(uuid, text) from public;
-- Meta tells us whom to forget, with a signature and without a user; so the API asks as itself.
grant execute on function private.forget_person(uuid, text) to switchboard_api;

create function private.erase_person(of_account uuid, of_person text)
returns jsonb
language plpgsql security definer set search_path = ''
as $$
begin
  if not exists (
    select from public.instagram_accounts
     where id = of_account
       and workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[])
  ) then
    raise exception 'account % is not yours to erase people of', of_account
      using errcode = 'insufficient_privilege';
  end if;
  return private.forget_person(of_account, of_person);
end
$$;
comment on function private.erase_person(uuid, text) is
  'As private.forget_person, for an admin of the account''s workspace.';
revoke all on function private.erase_person(uuid, text) from public;
grant execute on function private.erase_person(uuid, text) to authenticated;
