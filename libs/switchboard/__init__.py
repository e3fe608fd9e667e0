"""
The library the services share. It knows no service.

`contracts` say what travels between them, `topology` by which queues, `queues` carries it.
`rules` decides and does no I/O; `state` (Redis), `db` (PostgreSQL) and `graph` (Meta) are the
doors to the outside, one vendor each. `settings`, `lifecycle`, `health` and `telemetry` are what
every process needs to start, stop, be watched and be heard.
"""
