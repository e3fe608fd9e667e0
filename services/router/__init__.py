"""
The router decides what each event gets.

    events ─────▶ observe ─▶ decide ─▶ record ─▶ publish ─▶ outbound | classify
    classified ────────────────┘

A batch of up to ten events costs one round trip to Redis (has somebody else this event? is the
conversation paused?), one statement in PostgreSQL (the ledger, and what is to be sent), one
SendMessageBatch and one delete. Rules come from memory.

The order is what makes it safe. The ledger is written before anything is published, and a batch
interrupted anywhere is simply received again: the same event gives the same rows, the statement
says which of them are still to be sent, and they are published once more.
"""
