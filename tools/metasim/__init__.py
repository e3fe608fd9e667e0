"""
A small Meta, to play against and to be judged by.

Three faces, one process:

* the **Graph API** of the Instagram Platform (`graph/`), with its windows, its limits, its
  one private reply per comment and its error bodies;
* **webhooks** (`webhooks/`), signed and escaped as Meta's are, sent wherever the settings say,
  retried until they are accepted;
* a **control API** (`sim/`) and a **page** (`page/`), where a test, a story or a person makes
  somebody comment, write or tap, and sees what came back.

Whatever happens is remembered, and `judgement/` says what went wrong: answers that never came,
came twice or out of order, calls beyond a window, a deadline, a limit or a restriction.

    sim/ ──▶ world, ledger ──▶ webhooks/ ──POST──▶ the system under test
                  ▲                                        │
                  └────────────── graph/ ◀──Graph API──────┘

Nothing here is shared with the system under test, so that a mistake of its reading of Meta
cannot be cancelled out by the same mistake made here. The rules (`rules.py`, `limits.py`,
`composing.py`, `judgement/`) are pure; `world.py`, `ledger.py`, `faults.py` and `holds.py` hold
state and do no I/O. What can be ordered to go wrong is in `orders.py` and `presets.py`, and
happens at `graph/door.py`.
"""
