-- Under one comment may stand more answers than its post's page shows: a reading notes which comments
-- those are, and goes on with them page by page, as it does with the post.

alter table private.comment_readings
  add column threads jsonb not null default '[]' check (jsonb_typeof(threads) = 'array'),
  add column all_pages boolean not null default false;
comment on column private.comment_readings.threads is
  'Answers that are to be read before the next page: comment_id, and after, where they go on.';
comment on column private.comment_readings.all_pages is
  'Whether the post''s own pages have been read, so that only threads are left.';
grant select (threads, all_pages), insert (threads, all_pages), update (threads, all_pages)
   on private.comment_readings to switchboard_caretaker;

-- Whose comment it is may be erased meanwhile. The reading begins anew then, and misses nothing: what
-- was not read to its end is not known ground.
create function private.forget_readings()
returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  delete from private.comment_readings reading
   where reading.account_id = new.account_id
     and (new.marks is null or exists (
       select from jsonb_array_elements(reading.threads) as thread (named)
        where private.mark(new.id, thread.named ->> 'comment_id') = any (new.marks)));
  return null;
end
$$;
revoke all on function private.forget_readings() from public;
create trigger forget_readings after insert on private.forgotten
  for each row execute function private.forget_readings();
