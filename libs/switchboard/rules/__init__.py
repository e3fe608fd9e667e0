"""
What a business can express, and deciding by it. Pure: nothing here waits, reads or writes.

An event comes in with everything that matters about its account, its person and the present, and
a `Decision` comes out: what to send, or why nothing. The same inputs give the same bytes, so any
decision can be explained, replayed, and tried on yesterday's events.
"""
