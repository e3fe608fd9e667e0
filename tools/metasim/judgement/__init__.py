"""
The verdict over everything that happened.

`answers` finds what was lost, came twice or unexpected, `order` what came out of order, `consent`
what came to somebody who had asked for nothing more. Each looks at one case of the ledger: a
comment, a conversation. What was wrong about calls as they were made, the ledger has in its books.
`judge` puts it together; a `Judge` does so again and again, and looks only at what has changed.
"""

from tools.metasim.judgement.judge import Judge, judge

__all__ = ["Judge", "judge"]
