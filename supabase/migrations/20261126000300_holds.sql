-- Holds: Meta restricts an account, nothing of it goes out for a while, and then one delivery, alone,
-- finds out whether it may again. And alerts that are over when something was sent again.

alter table public.instagram_accounts
  add column holds int not null default 0 check (holds >= 0),
  add column probe_id uuid,
  add column probe_until timestamptz,
  add column proved_at timestamptz,
  add constraint instagram_accounts_probes_end check ((probe_id is null) = (probe_until is null));
comment on column public.instagram_accounts.held_until is
  'Nothing is sent before this moment: Meta restricts the account.';
comment on column public.instagram_accounts.holds is
  'How often Meta has restricted it for hold_reason, nothing sent in between. 0: it sends freely. '
  'Else it is held until held_until, and from then on one delivery at a time goes out, until Meta '
  'takes one.';
comment on column public.instagram_accounts.probe_id is
  'The one delivery that may go out of an account which was held; it has the place until '
  'probe_until, and nobody else has.';
comment on column public.instagram_accounts.proved_at is
  'When Meta first took something of it since it was connected.';

-- What was held by an earlier release is held, and comes back with one delivery.
update public.instagram_accounts
   set holds = 1, hold_reason = coalesce(hold_reason, 'account_held')
 where held_until > now();
update public.instagram_accounts account
   set proved_at = now()
 where exists (
   select from public.deliveries
    where account_id = account.id and state = 'sent' and message_id is not null);

grant select (holds, proved_at) on public.instagram_accounts to authenticated;
grant select (holds, probe_id, probe_until, proved_at),
      update (holds, probe_id, probe_until, proved_at)
   on public.instagram_accounts to switchboard_pipeline;

alter table public.alerts
  add column over_after interval check (over_after >= interval '0');
comment on column public.alerts.over_after is
  'It is over when Meta takes something of the account, unless it was found to be true within that '
  'time. Null: whoever raised it says when it is over.';
grant select (over_after), insert (over_after), update (over_after)
   on public.alerts to switchboard_pipeline;

insert into public.alerts (workspace_id, account_id, kind, detail)
select workspace_id, id, 'reconnect_needed',
       jsonb_build_object('reason', coalesce(hold_reason, 'token_invalid'))
  from public.instagram_accounts
 where status = 'reconnect_needed'
on conflict (account_id, kind, subject) where resolved_at is null do nothing;
update public.instagram_accounts set hold_reason = null, held_until = null where holds = 0;

-- Whoever writes again may be written to for longer, and what is owed to them with it.
grant update (deadline) on public.deliveries to switchboard_pipeline;
