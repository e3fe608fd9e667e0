"""Every decision can be decided again: those of all journeys before this one, too."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.builders import on_comment, private_reply, public_reply
from tests.support.installation import Scene

LINK = {"trigger": on_comment("link"), "steps": [private_reply("Here it is"), public_reply("Sent")]}


async def test_all_that_was_decided_is_decided_the_same_again(scene: Scene) -> None:
    """Whatever journeys did, killed, flushed and repeated: the ledger says by what it decided."""
    shop = await scene.business(LINK)
    both = {"private_reply": 1, "public_reply": 1}
    await scene.simulator.comment(shop.account_id, shop.media_id, "link", expect=both)
    await scene.simulator.all_answered()

    replay = subprocess.run(  # noqa: ASYNC221  nothing else is to be done meanwhile
        [sys.executable, "-m", "switchboard.cli", "replay", "--since", "2020-01-01"],
        env=os.environ | {"DATABASE_URL": scene.installation.stack.backing.owner_url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == replay.returncode, replay.stdout + replay.stderr
    assert ", 0 different" in replay.stdout
    assert not replay.stdout.startswith("0 events")
