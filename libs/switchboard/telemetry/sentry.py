"""Reports of errors nobody expected, where a DSN is set."""

from __future__ import annotations

import sentry_sdk


def report_errors(dsn: str | None, *, service: str, env: str) -> None:
    """
    Send unexpected errors to Sentry, without what people wrote.

    Local variables hold messages and tokens, and request bodies hold webhooks, so neither is sent.
    """
    if dsn is None:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=env,
        server_name=service,
        include_local_variables=False,
        max_request_body_size="never",
        send_default_pii=False,
    )
    sentry_sdk.set_tag("service", service)
