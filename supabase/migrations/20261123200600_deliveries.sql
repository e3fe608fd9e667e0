-- What is to be sent, and what became of it.
--
--   waiting ─▶ parked ⇄ ready ─▶ sending ─▶ sent | refused | expired
--                                   │  └──▶ parked | ready   (nothing had left us)
--                                   └─────▶ uncertain ─▶ sent | ready | cancelled | refused

create table public.deliveries (
  id uuid primary key,
  workspace_id uuid not null,
  account_id uuid not null,
  event_id uuid not null references public.events (event_id),
  campaign_id uuid not null,
  campaign_version int not null,
  step text not null check (step <> ''),
  kind text not null check (kind in ('private_reply', 'public_reply', 'message')),
  person_id text check (person_id <> ''),
  comment_id text check (comment_id <> ''),
  content jsonb not null check (jsonb_typeof(content) = 'object'),
  state text not null check (state in ('waiting', 'parked', 'ready', 'sending', 'sent', 'refused',
                                       'expired', 'cancelled', 'uncertain')),
  reason text check (reason <> ''),
  not_before timestamptz not null,
  deadline timestamptz not null,
  attempts int not null default 0 check (attempts >= 0),
  lease_until timestamptz,
  lease_owner text check (lease_owner <> ''),
  message_id text check (message_id <> ''),
  recipient_id text check (recipient_id <> ''),
  graph_code int,
  graph_subcode int,
  fbtrace_id text,
  trace_id text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  published_at timestamptz,
  sent_at timestamptz,
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id),
  foreign key (workspace_id, campaign_id, campaign_version)
    references public.campaign_versions (workspace_id, campaign_id, version),
  constraint deliveries_have_an_addressee check (
    case kind when 'message' then person_id is not null else comment_id is not null end
  ),
  constraint deliveries_sending_are_leased check (
    state <> 'sending' or (lease_owner is not null and lease_until is not null)
  ),
  constraint deliveries_sent_have_a_time check ((state = 'sent') = (sent_at is not null))
);
comment on table public.deliveries is
  'One message or reply we owe somebody: written before Meta is called, and the only truth about '
  'whether it was sent.';
comment on column public.deliveries.id is
  'Derived from event, campaign and step: deciding an event again gives the same row.';
comment on column public.deliveries.state is
  'waiting: for an earlier one. parked: until not_before, or for its turn. ready: a sender was told. '
  'sending: a sender has it until lease_until. uncertain: it left us and no answer came.';
comment on column public.deliveries.deadline is 'The last moment Meta allows it.';
comment on column public.deliveries.attempts is 'Calls to Meta that count against it.';
comment on column public.deliveries.lease_owner is
  'Who is sending it; for an uncertain one, who was.';
comment on column public.deliveries.published_at is 'When a sender was last told of it.';

-- Meta allows one private reply to a comment, for ever: so does this, whatever happened to it.
create unique index deliveries_one_private_reply on public.deliveries (account_id, comment_id)
  where kind = 'private_reply';
create index deliveries_of_event on public.deliveries (event_id);
create index deliveries_of_workspace on public.deliveries (workspace_id, created_at desc);
create index deliveries_of_campaign on public.deliveries (campaign_id, created_at desc);
create index deliveries_by_message on public.deliveries (account_id, message_id)
  where message_id is not null;
-- The pacer's: an account's parked rows, most urgent first; and what has run out.
create index deliveries_parked on public.deliveries (account_id, deadline, id) include (not_before)
  where state = 'parked';
create index deliveries_open on public.deliveries (deadline)
  where state in ('waiting', 'parked', 'ready');
create index deliveries_ready on public.deliveries (published_at) where state = 'ready';
create index deliveries_sending on public.deliveries (lease_until) where state = 'sending';
create index deliveries_uncertain on public.deliveries (account_id, updated_at)
  where state = 'uncertain';

create function private.may_become(before text, after text)
returns boolean
language sql immutable set search_path = ''
as $$
  select after = any (case before
    when 'waiting' then '{parked,ready,cancelled,expired}'
    when 'parked' then '{ready,cancelled,expired,refused}'
    when 'ready' then '{sending,parked,cancelled,expired}'
    when 'sending' then '{sent,refused,parked,ready,uncertain,expired}'
    when 'uncertain' then '{sent,ready,cancelled,refused}'
    else '{}'
  end::text[])
$$;
revoke all on function private.may_become(text, text) from public;

create function private.watch_delivery()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if old.state <> new.state and not private.may_become(old.state, new.state) then
    raise exception 'delivery % is % and cannot become %', old.id, old.state, new.state
      using errcode = 'check_violation';
  end if;
  new.updated_at := now();
  return new;
end
$$;
revoke all on function private.watch_delivery() from public;

create trigger watch_delivery before update on public.deliveries
  for each row execute function private.watch_delivery();

alter table public.deliveries enable row level security;
revoke all on public.deliveries from public, anon, authenticated, service_role;
grant select (id, workspace_id, account_id, event_id, campaign_id, campaign_version, step, kind,
              person_id, comment_id, content, state, reason, not_before, deadline, attempts,
              message_id, recipient_id, graph_code, graph_subcode, fbtrace_id, trace_id, created_at,
              updated_at, published_at, sent_at)
   on public.deliveries to authenticated;

create policy deliveries_select on public.deliveries for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
