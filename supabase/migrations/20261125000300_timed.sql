-- What waits for a moment rather than for a turn: timers, and calls to owners' servers. However many
-- there are, an account's most urgent replies are found without passing them.

drop index public.deliveries_parked;
create index deliveries_parked on public.deliveries (account_id, deadline, id) include (not_before)
  where state = 'parked' and kind not in ('timer', 'webhook');
create index deliveries_timed on public.deliveries (not_before)
  where state = 'parked' and kind in ('timer', 'webhook');
