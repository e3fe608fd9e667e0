"""
PostgreSQL: the truth, and the only door to it.

`pool` opens a `Database` and turns the driver's errors into ours; `migrate` brings a database up to
date. The rest is queries by subject, each a plain function whose first argument is something to
query: `rules` and `posts` (what the router decides by), `contacts` (what is remembered of people),
`ledger` (what it records), `deliveries` (what the sender sends), `pacing` (what moves them by
themselves), `uncertain` (what became of those nobody knows of), `by_hand` (what a person sees and
decides of them), `origins` (whose an echo or a click is), `credentials` (tokens, sealed), `tenancy`
(workspaces, accounts and campaigns, for seeds and tests), `history` (the ledger as it is read).
Each is one statement, so that each is all or nothing without anybody holding a transaction open.

Times are the database's wherever two processes could disagree about the present.
"""
