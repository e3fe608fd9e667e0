"""
The router decides what each event gets.

    events ─────▶ observe ─▶ origins ─▶ rounds ─────────────────────▶ publish ─▶ outbound | classify
    classified ──────┘                  contact ─▶ decide ─▶ record
                                           ▲─── conflict ──────┘

A batch of up to ten events costs one round trip to Redis (has somebody else this event? what is
remembered of its person?), one statement in PostgreSQL (the ledger, the contacts, and what is to be
sent), one SendMessageBatch and one delete; and one more to Redis where a contact has changed. Rules
come from memory. PostgreSQL is asked first only about people whom Redis has forgotten, and about
echoes and clicks.

The order is what makes it safe. The ledger is written before anything is published, and a batch
interrupted anywhere is simply received again: the same event gives the same rows, the statement
says which of them are still to be sent, and they are published once more. A decision is written
only if the person's contact is still the one it was made by (`rounds`), so what Redis remembers may
be old, wrong or gone: it costs another round.
"""
