-- The ledger: everything that happened, and what was decided about it.

create table public.events (
  event_id uuid primary key,
  workspace_id uuid,
  account_id uuid,
  instagram_id text not null,
  kind text not null check (kind <> ''),
  identity text not null check (identity <> ''),
  person_id text check (person_id <> ''),
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  outcome text not null check (outcome <> ''),
  campaign_id uuid,
  decision jsonb not null,
  event jsonb not null,
  trace_id text not null,
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id),
  check ((workspace_id is null) = (account_id is null))
);
comment on table public.events is
  'One row for each happening Meta told us of, however often it did, with the decision it got.';
comment on column public.events.event_id is 'Derived from `identity`: the same happening, the same id.';
comment on column public.events.workspace_id is
  'Null for an account nobody has connected, and for a webhook nobody could read.';
comment on column public.events.outcome is
  '`asked`: the classifier has the question, and its answer will decide. Anything else is final.';
comment on column public.events.decision is 'Why: enough to explain it, and to decide it again.';

create index events_of_workspace on public.events (workspace_id, received_at desc);
create index events_of_account on public.events (account_id, received_at desc);

create function private.refuse_second_decision()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception 'event % is decided (%) and cannot become %',
    old.event_id, old.outcome, new.outcome
    using errcode = 'check_violation', hint = 'Only an event whose outcome is "asked" is still open.';
end
$$;
revoke all on function private.refuse_second_decision() from public;

create trigger refuse_second_decision
  before update of outcome, campaign_id, decision on public.events
  for each row when (
    old.outcome <> 'asked'
    and (old.outcome, old.campaign_id, old.decision)
        is distinct from (new.outcome, new.campaign_id, new.decision)
  )
  execute function private.refuse_second_decision();

alter table public.events enable row level security;
revoke all on public.events from public, anon, authenticated, service_role;
grant select (event_id, workspace_id, account_id, instagram_id, kind, identity, person_id,
              occurred_at, received_at, recorded_at, outcome, campaign_id, decision, event, trace_id)
   on public.events to authenticated;

create policy events_select on public.events for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
