"""
The door Meta knocks on: a signed webhook in, its events on the queue, and only then a 200.

    Meta ─POST /webhooks/instagram─▶ body ─▶ signature ─▶ envelope ─▶ normalise ─▶ events queue
                                      413       401       unreadable  not understood     503

What Meta was told 200 for, it never sends again; what it was not, it sends again for hours, and an
endpoint that keeps failing is unsubscribed. So there are two promises here. A 200 means that SQS
holds every event of the request. And nothing that Meta signed is refused for what it says: what
we cannot read at all is kept as bytes (`WebhookUnreadable`), what we do not know yet as its JSON
(`EventNotUnderstood`), and one odd item in a batch of a thousand costs none of the others.

The rooms, in the order a request walks through them:

    webhook        the POST, as the list of what happens to it
    body           the bytes as they came, under a limit of size and of time
    signature      which of the accepted secrets signed them
    envelope       bytes to updates, through every wrapping Meta has been seen to use
    normalise/     one update to one event: comments, messages, taps, others
    unreadable     bytes kept in pieces that fit a queue
    sorting        a whole body to the messages to store, yielding so that the loop keeps turning
    event_queue    storing them within the time Meta gives, whether or not SQS is there yet
    verification   the GET by which Meta asks whether the endpoint is ours
    links          tracked links: `/l/<code>` to where it leads, with a click counted
    server         listening, and finishing what was begun when told to stop

Ingress never touches Postgres, Redis or Meta's API: it depends on SQS alone. It starts while SQS
is away, answers 503 until it is there, and needs no restart then.
"""
