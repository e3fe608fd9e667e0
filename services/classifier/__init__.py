"""
Understanding what no keyword could: which of an account's intents, if any, a text expresses.

    [classify] ─▶ too late? ─▶ the model, within a deadline ─▶ [classified]
                     └──────── abstain, and say why ──────────────┘

Every question gets one answer. A model that is absent, slow, broken or talking nonsense makes the
answer an abstention, never a failure: the router decides what an account does when nobody knows,
and keyword replies do not come this way at all. What people wrote is shown to the model as a quoted
value, and the model can only choose among the account's own intents or none.
"""
