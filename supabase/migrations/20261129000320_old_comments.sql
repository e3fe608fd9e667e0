-- Somebody may answer a comment that is too old to be answered itself: it stands on a page that is not
-- read for what is new. That Instagram counts another number than before says that there is something.

alter table public.post_coverage add column counted_told int check (counted_told >= 0);
comment on column public.post_coverage.counted_told is
  'How many Instagram counted when it last began to be counted by us, those of all times, too.';
grant select (counted_told) on public.post_coverage to authenticated;
grant select (counted_told), insert (counted_told), update (counted_told)
   on public.post_coverage to switchboard_caretaker;

alter table private.comment_readings add column to_the_end boolean not null default false;
comment on column private.comment_readings.to_the_end is
  'Whether pages are read that are older than floor_at, for newer answers that stand on them.';
grant select (to_the_end), insert (to_the_end), update (to_the_end)
   on private.comment_readings to switchboard_caretaker;
