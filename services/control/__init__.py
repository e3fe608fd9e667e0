"""
The dashboard's API, and what surrounds the pipeline.

    GET /health/live, /health/ready, /metrics.json     as every service
    /v1/...                                            the resources, described in docs/openapi.json

A request goes through one door. `front` gives it a trace id and its canonical log line, and the
answer its security headers; `tokens` tells whose the bearer token is, `keys` whose the API key;
`envelope` opens the one transaction in which the handler runs, under the caller's claims, so that
the database decides what they may see and do. A handler in `resources` asks `switchboard.db` and
says what came of it.

Whatever is refused is told as problem+json (`problems`), the database's refusals too (`refusals`).
What is edited has a version (`versions`), what is listed has cursors (`paging`), and a POST may be
repeated under its key (`repeats`). An answer may stay open and tell what comes (`live`), or be
found when the transaction is over (`letters`).
"""
