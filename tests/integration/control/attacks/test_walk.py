"""Every operation there is, with another tenant's ids, by everybody who should get nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tests.integration.control.attacks.described import (
    FOR_ALL,
    FOR_OPERATORS,
    Operation,
    operations,
)
from tests.integration.control.attacks.world import World, nobodys
from tests.integration.control.house import Answer, Person
from tests.integration.db.isolation.town import STAFF

_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")
# What comes of a good request where Meta is away, nothing is signed yet, or nothing was made up:
# the others answer their owner with what they do.
STOPPED = {
    "acceptInvitation": {404},
    "completeInstagramLogin": {409},
    "listMedia": {409, 503},
    "tryWebhook": {409, 422},
    "deleteCampaign": {409},
    "askForExport": {409},
    "deleteWorkspace": {409},  # it is called otherwise than what is typed
    "readExportAddress": {409},
    "readExportFile": {409},
    "examineWorkspace": {409, 503},
    "runAccountJob": {200, 404},  # whether the caretaker has come to it by then
    "labelEvent": {409},
    "unlabelEvent": {404},
}
# What changes nothing, because it is so already or never can be, is told before who may.
TOLD_BEFORE = {("resumeCampaign", 200), ("deleteCampaign", 409)}


async def _call(world: World, by: Person, one: Operation, ids: Mapping[str, str]) -> Answer:
    return await world.told(by, one.method.upper(), one.at(ids), one.body(ids))


def _said(answer: Answer) -> tuple[int, str, str]:
    """Return what is told of why: without the names that were in the request, or of it."""
    if "problem" not in answer.headers.get("content-type", ""):
        return answer.status, "", _UUID.sub("", answer.text)
    return answer.status, answer.code, _UUID.sub("", str(answer.body["detail"]))


async def reached(world: World, some: Iterable[Operation]) -> list[tuple[str, str, str]]:
    """Return where somebody outside is answered otherwise than if ours were not there at all."""
    found = []
    for one in some:
        for name, person in world.outsiders.items():
            nothing = nobodys()
            asked = [(world.ours, nothing)]
            if one.names_others and name != "stranger":
                own = {"workspace_id": world.theirs["workspace_id"]}
                if one.places[:1] != ["workspace_id"]:
                    own = {one.places[0]: world.theirs[one.places[0]]}
                asked.append((world.ours | own, nothing | own))
            for ids, like in asked:
                ours = await _call(world, person, one, ids)
                known = dict(ids) | world.theirs
                if world.is_told(ours.text, known):
                    found.append((one.name, name, f"told: {ours.text[:200]}"))
                if one.name in FOR_ALL:
                    continue
                nobody = await _call(world, person, one, like)
                if _said(ours) != _said(nobody):
                    found.append((one.name, name, f"{_said(ours)} not {_said(nobody)}"))
                if ours.status < 400 and ids is world.ours:
                    found.append((one.name, name, f"answered {ours.status}"))
    return found


async def test_nobody_reaches_over(world: World) -> None:
    """Ids of another tenant's, wherever they are put, are answered as ids of nothing."""
    before = await world.rows()

    assert [] == await reached(world, operations())
    assert before == await world.rows()


async def test_a_filter_that_is_forgotten(world: World) -> None:
    """Were a policy to let all rows through, the walk would see it."""
    await world.owner.execute("alter policy campaigns_select on public.campaigns using (true)")
    campaigns = [one for one in operations() if one.chapter == "campaigns" and one.reads]

    assert {"readCampaign", "listVersions", "exportCampaign"} <= {
        name for name, _, _ in await reached(world, campaigns)
    }


async def test_whoever_is_locked_out(world: World) -> None:
    """What is no token any more, or never was one, opens no operation at all."""
    before = await world.rows()
    answered = {
        (one.name, name): (await _call(world, person, one, world.ours)).status
        for one in operations()
        for name, person in world.locked_out.items()
    }

    after = await world.rows()
    noted = ("public.api_keys",)  # that somebody tried it is of use to whom it was
    assert {401} == set(answered.values()), [at for at, got in answered.items() if got != 401]
    assert {name: rows for name, rows in before.items() if name not in noted} == {
        name: rows for name, rows in after.items() if name not in noted
    }


async def test_each_role_as_far_as_it_goes(world: World) -> None:
    """Below its least role an operation does nothing, and shows nothing; its owner gets through."""
    before = await world.rows()
    some = [one for one in operations() if one.name not in FOR_ALL]
    wrong = []
    for one in some:
        below = STAFF if one.name in FOR_OPERATORS else STAFF[: STAFF.index(one.least)]
        for role in below:
            ids = world.ours | {"user_id": str(world.town.ours.staff["admin"])}
            answer = await _call(world, world.staff[role], one, ids)
            empty = one.reads and answer.status == 200 and answer.body.get("items") == []
            told = (one.name, answer.status) in TOLD_BEFORE
            if answer.status not in (403, 404) and not empty and not told:
                wrong.append((one.name, role, answer.status, answer.text[:200]))
    assert not wrong, wrong
    assert before == await world.rows()

    for one in operations():
        answer = await _call(world, world.staff["owner"], one, world.ours)
        gets = {403} if one.name in FOR_OPERATORS else STOPPED.get(one.name, {200, 201, 204})
        if answer.status not in gets:
            wrong.append((one.name, "owner", answer.status, answer.text[:200]))
    assert not wrong, wrong
