"""
From what Meta tells to what happened: one update in, one event out, always.

    comments   comments, live comments, mentions
    messages   what is written: messages, story replies and mentions, echoes, edits, deletions
    taps       what is tapped: buttons, links
    others     reactions, read receipts, thread control, opt-ins

A conversation's item comes the same in `messaging[]`, in `standby[]` and as the value of a change,
so where it stood says nothing about what it is: the key that it has does. Whatever fits no room is
an `EventNotUnderstood`, with Meta's JSON.
"""

from services.ingress.normalise.dispatch import normalise
from services.ingress.normalise.origin import Origin

__all__ = ["Origin", "normalise"]
