-- An uncertain delivery is looked for at Meta: when next, how often so far, and what was seen.

alter table public.deliveries
  add column doubted_at timestamptz,
  add column attempt_over_at timestamptz,
  add column look_at timestamptz,
  add column looks int not null default 0 check (looks >= 0),
  add column absent_at timestamptz;
comment on column public.deliveries.doubted_at is 'When it became uncertain, the last time.';
comment on column public.deliveries.attempt_over_at is
  'On our side the uncertain attempt was over by then; Meta may have been at it for longer.';
comment on column public.deliveries.look_at is
  'When it is looked for next, while uncertain; null: no more. Whoever looks moves it on first, so '
  'that another does if they die over it.';
comment on column public.deliveries.looks is
  'Which look it is at. Only the latest look may decide: see delivery_looks.';
comment on column public.deliveries.absent_at is
  'When a look that saw all there was began and did not find it, the first time of this doubt.';

-- What was uncertain before this release is looked for from now on.
update public.deliveries
   set doubted_at = now(), attempt_over_at = updated_at, look_at = now()
 where state = 'uncertain';

create index deliveries_to_look_for on public.deliveries (look_at)
  where state = 'uncertain' and look_at is not null;

-- However a delivery becomes uncertain, it is looked for; however it ends, no more. Its sender's
-- lease may have run out long before anybody noticed.
create function private.doubt_delivery()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  if new.state = 'uncertain' then
    new.doubted_at := now();
    new.attempt_over_at := least(old.lease_until, now());
    new.look_at := now();
  else
    new.look_at := null;
  end if;
  new.absent_at := null;
  return new;
end
$$;
revoke all on function private.doubt_delivery() from public;

create trigger doubt_delivery before update of state on public.deliveries
  for each row when (old.state <> new.state and 'uncertain' in (old.state, new.state))
  execute function private.doubt_delivery();

-- Meta gives an id once, so no message can be two deliveries'. If an earlier release has stored one
-- twice, the later row does without: it was sent, and the message is found by the earlier one.
update public.deliveries later
   set message_id = null
  from public.deliveries earlier
 where earlier.account_id = later.account_id
   and earlier.message_id = later.message_id
   and (earlier.created_at, earlier.id) < (later.created_at, later.id);
drop index public.deliveries_by_message;
create unique index deliveries_by_message on public.deliveries (account_id, message_id)
  where message_id is not null;

create table public.delivery_looks (
  delivery_id uuid not null references public.deliveries (id) on delete cascade,
  number int not null check (number > 0),
  workspace_id uuid not null references public.workspaces (id),
  at timestamptz not null default now(),
  asked text not null check (asked in ('ledger', 'conversation', 'conversations', 'replies')),
  outcome text not null check (outcome in ('found', 'absent', 'unclear', 'failed')),
  because text not null check (because <> ''),
  seen int not null check (seen >= 0),
  message_id text check (message_id <> ''),
  primary key (delivery_id, number)
);
comment on table public.delivery_looks is
  'Each time an uncertain delivery was looked for: where, and what came of it.';
comment on column public.delivery_looks.asked is
  'The last place that was asked. ledger: our own events. The others are reads at Meta.';
comment on column public.delivery_looks.seen is
  'How many things the account itself said were seen that nobody else had said.';
comment on column public.delivery_looks.message_id is 'What it was found as.';
create index delivery_looks_of_workspace on public.delivery_looks (workspace_id, at desc);

alter table public.delivery_looks enable row level security;
revoke all on public.delivery_looks from public, anon, authenticated, service_role;
grant select (delivery_id, number, workspace_id, at, asked, outcome, because, seen, message_id)
   on public.delivery_looks to authenticated;
create policy delivery_looks_select on public.delivery_looks for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
grant insert (delivery_id, number, workspace_id, asked, outcome, because, seen, message_id)
   on public.delivery_looks to switchboard_pipeline;
create policy pipeline_insert on public.delivery_looks for insert to switchboard_pipeline
  with check (true);

grant select (doubted_at, looks, absent_at) on public.deliveries to authenticated;
grant select (doubted_at, attempt_over_at, look_at, looks, absent_at),
      update (look_at, looks, absent_at)
   on public.deliveries to switchboard_pipeline;

-- What the account itself said, as its webhooks told: echoes of messages, and its own comments. The
-- pipeline may not read what people wrote, and these show it nothing of theirs: only what was said
-- to one delivery's person, or under its comment, since shortly before its last attempt.
create index events_echoes on public.events (account_id, person_id, received_at)
  where kind = 'echo.v1';
create index events_own_comments on public.events (account_id, received_at)
  where kind = 'comment.v1' and person_id is null;

create function private.parent_comment(of_delivery uuid)
returns text
language sql stable security definer set search_path = ''
as $$
  select event.event ->> 'parent_id'
    from public.deliveries delivery
    join public.events event on event.event_id = delivery.event_id
   where delivery.id = of_delivery
     and event.kind in ('comment.v1', 'live_comment.v1')
     and event.event ->> 'comment_id' = delivery.comment_id
$$;
comment on function private.parent_comment(uuid) is
  'The comment that the delivery''s comment answers, if it does: Meta puts a reply to it there.';

create function private.own_words(of_delivery uuid)
returns table (
  source text, message_id text, recipient_id text, words text, attached text[], at timestamptz)
language sql stable security definer set search_path = ''
as $$
  with sought as (
    select delivery.account_id, delivery.kind, delivery.person_id, delivery.comment_id,
           coalesce(delivery.attempted_at, delivery.published_at, delivery.created_at)
             - interval '1 minute' as since,
           case when delivery.kind = 'public_reply' then private.parent_comment(delivery.id)
           end as parent_id
      from public.deliveries delivery
     where delivery.id = of_delivery and delivery.state = 'uncertain'
  )
  select 'echo', event.event ->> 'message_id', event.event ->> 'recipient_id',
         event.event ->> 'text',
         array(select one.attachment ->> 'type'
                 from jsonb_array_elements(coalesce(event.event -> 'attachments', '[]'))
                   as one (attachment)),
         event.occurred_at
    from sought
    join public.events event on event.account_id = sought.account_id
   where sought.kind in ('message', 'private_reply')
     and event.kind = 'echo.v1'
     and event.received_at >= sought.since
     and (sought.person_id is null or event.person_id = sought.person_id)
  union all
  select 'comment', event.event ->> 'comment_id', null, event.event ->> 'text', '{}',
         event.occurred_at
    from sought
    join public.events event on event.account_id = sought.account_id
   where sought.kind = 'public_reply'
     and event.kind = 'comment.v1'
     and event.person_id is null
     and event.received_at >= sought.since
     and (event.event ->> 'own')::boolean
     and event.event ->> 'parent_id' in (sought.comment_id, sought.parent_id)
$$;
comment on function private.own_words(uuid) is
  'What an uncertain delivery''s account said, by its own webhooks, where the delivery would be.';
revoke all on function private.parent_comment(uuid), private.own_words(uuid) from public;
grant execute on function private.parent_comment(uuid), private.own_words(uuid)
   to switchboard_pipeline;
