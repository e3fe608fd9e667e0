"""
What is wrong with a campaign though it makes sense in itself: found before it is published.

    lint ──┬─ walking      the flow: what may be sent when it is reached (windows)
           ├─ wording      what its messages say and show
           ├─ neighbours   the account's other live campaigns
           └─ setting_off  whether anything sets it off at all

An error is what Meta would refuse, or what can never happen; a warning is what is unwise. The codes
are a closed list (`findings`); docs/linter.md tells them to owners.
"""

from switchboard.rules.linter.findings import CODES, About, Code, Finding
from switchboard.rules.linter.lint import lint
from switchboard.rules.linter.wording import MediaFound

__all__ = ["CODES", "About", "Code", "Finding", "MediaFound", "lint"]
