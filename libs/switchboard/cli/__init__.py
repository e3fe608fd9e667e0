"""
The command line: why somebody got an answer, and what another campaign would have done.

`explain`, `replay` and `dry-run` read the ledger in a transaction that cannot write. What an owner
does, `lint`, `publish` and `draft`, goes through the same checks as the dashboard's. Nothing here
calls Meta. docs/cli.md shows each command.
"""
