-- Whoever was erased stays so. What they did before may still be on its way: on a queue, in a router's
-- hands, among the dead letters, or with Meta, which repeats webhooks. Whoever records an event finds
-- out here that it is of somebody who was erased since, and keeps of it what erasing would have left.

create table private.forgotten (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null references public.instagram_accounts (id) on delete cascade,
  instagram_id text not null check (instagram_id <> ''),
  at timestamptz not null default clock_timestamp(),
  marks text[] check (array_position(marks, null) is null)
);
comment on table private.forgotten is
  'That people of an account were erased, and when, without saying who: of what happened before, it '
  'can be told whether it is theirs. Kept for as long as that can still come.';
comment on column private.forgotten.marks is
  'Marks (private.mark) of the person and of their comments'' and messages'' ids. Null: everybody.';
create index forgotten_lately on private.forgotten (instagram_id, at);
create index forgotten_of_account on private.forgotten (account_id);
create index forgotten_when on private.forgotten (at);
alter table private.forgotten enable row level security;
revoke all on private.forgotten from public, anon, authenticated, service_role;
-- Only whether there is any: mostly not, and then nothing more is asked.
grant select (instagram_id, at) on private.forgotten to switchboard_pipeline;
create policy pipeline_select on private.forgotten for select to switchboard_pipeline using (true);

-- Eight digits of a hash salted by the row: of Meta's ids, which have 16 digits and more, over two
-- million share each mark, so trying all of them leads to nobody. There is no key to be kept, or lost.
-- That somebody else has it is one in four billion, and of them it concerns only what they did before
-- that moment and what had not been recorded yet.
create function private.mark(of_row uuid, named text)
returns text
language sql immutable parallel safe set search_path = ''
as $$ select substr(encode(sha256(convert_to(of_row || ':' || named, 'UTF8')), 'hex'), 1, 8) $$;
comment on function private.mark(uuid, text) is 'What an id is called in that row of forgotten ones.';
revoke all on function private.mark(uuid, text) from public;

-- A webhook that nobody could read may name anybody, so all of before are taken for theirs; one whose
-- account could not be read either may be any account's. The rest of an event without a person (what
-- the account said itself, a mention) is theirs if it has an id of theirs in it.
create function private.is_forgotten(
  of_account uuid, of_instagram text, of_person text, of_kind text, moment timestamptz, event jsonb)
returns boolean
language sql stable security definer set search_path = ''
as $$
  select exists (
    select from private.forgotten gone
     where gone.at > moment
       and (gone.instagram_id = of_instagram or of_instagram = '')
       and (gone.account_id = of_account or of_account is null)
       and case
             when gone.marks is null or of_kind in ('not_understood.v1', 'unreadable.v1') then true
             when of_person <> '' then private.mark(gone.id, of_person) = any (gone.marks)
             else exists (
               select from jsonb_each_text(event) as part (name, value)
                where private.mark(gone.id, part.value) = any (gone.marks))
           end)
$$;
comment on function private.is_forgotten(uuid, text, text, text, timestamptz, jsonb) is
  'Whether what happened at that moment, and is to be recorded now, is of somebody erased since.';
revoke all on function private.is_forgotten(uuid, text, text, text, timestamptz, jsonb) from public;
grant execute on function private.is_forgotten(uuid, text, text, text, timestamptz, jsonb)
   to switchboard_pipeline;

-- Whoever records has perhaps decided before the erasing began, and waited for it to end: they look
-- again, as it is now. Those with a contact wait for its row; the others, here.
create function private.refuse_forgotten()
returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  moment constant timestamptz := least(new.occurred_at + interval '1 s', new.received_at);
begin
  if new.account_id is null or new.person_id is null then
    perform pg_advisory_xact_lock_shared(hashtextextended('forgetting:' || new.instagram_id, 0));
  end if;
  if new.event ? 'erased' or not exists (
    select from private.forgotten gone where gone.instagram_id = new.instagram_id and gone.at > moment
  ) then
    return new;
  end if;
  if private.is_forgotten(
    new.account_id, new.instagram_id, new.person_id, new.kind, moment, new.event)
  then
    raise exception 'event % is of somebody who has just been erased', new.event_id
      using errcode = 'serialization_failure';
  end if;
  -- Somebody else, who answered them: whom they answered is taken out.
  new.event := (
    select coalesce(jsonb_object_agg(part.name, part.value), '{}')
      from jsonb_each(new.event) as part (name, value)
     where not exists (
       select from private.forgotten gone
        where gone.instagram_id = new.instagram_id and gone.at > moment
          and gone.account_id = new.account_id
          and private.mark(gone.id, part.value #>> '{}') = any (gone.marks)));
  return new;
end
$$;
revoke all on function private.refuse_forgotten() from public;
create trigger refuse_forgotten before insert on public.events
  for each row execute function private.refuse_forgotten();

-- What erasing would have left of it, and of what stands under it if it is a comment.
create function private.record_forgotten(
  of_event uuid, of_workspace uuid, of_account uuid, of_instagram text, of_person text,
  of_kind text, occurred timestamptz, received timestamptz, told jsonb, of_trace text)
returns void
language plpgsql security definer set search_path = ''
as $$
declare
  moment constant timestamptz := least(occurred + interval '1 s', received);
begin
  if not private.is_forgotten(of_account, of_instagram, of_person, of_kind, moment, told) then
    raise exception 'event % is of nobody who was erased', of_event
      using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('forgetting:' || of_instagram, 0));
  insert into private.known_events (event_id, received_at) values (of_event, received)
  on conflict (event_id) do nothing;
  if not found then
    return;
  end if;
  insert into public.events (
    event_id, workspace_id, account_id, instagram_id, kind, identity, person_id, occurred_at,
    received_at, outcome, decision, event, trace_id)
  values (
    of_event, of_workspace, of_account, of_instagram, of_kind, 'erased:' || of_event,
    case when of_person <> '' then 'erased' end, occurred, received, 'ignored',
    jsonb_build_object(
      'outcome', 'ignored', 'because', 'erased', 'erased', true,
      'decided_at', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
    private.erased_event(told), of_trace);
  update private.forgotten gone
     set marks = array(
           select unnest(gone.marks)
            union
           select private.mark(gone.id, part.named)
             from unnest(array[told ->> 'comment_id', told ->> 'message_id']) as part (named)
            where part.named is not null)
   where gone.instagram_id = of_instagram and gone.at > moment
     and private.mark(gone.id, of_person) = any (gone.marks);
  update public.events reply
     set outcome = case reply.outcome when 'asked' then 'ignored' else reply.outcome end,
         decision = private.erased_decision(reply.decision),
         event = private.erased_event(reply.event), identity = 'erased:' || reply.event_id
   where reply.account_id = of_account and reply.event ->> 'parent_id' = told ->> 'comment_id'
     and reply.person_id is null;
  update public.events reply set event = reply.event - 'parent_id'
   where reply.account_id = of_account and reply.event ->> 'parent_id' = told ->> 'comment_id';
end
$$;
comment on function private.record_forgotten(
  uuid, uuid, uuid, text, text, text, timestamptz, timestamptz, jsonb, text) is
  'Records an event of somebody who was erased since (private.is_forgotten) as if it had been there '
  'when they were. Recording it again changes nothing.';
revoke all on function private.record_forgotten(
  uuid, uuid, uuid, text, text, text, timestamptz, timestamptz, jsonb, text) from public;
grant execute on function private.record_forgotten(
  uuid, uuid, uuid, text, text, text, timestamptz, timestamptz, jsonb, text) to switchboard_pipeline;

-- What was there when they were erased is what it was before; that they were is kept from now on.
alter function private.forget_person(uuid, text) rename to forget_rows_of;
revoke all on function private.forget_rows_of(uuid, text) from public, switchboard_api;
comment on function private.forget_rows_of(uuid, text) is
  'The part of private.forget_person that is done to the rows there are.';

-- First whoever is recording something of theirs is waited for, and kept waiting until this is over.
-- That takes a contact, which of somebody unknown is made for it.
create function private.forget_person(of_account uuid, of_person text)
returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  of_instagram constant text :=
    (select instagram_id from public.instagram_accounts where id = of_account);
  of_row constant uuid := gen_random_uuid();
  unknown boolean;
  erased jsonb;
begin
  if of_person = 'erased' or of_person = '' then
    raise exception 'nobody is called %', quote_literal(of_person)
      using errcode = 'invalid_parameter_value';
  end if;
  insert into public.contacts (account_id, person_id, workspace_id, first_seen_at)
  select id, of_person, workspace_id, now() from public.instagram_accounts where id = of_account
  on conflict (account_id, person_id) do nothing;
  unknown := found;
  perform from public.contacts where account_id = of_account and person_id = of_person for update;
  perform pg_advisory_xact_lock(hashtextextended('forgetting:' || of_instagram, 0));

  insert into private.forgotten (id, account_id, instagram_id, marks)
  select of_row, of_account, of_instagram, array_agg(distinct private.mark(of_row, theirs.named))
    from (select of_person as named
           union all
          select unnest(array[event ->> 'comment_id', event ->> 'message_id'])
            from public.events
           where account_id = of_account and person_id = of_person
           union all
          select unnest(array[comment_id, message_id])
            from public.deliveries
           where account_id = of_account and person_id = of_person
           union all
          select unnest(array[comment_id, message_id])
            from public.deliveries
           where account_id = of_account and recipient_id = of_person) theirs
   where theirs.named is not null and of_instagram is not null
     and not exists (  -- everybody is, in this transaction
       select from private.forgotten
        where account_id = of_account and marks is null and at >= transaction_timestamp())
  having count(*) > 0;

  erased := private.forget_rows_of(of_account, of_person);
  if unknown then
    delete from public.contacts where account_id = of_account and person_id = of_person;
    erased := erased || '{"contacts": 0}';
  end if;
  return erased;
end
$$;
comment on function private.forget_person(uuid, text) is
  'Takes out of an account''s rows whatever names a person or is theirs, calls off what they are '
  'owed, and sees to it that what they did before is not recorded as theirs later. While something '
  'is on its way to them (`sending`), that is all: ask again.';
revoke all on function private.forget_person(uuid, text) from public;
grant execute on function private.forget_person(uuid, text) to switchboard_api;

-- A live message waits for 4 days at most, a dead letter 14, and one that was sent back both again
-- (libs/switchboard/topology.py). Meta repeats webhooks for 36 hours, and comments are read for 7 days.
create function private.tidy_forgotten(most int)
returns bigint
language sql volatile security definer set search_path = ''
as $$
  with old as (
    select id from private.forgotten where at < now() - interval '40 days'
     order by at limit most for update skip locked
  ), gone as (
    delete from private.forgotten using old where forgotten.id = old.id returning 1
  )
  select count(*) from gone
$$;
comment on function private.tidy_forgotten(int) is
  'Removes so many marks of people of whom nothing can come any more. Returns how many.';
revoke all on function private.tidy_forgotten(int) from public;
grant execute on function private.tidy_forgotten(int) to switchboard_caretaker;
