-- How sure the classifier must be for an account, and what its owner has said of texts: the labelled
-- history that confidence is measured on, and new examples are found in.

alter table public.instagram_accounts
  add column intent_threshold real check (intent_threshold >= 0 and intent_threshold <= 1),
  add column intent_calibration jsonb check (jsonb_typeof(intent_calibration) = 'object');
comment on column public.instagram_accounts.intent_threshold is
  'An answer of the classifier less sure than this is none. Null: the installation''s own holds.';
comment on column public.instagram_accounts.intent_calibration is
  'What the labelled history says of the classifier''s confidence; see docs/intents.md.';

-- Both travel with each question, so the router must load them when they change.
create trigger number_rules_on_intent_settings before update on public.instagram_accounts
  for each row when (
    (old.intent_threshold, old.intent_calibration)
    is distinct from (new.intent_threshold, new.intent_calibration)
  )
  execute function private.number_account_rules();

grant select (intent_threshold, intent_calibration),
      update (intent_threshold, intent_calibration)
   on public.instagram_accounts to authenticated;
grant select (intent_threshold, intent_calibration)
   on public.instagram_accounts to switchboard_pipeline;

create table public.intent_labels (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  account_id uuid not null,
  event_id uuid,
  person_id text check (person_id <> ''),
  text text not null check (char_length(text) between 1 and 4000),
  intent text check (char_length(intent) between 1 and 64),
  answered jsonb check (jsonb_typeof(answered) = 'object'),
  labelled_by uuid,
  labelled_at timestamptz not null default now(),
  unique (account_id, event_id),
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id)
);
comment on table public.intent_labels is
  'What a person wrote and what they wanted, as somebody of the business says: `intent` is a name, or '
  'null for none of them. Not a reference to `intents`: a label outlives a renamed intent.';
comment on column public.intent_labels.person_id is
  'Whose words they are, so that they can be erased with the person. Null: they came from a file.';
comment on column public.intent_labels.answered is
  'What the classifier had answered then, where it was asked.';
comment on column public.intent_labels.labelled_by is
  'The user who said so. Not a reference: it is kept when the user is gone.';
create index intent_labels_account on public.intent_labels (workspace_id, account_id);
create index intent_labels_person on public.intent_labels (account_id, person_id);

alter table public.intent_labels enable row level security;
revoke all on public.intent_labels from public, anon, authenticated, service_role;
grant select (id, workspace_id, account_id, event_id, person_id, text, intent, answered, labelled_by,
              labelled_at),
      insert (id, workspace_id, account_id, event_id, person_id, text, intent, answered, labelled_by),
      update (intent, labelled_by, labelled_at),
      delete
   on public.intent_labels to authenticated;

create policy intent_labels_select on public.intent_labels for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
create policy intent_labels_insert on public.intent_labels for insert to authenticated
  with check (
    workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[])
    and labelled_by = (select auth.uid())
  );
create policy intent_labels_update on public.intent_labels for update to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]))
  with check (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]));
create policy intent_labels_delete on public.intent_labels for delete to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]));
