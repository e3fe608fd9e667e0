-- Files that Meta has fetched once and keeps for an account, so that a message names them instead of
-- having them fetched again.

create table private.attachments (
  account_id uuid not null references public.instagram_accounts (id),
  -- SHA-256 of the file's kind and address: an address can be longer than an index takes.
  source bytea not null check (octet_length(source) = 32),
  attachment_id text check (attachment_id <> ''),
  uploaded_at timestamptz,
  upload_after timestamptz not null default now(),
  primary key (account_id, source),
  check ((attachment_id is null) = (uploaded_at is null))
);
comment on table private.attachments is
  'A file an account has sent, and the id it has at Meta if it was uploaded.';
comment on column private.attachments.upload_after is
  'Nobody uploads it before this moment: somebody is at it, or Meta refused.';
alter table private.attachments enable row level security;
revoke all on private.attachments from public, anon, authenticated, service_role;

grant select (account_id, source, attachment_id, uploaded_at, upload_after),
      insert (account_id, source),
      update (attachment_id, uploaded_at, upload_after)
   on private.attachments to switchboard_pipeline;
create policy pipeline_select on private.attachments for select to switchboard_pipeline
  using (true);
create policy pipeline_insert on private.attachments for insert to switchboard_pipeline
  with check (true);
create policy pipeline_update on private.attachments for update to switchboard_pipeline
  using (true) with check (true);
