"""
The sender: one call to Meta for each delivery, ever, at a moment Meta allows.

A message on the queue says only that a row may be due; the row is the truth. `sender` claims it
(ready becomes sending, in Postgres, before anything leaves us), does what its kind stands for,
records how it ended (`endings`), and tells of what waited for it.

What is said to a person (`speaking`) is looked at once more (`obstacles`), written (`composing`,
with their name: `profiles`), takes its turn (`turns`, `pacing`), and is said once. A call whose
outcome is unknown is recorded as that; so is one whose sender died, when its lease runs out. It is
looked for (`reconciling`), among what our own webhooks told and at Meta (`looking`). Whether that
shows it was said, or that it was not (`evidence`), and what it comes to (`conclusions`) is decided
purely; only what was shown not to have been said is said again.

    kind                                      done by     what comes of it
    public_reply private_reply message        speaking    Meta has it
    lookup                                    lookups     an answer on `classified`
    timer                                     timers      an event on `events`
    webhook                                   webhooks    the owner's server has it

The last three do no harm twice: they are told first and recorded then, and if somebody dies in
between they are done again.

Some endings are the account's, too (`alarms`, `aftermath`): a restriction holds it, its owner must
connect it again, or the first thing that Meta takes lets it free. After a hold one delivery of the
account is out at a time, until Meta takes one.

What cannot go now is parked in its row with the moment to come back, and the message is done with.
The `pacer`, a worker beside the consumer, brings parked rows back, tells senders again of rows
nobody picked up, and closes what ran out of time. Private replies, of which an hour has room for so
many, it brings back one for each turn that comes free, in the order the account's owner chose
(`backlogs`). Two more workers are the `reconciler` (`reconciling`) and the `forecaster`, which says
who of those who wait will be answered when (`forecasting`). Any number of senders may run; each has
one of each.
"""
