"""Exports are asked for by an admin, seen as they come, got, and called off; by nobody else."""

from __future__ import annotations

import base64
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession

from services.control.caretaker.exporting import Exporting
from services.control.caretaker.settings import CaretakerSettings
from switchboard.db.pool import Database, open_pool
from switchboard.storage import Place, open_place
from tests.integration.control.house import House, Person, open_house
from tests.integration.db.town import SOMEBODY, Shop, open_shop
from tests.integration.db.users import log_out
from tests.integration.storage.yard import Yard, open_yard
from tests.support.waiting import until


@pytest.fixture
async def house(
    owner: Database, api_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[House]:
    """The API, with a directory for exports."""
    async with open_house(owner, api_url, redis_url, exports_url=str(tmp_path)) as house:
        yield house


@pytest.fixture
async def caretaker(caretaker_url: str) -> AsyncIterator[Database]:
    """The database as whoever writes exports."""
    async with open_pool(caretaker_url, name="caretaker") as db:
        yield db


async def write(db: Database, place: Place) -> None:
    """Write what was asked for."""
    writer = Exporting(
        db=db,
        place=place,
        owner="test",
        lease=timedelta(minutes=1),
        keep=timedelta(days=7),
        every_s=0.05,
    )
    while await writer.round():
        pass


async def write_here(db: Database, directory: Path) -> None:
    """Write what was asked for to a directory."""
    async with open_place(str(directory), Yard.options("http://127.0.0.1:1")) as place:
        await write(db, place)


def path(shop: Shop, *more: object) -> str:
    """Return where a workspace's exports are."""
    return "/".join([f"/v1/workspaces/{shop.workspace}/exports", *map(str, more)])


async def ask(by: Person, shop: Shop, **wanted: Any) -> str:
    """Ask for an export; return its id."""
    answer = await by.post(path(shop), {"kind": "workspace"} | wanted)
    assert answer.status == 202
    assert answer.headers["location"] == path(shop, answer.body["id"])
    return str(answer.body["id"])


async def fetch(house: House, by: Person, where: str) -> tuple[int, dict[str, str], bytes]:
    """Get a file."""
    sent = {"Authorization": f"Bearer {by.token}"}
    async with house.http.get(f"{house.url}{where}", headers=sent) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, headers, await answer.read()


async def test_from_asking_to_having(
    house: House, shop: Shop, caretaker: Database, tmp_path: Path
) -> None:
    """It is asked for, written, and got as a file that is what its row says."""
    admin = await house.member(shop, "admin")
    export = await ask(admin, shop)
    before = await admin.get(path(shop, export))
    early = await admin.get(path(shop, export, "file"))
    await write_here(caretaker, tmp_path)
    after = await admin.get(path(shop, export))
    address = await admin.get(path(shop, export, "address"))
    status, headers, body = await fetch(house, admin, path(shop, export, "file"))
    with zipfile.ZipFile(BytesIO(body)) as archive:
        names = archive.namelist()

    assert ("asked", str(admin.id)) == (before.body["state"], before.body["asked_by"])
    assert (409, "It is not written yet.") == (early.status, early.body["detail"])
    assert ("done", len(body)) == (after.body["state"], after.body["size_bytes"])
    assert (200, {"address": None, "good_until": None}) == (address.status, address.body)
    assert (200, "application/zip") == (status, headers["content-type"])
    assert str(len(body)) == headers["content-length"]
    assert headers["content-disposition"].startswith('attachment; filename="workspace-')
    assert {"manifest.json", "workspace.json", "events.jsonl"} <= set(names)


async def test_what_is_in_s3(
    *,
    owner: Database,
    api_url: str,
    redis_url: str,
    caretaker: Database,
    s3_endpoint_url: str,
    shop: Shop,
) -> None:
    """A browser gets it from there, by an address of some minutes; or from us all the same."""
    async with open_yard(s3_endpoint_url) as yard, yard.place() as place:
        settings = {"exports_url": yard.url, "aws_endpoint_url_s3": s3_endpoint_url}
        async with open_house(owner, api_url, redis_url, **settings) as house:
            admin = await house.member(shop, "admin")
            export = await ask(admin, shop, kind="events")
            await write(caretaker, place)
            shown = await admin.get(path(shop, export, "address"))
            async with ClientSession() as browser, browser.get(shown.body["address"]) as got:
                direct = await got.read()
            _, _, through_us = await fetch(house, admin, path(shop, export, "file"))
            await place.remove(f"{shop.workspace}/{export}.1.zip")
            gone = [await admin.get(path(shop, export, what)) for what in ("address", "file")]

    assert direct.startswith(b"PK")
    assert direct == through_us
    assert shown.body["good_until"] is not None
    assert [404, 404] == [one.status for one in gone]


async def test_a_person(house: House, shop: Shop, caretaker: Database, tmp_path: Path) -> None:
    """Somebody is exported as one account knows them."""
    admin = await house.member(shop, "admin")
    export = await ask(
        admin, shop, kind="person", account_id=str(shop.account), person_id=str(SOMEBODY)
    )
    await write_here(caretaker, tmp_path)
    _, _, body = await fetch(house, admin, path(shop, export, "file"))
    with zipfile.ZipFile(BytesIO(body)) as archive:
        names = archive.namelist()

    assert ["person.json", "person.txt"] == names


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": "person"},
        {"kind": "person", "person_id": "1"},
        {"kind": "workspace", "person_id": "1"},
        {"kind": "workspace", "account_id": str(uuid4())},
        {"kind": "everything"},
        {"kind": "person", "account_id": str(uuid4()), "person_id": "a\x00"},
    ],
)
async def test_what_is_no_export(house: House, shop: Shop, wanted: dict[str, str]) -> None:
    """What cannot be written is refused when it is asked for."""
    admin = await house.member(shop, "admin")

    assert 422 == (await admin.post(path(shop), wanted)).status


async def test_somebody_elses_account(house: House, shop: Shop, owner: Database) -> None:
    """It is not there, for whoever asks for it in their own workspace."""
    admin, other = await house.member(shop, "admin"), await open_shop(owner)
    for kind, person in (("events", None), ("person", "1")):
        wanted = {"kind": kind, "account_id": str(other.account), "person_id": person}

        assert 404 == (await admin.post(path(shop), wanted)).status


async def test_who_may(
    house: House, shop: Shop, owner: Database, caretaker: Database, tmp_path: Path
) -> None:
    """Admins and owners; others of the workspace may not, and to strangers nothing is there."""
    admin = await house.member(shop, "owner")
    export = await ask(admin, shop)
    await write_here(caretaker, tmp_path)
    outsider = await house.member(await open_shop(owner), "owner")
    for who, status in (
        (await house.member(shop, "editor"), 403),
        (await house.member(shop, "viewer"), 403),
        (outsider, 404),
        (await house.newcomer(), 404),
    ):
        answers = [
            await who.get(path(shop)),
            await who.post(path(shop), {"kind": "workspace"}),
            await who.get(path(shop, export)),
            await who.get(path(shop, export, "file")),
            await who.get(path(shop, export, "address")),
            await who.call("DELETE", path(shop, export)),
        ]
        assert [status] * 6 == [one.status for one in answers]
    elsewhere = path(await open_shop(owner), export)

    assert 404 == (await outsider.get(elsewhere)).status
    assert "done" == (await admin.get(path(shop, export))).body["state"]


async def test_whose_it_is_by_another_workspaces_address(
    house: House, shop: Shop, owner: Database
) -> None:
    """An export is found under its own workspace alone."""
    admin, other = await house.member(shop, "admin"), await open_shop(owner)
    export = await ask(admin, shop)
    outsider = await house.member(other, "owner")

    assert 404 == (await outsider.get(path(other, export))).status
    assert 404 == (await outsider.call("DELETE", path(other, export))).status


async def test_signed_out(
    house: House, shop: Shop, owner: Database, caretaker: Database, tmp_path: Path
) -> None:
    """A token whose session is over neither asks for a file, which outlives it, nor gets one."""
    admin = await house.member(shop, "admin")
    export = await ask(admin, shop)
    await write_here(caretaker, tmp_path)
    await log_out(owner, admin.id)
    answers = [
        await admin.post(path(shop), {"kind": "workspace"}),
        await admin.get(path(shop, export, "file")),
        await admin.get(path(shop, export, "address")),
    ]

    assert [401, 401, 401] == [one.status for one in answers]


async def test_twice(house: House, shop: Shop) -> None:
    """Under a key it is asked for once."""
    admin = await house.member(shop, "admin")
    first, second = [
        await admin.post(path(shop), {"kind": "workspace"}, idempotency_key="k") for _ in range(2)
    ]

    assert first.body == second.body
    assert 1 == len((await admin.get(path(shop))).body["items"])


async def test_too_many(house: House, shop: Shop) -> None:
    """Each is all of a workspace: three are under way at most, and one called off is not."""
    admin = await house.member(shop, "admin")
    asked = [await ask(admin, shop) for _ in range(3)]
    refused = await admin.post(path(shop), {"kind": "workspace"})
    called_off = await admin.call("DELETE", path(shop, asked[0]))
    await ask(admin, shop)

    assert (409, 204) == (refused.status, called_off.status)


async def test_pages(house: House, shop: Shop) -> None:
    """The newest is first."""
    admin = await house.member(shop, "admin")
    asked = [await ask(admin, shop) for _ in range(3)]
    first = await admin.get(f"{path(shop)}?limit=2")
    second = await admin.get(f"{path(shop)}?limit=2&cursor={first.body['next_cursor']}")

    listed = [one["id"] for page in (first, second) for one in page.body["items"]]
    assert asked[::-1] == listed
    assert second.body["next_cursor"] is None


async def test_discarding(
    house: House, shop: Shop, owner: Database, caretaker: Database, tmp_path: Path
) -> None:
    """From that moment nobody gets it; the log says who did it; again changes nothing."""
    admin = await house.member(shop, "admin")
    export = await ask(admin, shop)
    await write_here(caretaker, tmp_path)
    done = [await admin.call("DELETE", path(shop, export)) for _ in range(2)]
    shown = await admin.get(path(shop, export))
    refused = await admin.get(path(shop, export, "file"))
    deeds = await owner.fetch(
        "select actor_id, action, after ->> 'state' as state from public.audit_log"
        " where subject = 'exports' and subject_id = $1 order by id",
        export,
    )

    assert [204, 204] == [one.status for one in done]
    assert ("removed", "discarded") == (shown.body["state"], shown.body["removed_because"])
    assert (409, "It was removed; ask for another.") == (refused.status, refused.body["detail"])
    assert [(admin.id, "insert", None), (admin.id, "update", "removed")] == [
        (row["actor_id"], row["action"], row["state"]) for row in deeds
    ]


async def test_one_whose_time_is_over(
    house: House, shop: Shop, owner: Database, caretaker: Database, tmp_path: Path
) -> None:
    """Nobody gets it, though its file may not have been removed yet."""
    admin = await house.member(shop, "admin")
    export = await ask(admin, shop)
    await write_here(caretaker, tmp_path)
    await owner.execute("update public.exports set expires_at = now() where id = $1", UUID(export))
    answers = [await admin.get(path(shop, export, what)) for what in ("file", "address")]

    assert [409, 409] == [one.status for one in answers]


async def test_a_whole_control(
    *,
    owner: Database,
    api_url: str,
    caretaker_url: str,
    redis_url: str,
    sqs_endpoint_url: str,
    shop: Shop,
    tmp_path: Path,
) -> None:
    """What is asked for is written and, when it is discarded, removed, by nobody's doing."""
    given: dict[str, Any] = {
        "caretaker_database_url": caretaker_url,
        "caretaker_every_s": 0.1,
        "aws_endpoint_url": sqs_endpoint_url,
        "meta_app_secrets": "s",
        "token_keys": f"k:{base64.b64encode(b'0' * 32).decode()}",
        "exports_url": str(tmp_path),
    }
    # Nobody answers for Instagram: whatever else is due says that it is away.
    nobody = dict.fromkeys(("meta_graph_url", "meta_api_url", "meta_www_url"), "http://127.0.0.1:1")
    caretaking = CaretakerSettings(**given | nobody)
    async with open_house(
        owner, api_url, redis_url, exports_url=str(tmp_path), caretaking=caretaking
    ) as house:
        admin = await house.member(shop, "admin")
        export = await ask(admin, shop)
        file = tmp_path / str(shop.workspace) / f"{export}.1.zip"

        async def state() -> str:
            return str((await admin.get(path(shop, export))).body["state"])

        async def is_swept() -> bool:
            await owner.execute(
                "update private.jobs set next_run_at = now() where name = 'exports'"
            )
            return not file.exists()

        done = await until(state, lambda one: one not in {"asked", "running"})
        written = file.exists()
        await admin.call("DELETE", path(shop, export))
        await until(is_swept, bool)

    assert ("done", True) == (done, written)


async def test_nowhere_to_keep_them(
    owner: Database, api_url: str, redis_url: str, shop: Shop
) -> None:
    """Where none are made, asking says what is not set."""
    async with open_house(owner, api_url, redis_url) as house:
        admin = await house.member(shop, "admin")
        refused = await admin.post(path(shop), {"kind": "workspace"})

    assert 409 == refused.status
    assert "EXPORTS_URL" in refused.body["detail"]
