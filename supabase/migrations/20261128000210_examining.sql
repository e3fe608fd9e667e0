-- What an examination asks of rows that the caretaker may not read: numbers and moments of them, and
-- nothing that anybody wrote or was.

create function private.work_waiting()
returns table (told_at timestamptz, asked_at timestamptz, undecided int, not_understood int,
               unreadable int)
language sql stable security definer set search_path = ''
as $$
  select (select min(published_at) from public.deliveries
           where state = 'ready' and not_before <= now()),
         (select min(received_at) from public.events
           where outcome = 'asked' and received_at > now() - interval '7 days'),
         (select count(*)::int from public.alerts
           where kind = 'unresolved_delivery' and resolved_at is null),
         (select count(*)::int from public.events
           where kind = 'not_understood.v1' and received_at > now() - interval '1 day'),
         (select count(*)::int from public.events
           where kind = 'unreadable.v1' and received_at > now() - interval '1 day')
$$;
comment on function private.work_waiting() is
  'The oldest delivery that no sender has taken, the oldest question without an answer, and how many '
  'deliveries and webhooks a person should look at.';

create function private.heard_of(of_account uuid)
returns table (last_at timestamptz, sent int, echoes int)
language sql stable security definer set search_path = ''
as $$
  select (select max(received_at) from public.events where account_id = of_account),
         (select count(*)::int from public.deliveries
           where account_id = of_account and state = 'sent' and message_id is not null
             and kind in ('message', 'private_reply')
             and sent_at > now() - interval '7 days'),
         (select count(*)::int from public.events
           where account_id = of_account and kind = 'echo.v1'
             and received_at > now() - interval '7 days')
$$;
comment on function private.heard_of(uuid) is
  'When anything of an account last came, how many messages of ours Meta took within a week, and how '
  'many echoes it told of.';

-- The notes are the migrating role's; whoever applied the files otherwise has none.
create function private.applied_migrations()
returns setof text
language plpgsql stable security definer set search_path = ''
as $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    return query execute 'select version::text from supabase_migrations.schema_migrations';
  end if;
end
$$;
comment on function private.applied_migrations() is 'The versions of the migrations that were applied.';

create function private.exports_waiting()
returns table (asked_at timestamptz, failed int)
language sql stable security definer set search_path = ''
as $$
  select (select min(one.asked_at) from public.exports one where one.state in ('asked', 'running')),
         (select count(*)::int from public.exports one
           where one.state = 'failed' and one.finished_at > now() - interval '1 day')
$$;
comment on function private.exports_waiting() is
  'Since when the oldest export that is not done was asked for, and how many failed within a day.';

do $$
declare
  one text;
begin
  foreach one in array array[
    'work_waiting()', 'heard_of(uuid)', 'applied_migrations()', 'exports_waiting()']
  loop
    execute format('revoke all on function private.%s from public', one);
    execute format('grant execute on function private.%s to switchboard_caretaker', one);
  end loop;
end
$$;
