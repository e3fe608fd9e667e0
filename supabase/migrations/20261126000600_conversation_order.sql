-- What is on its way to a person, oldest first: a later message of the conversation waits for it.

create index deliveries_on_their_way on public.deliveries (account_id, person_id, created_at, id)
  where state in ('ready', 'sending') and kind in ('message', 'private_reply');

grant select (created_at) on public.deliveries to switchboard_pipeline;
