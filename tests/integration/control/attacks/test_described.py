"""What the API says of itself holds, whatever is sent to it, and in whichever order."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from switchboard.contracts import WorkspaceId
from switchboard.db import campaigns, workspaces
from switchboard.db.pool import Queryable
from tests.integration.control.attacks.generated import Found, generate
from tests.integration.control.attacks.world import World

# A longer run is asked for by the environment (CONTRIBUTING.md).
EXAMPLES = os.environ.get("DESCRIBED_EXAMPLES")
SEED = int(os.environ.get("DESCRIBED_SEED", "1"))

CALLERS = ("owner", "viewer", "key")


def ids(world: World) -> Mapping[str, str]:
    """Return ids of what is there; members come and go, and are asked for by chance alone."""
    left_out = {"instagram_id", "name", "user_id", "version"}
    return {name: known for name, known in world.ours.items() if name not in left_out}


async def token(world: World, who: str) -> str:
    """Return what somebody proves by who they are."""
    owner = world.staff["owner"]
    if who != "key":
        return (world.staff["viewer"] if who == "viewer" else owner).token
    keys = f"/v1/workspaces/{world.ours['workspace_id']}/api-keys"
    made = await owner.post(keys, {"name": "program", "role": "admin"})
    return str(made.body["key"])


async def found(world: World, who: str, within: Path, **options: Any) -> Found:
    """Send what is made of the description as somebody; return what was wrong."""
    proof = await token(world, who)
    return await generate(world.house.url, proof, ids(world), within, seed=SEED, **options)


@pytest.mark.parametrize("who", CALLERS if EXAMPLES else CALLERS[:1])
async def test_every_operation_by_generated_requests(
    world: World, tmp_path: Path, who: str
) -> None:
    """No request, good or bad, to what is there or is not, is answered as is not described."""
    phases = "coverage,fuzzing" if EXAMPLES else "fuzzing"
    sent = await found(world, who, tmp_path, phases=phases, examples=int(EXAMPLES or 5))

    assert not sent.failed, sent.told[-20_000:]


@pytest.mark.parametrize("who", CALLERS)
async def test_one_operation_after_another(world: World, tmp_path: Path, who: str) -> None:
    """What was made is there for all who may see it, until it is deleted, and then no more."""
    sent = await found(
        world,
        who,
        tmp_path,
        phases="stateful",
        examples=int(EXAMPLES or 10),
        inferring=EXAMPLES is not None,
    )

    assert not sent.failed, sent.told[-20_000:]
    assert sent.links > 5, sent.told


class TestPlanted:
    """That what is wrong is found; each of these is a fault in one operation."""

    async def test_what_is_deleted_stays(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A campaign that is read after it was deleted is found by the chain that did both."""

        async def pretend(*_: Any) -> bool:
            return True

        monkeypatch.setattr(campaigns, "remove", pretend)
        only = "^(createCampaign|readCampaign|deleteCampaign)$"
        sent = await found(world, "owner", tmp_path, phases="stateful", examples=20, only=only)

        assert sent.failed, sent.told
        assert "ST301 Deleted resource still available" in sent.told

    async def test_what_is_made_is_gone(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A workspace that nobody finds again is found missing by the chain that made it."""
        find, made = workspaces.find, set[WorkspaceId]()

        async def find_once(
            db: Queryable, user: UUID, workspace: WorkspaceId
        ) -> workspaces.Workspace | None:
            again = workspace in made
            made.add(workspace)
            return None if again else await find(db, user, workspace)

        monkeypatch.setattr(workspaces, "find", find_once)
        only = "^(createWorkspace|readWorkspace)$"
        sent = await found(world, "owner", tmp_path, phases="stateful", examples=20, only=only)

        assert sent.failed, sent.told
        assert "ST302 Created resource not found" in sent.told

    async def test_an_error_of_ours(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An operation that fails is found, whoever calls."""

        async def fail(*_: Any, **__: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(workspaces, "mine", fail)
        only = "^listWorkspaces$"
        sent = await found(world, "viewer", tmp_path, phases="fuzzing", examples=1, only=only)

        assert sent.failed, sent.told
        assert "ST101 Server error" in sent.told
