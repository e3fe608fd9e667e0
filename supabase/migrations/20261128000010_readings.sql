-- Readings of a post's comments that are not over: a viral post has more than an hour's calls show,
-- and the next run goes on where this one stopped.

create table private.comment_readings (
  account_id uuid not null references public.instagram_accounts (id) on delete cascade,
  job text not null check (job in ('backfill', 'coverage')),
  media_id text not null check (media_id <> ''),
  after text check (after <> ''),
  floor_at timestamptz not null,
  began_at timestamptz not null,
  readable int not null default 0 check (readable >= 0),
  stored int not null default 0 check (stored >= 0 and stored <= readable),
  read_at timestamptz not null default now(),
  primary key (account_id, job, media_id)
);
comment on table private.comment_readings is
  'A reading of a post''s comments, newest first, that has not come to its end.';
comment on column private.comment_readings.after is
  'Instagram''s own word for where it goes on; null: at the newest comment.';
comment on column private.comment_readings.floor_at is 'Nothing older than this is read.';
comment on column private.comment_readings.readable is
  'How many comments of other people it has seen so far; stored: those that were in the ledger.';
comment on column private.comment_readings.read_at is 'When a page of it was last read.';

alter table private.comment_readings enable row level security;
revoke all on private.comment_readings from public, anon, authenticated, service_role;
grant select (account_id, job, media_id, after, floor_at, began_at, readable, stored, read_at),
      insert (account_id, job, media_id, after, floor_at, began_at, readable, stored, read_at),
      update (after, floor_at, began_at, readable, stored, read_at),
      delete
   on private.comment_readings to switchboard_caretaker;
create policy caretaker_select on private.comment_readings for select to switchboard_caretaker
  using (true);
create policy caretaker_insert on private.comment_readings for insert to switchboard_caretaker
  with check (true);
create policy caretaker_update on private.comment_readings for update to switchboard_caretaker
  using (true) with check (true);
create policy caretaker_delete on private.comment_readings for delete to switchboard_caretaker
  using (true);
