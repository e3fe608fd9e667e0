-- What happened, as it is looked at: as it comes, and campaign by campaign.

-- Who watches asks for what was recorded since: when it was received says nothing of that.
create index events_as_recorded on public.events (workspace_id, recorded_at, event_id);
create index events_of_campaign on public.events (campaign_id, received_at desc)
  where campaign_id is not null;
