"""What ingress counts. `because`, `kind` and `outcome` take few values, all of them ours."""

from __future__ import annotations

from typing import Final

from switchboard.telemetry import Metric

WEBHOOKS_ACCEPTED: Final = Metric("WebhooksAccepted")
WEBHOOKS_SIGNED: Final = Metric("WebhooksSigned")  # by secret: its place in the list, from 1
WEBHOOKS_REFUSED: Final = Metric("WebhooksRefused")  # by because: a signature's fault, too_large...
WEBHOOKS_NOT_STORED: Final = Metric("WebhooksNotStored")  # answered 503; Meta sends them again
WEBHOOKS_UNREADABLE: Final = Metric("WebhooksUnreadable")
WEBHOOK_DURATION: Final = Metric("WebhookDuration", "Milliseconds")
EVENTS_PUBLISHED: Final = Metric("EventsPublished")  # by kind
EVENTS_NOT_UNDERSTOOD: Final = Metric("EventsNotUnderstood")  # by because
TEST_EVENTS_DROPPED: Final = Metric("TestEventsDropped")
VERIFICATIONS: Final = Metric("Verifications")  # by outcome
LINK_VISITS: Final = Metric("LinkVisits")  # by outcome: clicked, previewed, invalid
LINK_CLICKS_LOST: Final = Metric("LinkClicksLost")
