"""
The caretaker: what connected accounts need, whether or not anything happens to them.

    private.jobs ──due──▶ caretaker ─▶ refresh    another 60 days for a token, long before it ends
                                    ─▶ probe      what Meta sends us, and what we may do
                                    ─▶ backfill   comments that no webhook told of ─▶ [events]
                                    ─▶ coverage   how many of a post's comments we know of
                                    ─▶ retention  old days of the ledger, archived and dropped

A job is a row for each account, `retention` one for all. Whoever finds one due takes it for as long
as its lease, so any number of processes work side by side without a leader, and of one that died
the work is taken over.
What a job reads at Meta is within a budget of its account, and may be read again; what it publishes
has the id that the webhook's own event would have, so nothing is decided twice.
"""
