"""
Understanding what no keyword could: which of an account's intents, if any, a text expresses.

    [classify] ─▶ too late? ─▶ asked before? ─▶ the examples: sure? ─no─▶ the model ─▶ [classified]
                     │             │                 │ yes                  │ away, slow, nonsense
                     ▼             ▼                 ▼                      ▼
                  abstain      the answer        the answer        the examples, or abstain

Every question gets one answer. A model that is absent, slow, broken or talking nonsense makes the
answer the examples' or an abstention, never a failure: the router decides what an account does when
nobody knows, and keyword replies do not come this way at all. What people wrote is shown to the
model as a quoted value, and the model can only choose among the account's own intents or none.

`switchboard.intents` decides, `switchboard.models` asks; here they are given their turns, and what
they share: places at the model, a circuit breaker, answers given before.
"""
