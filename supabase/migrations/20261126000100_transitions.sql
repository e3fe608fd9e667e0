-- Each step a delivery takes is timed, attributed and kept; and what somebody must look at has a
-- place of its own.

-- The one table of what may become of a delivery, as in `switchboard.rules.states`, which a test
-- holds it to. New: what was uncertain and is found not to have been sent may be too late by then.
create or replace function private.may_become(before text, after text)
returns boolean
language sql immutable set search_path = ''
as $$
  select after = any (case before
    when 'waiting' then '{parked,ready,cancelled,expired}'
    when 'parked' then '{ready,cancelled,expired,refused}'
    when 'ready' then '{sending,parked,cancelled,expired}'
    when 'sending' then '{sent,refused,parked,ready,uncertain,expired}'
    when 'uncertain' then '{sent,ready,cancelled,refused,expired}'
    else '{}'
  end::text[])
$$;

alter table public.deliveries
  add column moves int not null default 0 check (moves >= 0),
  add column moved_by text check (moved_by <> ''),
  add column attempted_at timestamptz;
comment on column public.deliveries.moves is 'How many steps it has taken: see delivery_transitions.';
comment on column public.deliveries.moved_by is
  'Set by a statement that changes the state, to say who does; what stands here afterwards is null.';
comment on column public.deliveries.attempted_at is
  'When a sender last had it: nothing of this attempt reached Meta before that.';

create table public.delivery_transitions (
  delivery_id uuid not null references public.deliveries (id) on delete cascade,
  number int not null check (number > 0),
  workspace_id uuid not null references public.workspaces (id),
  before text not null,
  after text not null,
  reason text,
  attempts int not null,
  moved_by text not null check (moved_by <> ''),
  at timestamptz not null,
  primary key (delivery_id, number)
);
comment on table public.delivery_transitions is
  'Every step a delivery took: from what to what, when, for what reason, and who took it.';
comment on column public.delivery_transitions.at is
  'The clock at the step itself, not at the beginning of its transaction.';
create index delivery_transitions_of_workspace
  on public.delivery_transitions (workspace_id, at desc);

-- Security definer: nobody can write the history but by taking a step. Who takes one and does not
-- say who they are is named by their login, which is what an operator at a console is.
create or replace function private.watch_delivery()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if old.state <> new.state then
    if not private.may_become(old.state, new.state) then
      raise exception 'delivery % is % and cannot become %', old.id, old.state, new.state
        using errcode = 'check_violation';
    end if;
    new.moves := old.moves + 1;
    insert into public.delivery_transitions (
      delivery_id, number, workspace_id, before, after, reason, attempts, moved_by, at)
    values (
      old.id, new.moves, old.workspace_id, old.state, new.state, new.reason, new.attempts,
      coalesce(new.moved_by, session_user::text), clock_timestamp());
  end if;
  new.moved_by := null;
  new.updated_at := now();
  return new;
end
$$;

alter table public.delivery_transitions enable row level security;
revoke all on public.delivery_transitions from public, anon, authenticated, service_role;
grant select (delivery_id, number, workspace_id, before, after, reason, attempts, moved_by, at)
   on public.delivery_transitions to authenticated;
create policy delivery_transitions_select on public.delivery_transitions
  for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));

grant select (moves, attempted_at) on public.deliveries to authenticated;
grant select (moves, attempted_at), update (moved_by, attempted_at)
   on public.deliveries to switchboard_pipeline;

-- What a person should look at, from the moment it became true until it no longer is.
create table public.alerts (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  account_id uuid not null,
  kind text not null check (kind <> ''),
  subject text not null default '',
  detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
  raised_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  resolved_at timestamptz,
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id)
);
comment on table public.alerts is
  'Something about an account that a person should know or do: raised once, and resolved when it is '
  'over.';
comment on column public.alerts.subject is
  'What it is about, where an account can have several of a kind: a campaign''s or delivery''s id.';
comment on column public.alerts.detail is 'The figures and ids that its sentence needs.';
comment on column public.alerts.seen_at is 'When it was last found to be true.';
create unique index alerts_open on public.alerts (account_id, kind, subject)
  where resolved_at is null;
create index alerts_of_workspace on public.alerts (workspace_id, raised_at desc);

alter table public.alerts enable row level security;
revoke all on public.alerts from public, anon, authenticated, service_role;
grant select (id, workspace_id, account_id, kind, subject, detail, raised_at, seen_at, resolved_at)
   on public.alerts to authenticated;
create policy alerts_select on public.alerts for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));

grant select (id, account_id, kind, subject, detail, raised_at, seen_at, resolved_at),
      insert (workspace_id, account_id, kind, subject, detail),
      update (detail, seen_at, resolved_at)
   on public.alerts to switchboard_pipeline;
create policy pipeline_select on public.alerts for select to switchboard_pipeline using (true);
create policy pipeline_insert on public.alerts for insert to switchboard_pipeline
  with check (resolved_at is null);
create policy pipeline_update on public.alerts for update to switchboard_pipeline
  using (resolved_at is null) with check (true);
