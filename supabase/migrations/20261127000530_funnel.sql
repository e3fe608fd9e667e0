-- What campaigns come to: of those who came, who was answered, tapped and clicked.

-- What somebody began, as against what went on from it: taps, answers to questions, and time.
create index events_come on public.events (account_id, received_at)
  include (event_id, workspace_id, outcome, campaign_id, person_id)
  where outcome <> 'ignored'
    and decision ->> 'because' not in ('tap', 'answer_given', 'time', 'flow_over');
create index events_taps on public.events (account_id, person_id, campaign_id, received_at)
  include (workspace_id)
  where decision ->> 'because' = 'tap';
