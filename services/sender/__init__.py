"""
The sender: one call to Meta for each delivery, ever, at a moment Meta allows.

A message on the queue says only that a row may be due; the row is the truth. `sender` claims it
(ready becomes sending, in Postgres, before anything leaves us), looks whether now is allowed
(`obstacles`), writes what is to be said (`composing`), takes its turn (`pacing`), calls, and
records how it ended (`endings`). A call whose outcome is unknown is recorded as that and never
made again; so is one whose sender died, when its lease runs out.

What cannot go now is parked in its row with the moment to come back, and the message is done with.
The `pacer`, a worker beside the consumer, brings parked rows back, tells senders again of rows
nobody picked up, and closes what ran out of time. Any number of senders may run; each has one.
"""
