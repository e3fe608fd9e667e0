"""
Taking a workspace away, whole, and bringing it to another installation.

    manifest.json           format, schema, whose; of each file how many and its SHA-256
    workspace.json          its name
    accounts.jsonl          one line for each account
    campaigns/<id>.json     a campaign with its draft and all published versions
    events.jsonl            what happened and what was decided, the oldest first
    ...                     see `switchboard.db.portable`, which has all of them, and what stays

Ids are kept, so that links between rows, and decisions that are made again, are what they were. No
file has a token or a secret: accounts arrive disconnected. The same rows give the same bytes, so
two exports can be compared, and one that was brought elsewhere and taken away again is the same.

Neither way holds more in memory than a page of rows.
"""

from switchboard.exporting.arriving import Arrived, CannotArrive, bring
from switchboard.exporting.files import Files, open_source, open_target, open_zip
from switchboard.exporting.leaving import CannotLeave, Manifest, take, take_events
from switchboard.exporting.person import take_person

__all__ = [
    "Arrived",
    "CannotArrive",
    "CannotLeave",
    "Files",
    "Manifest",
    "bring",
    "open_source",
    "open_target",
    "open_zip",
    "take",
    "take_events",
    "take_person",
]
