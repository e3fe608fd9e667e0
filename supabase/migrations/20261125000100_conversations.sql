-- Conversations: what is remembered of a person, what waits for something else, and what the rules
-- were when something was decided.

-- What an owner sets for all of an account's campaigns.
alter table public.instagram_accounts
  add column time_zone text not null default 'UTC',
  -- At most a year, and no moment beyond what programs can count to: one account's setting must
  -- not keep a router from reading the others'.
  add column takeover interval not null default interval '12 hours'
    check (takeover > interval '0' and takeover <= interval '366 days'),
  add column paused_until timestamptz
    check (paused_until >= timestamptz '2000-01-01 00:00:00Z'
           and paused_until < timestamptz '9000-01-01 00:00:00Z');
comment on column public.instagram_accounts.time_zone is 'IANA''s name: what business hours are in.';
comment on column public.instagram_accounts.takeover is
  'For how long the automation is silent towards somebody the owner writes to by hand.';
comment on column public.instagram_accounts.paused_until is
  'The automation is silent towards everybody until then.';

-- PostgreSQL also takes abbreviations and rules ("PST", "X5"), which are no names to others.
create function private.refuse_unknown_time_zone()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  if not exists (select from pg_catalog.pg_timezone_names where name = new.time_zone) then
    raise exception 'there is no time zone %', new.time_zone
      using errcode = 'check_violation', hint = 'Use a name such as Europe/Lisbon.';
  end if;
  return new;
end
$$;
revoke all on function private.refuse_unknown_time_zone() from public;

create trigger refuse_unknown_time_zone_on_insert before insert on public.instagram_accounts
  for each row when (new.time_zone <> 'UTC')
  execute function private.refuse_unknown_time_zone();
create trigger refuse_unknown_time_zone_on_update before update on public.instagram_accounts
  for each row when (old.time_zone <> new.time_zone)
  execute function private.refuse_unknown_time_zone();

drop trigger number_rules_on_update on public.instagram_accounts;
-- Not for held_until: a throttled account is held again and again, and its rules are the same.
create trigger number_rules_on_update before update on public.instagram_accounts
  for each row when (
    (old.workspace_id, old.instagram_id, old.app_scoped_id, old.username, old.status,
     old.private_replies_per_hour, old.sends_per_second, old.time_zone, old.takeover,
     old.paused_until)
    is distinct from
    (new.workspace_id, new.instagram_id, new.app_scoped_id, new.username, new.status,
     new.private_replies_per_hour, new.sends_per_second, new.time_zone, new.takeover,
     new.paused_until)
  )
  execute function private.number_account_rules();

grant select (time_zone, takeover, paused_until),
      update (time_zone, takeover, paused_until)
   on public.instagram_accounts to authenticated;
grant select (time_zone, takeover, paused_until)
   on public.instagram_accounts to switchboard_pipeline;

-- A campaign's next version, as far as its owner has come with it; and the post that a campaign for
-- the next post has found.
alter table public.campaigns
  add column draft jsonb check (jsonb_typeof(draft) = 'object'),
  add column next_media_id text check (next_media_id <> '');
comment on column public.campaigns.draft is
  'What is being written. Nothing answers by it, and it need not make sense yet.';
comment on column public.campaigns.next_media_id is
  'The post the live version is bound to, where it is for the next one. Set once for each version.';

create function private.forget_next_post()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  new.next_media_id := null; -- it was the next one after the version before
  return new;
end
$$;
revoke all on function private.forget_next_post() from public;

create trigger forget_next_post before update on public.campaigns
  for each row when (old.live_version is distinct from new.live_version)
  execute function private.forget_next_post();

-- Saving a draft, or another name, changes nothing that answers: nobody need load it.
create function private.renumber_rules_of_campaigns()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  update public.instagram_accounts account
     set rules_version = nextval('private.rules_versions')
    from (
      select id
        from public.instagram_accounts
       where id in (
         select account_id
           from ((select id, account_id, rank, status, live_version, next_media_id from before
                  except
                  select id, account_id, rank, status, live_version, next_media_id from after)
                 union all
                 (select id, account_id, rank, status, live_version, next_media_id from after
                  except
                  select id, account_id, rank, status, live_version, next_media_id from before)
                ) changed
       )
       order by id -- so that two that change several accounts' campaigns do not wait in a circle
         for no key update
    ) renumbered
   where account.id = renumbered.id;
  return null;
end
$$;
revoke all on function private.renumber_rules_of_campaigns() from public;

drop trigger renumber_on_update on public.campaigns;
drop trigger renumber_on_update_of_old on public.campaigns;
create trigger renumber_on_update after update on public.campaigns
  referencing old table as before new table as after
  for each statement execute function private.renumber_rules_of_campaigns();

grant select (draft, next_media_id), insert (draft), update (draft)
   on public.campaigns to authenticated;
grant select (next_media_id), update (next_media_id)
   on public.campaigns to switchboard_pipeline;
create policy pipeline_update on public.campaigns for update to switchboard_pipeline
  using (status = 'live' and next_media_id is null)
  with check (next_media_id is not null);
grant select (published_at) on public.campaign_versions to switchboard_pipeline;

-- What is remembered of a person. `revision` is what a decision is compared by when it is recorded:
-- who changes anything deciding depends on counts it up.
alter table public.contacts
  add column revision bigint not null default 0 check (revision >= 0),
  add column recordings bigint not null default 0 check (recordings >= 0),
  add column paused_until timestamptz,
  add column paused_by uuid,
  add column opted_out_at timestamptz,
  add column tags text[] not null default '{}' check (array_position(tags, null) is null),
  add column follows boolean,
  add column follows_at timestamptz,
  add column email text check (email <> ''),
  add column phone text check (phone <> ''),
  add column name text check (name <> ''),
  add column fields jsonb not null default '{}' check (jsonb_typeof(fields) = 'object'),
  add column flows jsonb not null default '[]' check (jsonb_typeof(flows) = 'array'),
  add column answered jsonb not null default '[]' check (jsonb_typeof(answered) = 'array');
comment on column public.contacts.revision is
  'Counts the changes to what is decided by, which the window and the names are not part of.';
comment on column public.contacts.recordings is
  'Counts how often events of theirs were recorded, so that who records two at once notices.';
comment on column public.contacts.paused_until is 'Until when a human has the conversation.';
comment on column public.contacts.paused_by is
  'The event the pause began with: what that event itself sends is not held back.';
comment on column public.contacts.opted_out_at is 'When they said stop. They are sent nothing.';
comment on column public.contacts.follows is 'Whether they follow the account, as of follows_at.';
comment on column public.contacts.fields is 'What they answered when asked, by name.';
comment on column public.contacts.flows is 'Where they are in which campaigns.';
comment on column public.contacts.answered is 'Which campaigns answered them, when and where.';

grant select (revision, paused_until, paused_by, opted_out_at, tags, follows, follows_at, email,
              phone, name, fields, flows, answered)
   on public.contacts to authenticated;
grant select (revision, recordings, paused_until, paused_by, opted_out_at, tags, follows,
              follows_at, email, phone, name, fields, flows, answered),
      insert (revision, recordings, paused_until, paused_by, opted_out_at, tags, follows,
              follows_at, email, phone, fields, flows, answered),
      update (revision, recordings, paused_until, paused_by, opted_out_at, tags, follows,
              follows_at, email, phone, name, fields, flows, answered)
   on public.contacts to switchboard_pipeline;

-- Deliveries that follow others, and three kinds that Meta's limits on sending do not concern.
--
--   webhook   a signed call to an address of the owner's
--   lookup    a question to Meta, whose answer decides the event that asked it
--   timer     goes off at not_before, and becomes an event
--
-- None of these three does harm when it happens twice: one whose sender vanished is ready again.
alter table public.deliveries
  drop constraint deliveries_kind_check,
  drop constraint deliveries_have_an_addressee,
  add column after_id uuid,
  add column lane text not null default 'usual' check (lane in ('usual', 'live')),
  add constraint deliveries_kind_check check (
    kind in ('private_reply', 'public_reply', 'message', 'webhook', 'lookup', 'timer')
  ),
  add constraint deliveries_have_an_addressee check (
    case when kind in ('message', 'timer') then person_id is not null
         when kind in ('private_reply', 'public_reply') then comment_id is not null
         else true end
  ),
  add constraint deliveries_follow_another check (after_id <> id);
comment on table public.deliveries is
  'One thing we owe somebody, a message or a reply most often: written before anybody is called, '
  'and the only truth about whether it was done.';
comment on column public.deliveries.after_id is
  'The delivery that must have been sent before this one may be. Not a reference: of two private '
  'replies to a comment the second is never stored, and what follows it is cancelled.';
comment on column public.deliveries.lane is
  '`live`: an answer to a comment during a broadcast, which other limits apply to.';
create index deliveries_waiting on public.deliveries (after_id) where state = 'waiting';
-- For echoes that arrive before Meta's answer does.
create index deliveries_unanswered on public.deliveries (account_id)
  where state in ('sending', 'uncertain') and message_id is null;

grant select (after_id, lane) on public.deliveries to authenticated;
grant select (after_id, lane, recipient_id), insert (after_id, lane)
   on public.deliveries to switchboard_pipeline;

-- What an account's rules were, at each version by which something was decided.
create table public.rule_books (
  account_id uuid not null,
  workspace_id uuid not null,
  version bigint not null,
  book jsonb not null check (jsonb_typeof(book) = 'object'),
  recorded_at timestamptz not null default now(),
  primary key (account_id, version),
  foreign key (workspace_id, account_id) references public.instagram_accounts (workspace_id, id)
);
comment on table public.rule_books is
  'Which published versions, intents and settings made up an account''s rules at a version of them: '
  'with it, a decision can be made again.';
create index rule_books_of_workspace on public.rule_books (workspace_id, account_id);

alter table public.rule_books enable row level security;
revoke all on public.rule_books from public, anon, authenticated, service_role;
grant select (account_id, workspace_id, version, book, recorded_at)
   on public.rule_books to authenticated;
create policy rule_books_select on public.rule_books for select to authenticated
  using (workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]));
grant select (account_id, version, book),
      insert (account_id, workspace_id, version, book)
   on public.rule_books to switchboard_pipeline;
create policy pipeline_select on public.rule_books for select to switchboard_pipeline using (true);
create policy pipeline_insert on public.rule_books for insert to switchboard_pipeline
  with check (true);

create table private.webhook_secrets (
  account_id uuid primary key references public.instagram_accounts (id),
  key_id text not null check (key_id <> ''),
  nonce bytea not null check (octet_length(nonce) = 12),
  ciphertext bytea not null check (octet_length(ciphertext) > 16),
  created_at timestamptz not null default now()
);
comment on table private.webhook_secrets is
  'What calls to an owner''s addresses are signed with, sealed as access tokens are.';
alter table private.webhook_secrets enable row level security;
revoke all on private.webhook_secrets from public, anon, authenticated, service_role;
grant select (account_id, key_id, nonce, ciphertext)
   on private.webhook_secrets to switchboard_pipeline;
create policy pipeline_select on private.webhook_secrets for select to switchboard_pipeline
  using (true);

-- For reading the ledger from one end to the other, account by account or all of it.
create index events_in_order on public.events (received_at, event_id);
