"""Tracked links over a real socket."""

from __future__ import annotations

from uuid import UUID

import pytest

from switchboard.contracts import AccountId, LinkClicked
from switchboard.links import LinkCodec
from tests.integration.ingress.front import Front
from tests.integration.ingress.house import LINK_SECRET, House, Shelf, open_house
from tests.unit.ingress.bodies import SHOP

DELIVERY = UUID("6f8ae4b2-21c3-4f0e-9a66-0f3c2f1f6a11")
URL = "https://shop.example/autumn?size=41%2F2#top"
PATH = "/l/" + LinkCodec([LINK_SECRET]).code(DELIVERY, AccountId(SHOP), URL)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Instagram 350.0"


async def test_a_tap_leads_there_and_is_counted(house: House, shelf: Shelf) -> None:
    """A person is redirected to the very URL, and each tap is an event of its own."""
    first = await house.send("GET", PATH, headers={"User-Agent": PHONE})
    await house.send("GET", PATH, headers={"User-Agent": PHONE})
    clicks = await shelf.events(at_least=2)

    assert (302, URL) == (first.status, first.headers["Location"])
    assert "no-store" == first.headers["Cache-Control"]
    assert "no-referrer" == first.headers["Referrer-Policy"]
    assert {(SHOP, DELIVERY, URL)} == {
        (click.account_id, click.delivery_id, click.url)
        for click in clicks
        if isinstance(click, LinkClicked)
    }
    assert len({click.identity() for click in clicks}) == 2


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {"User-Agent": PHONE}),
        ("GET", {"User-Agent": "facebookexternalhit/1.1"}),
        ("GET", {"User-Agent": "Mozilla/5.0 (compatible; Twitterbot/1.0)"}),
        ("GET", {"User-Agent": PHONE, "Sec-Purpose": "prefetch;prerender"}),
    ],
)
async def test_a_preview_is_no_click(
    house: House, shelf: Shelf, method: str, headers: dict[str, str]
) -> None:
    """What only looks is shown the way, and counts as nobody's click."""
    answer = await house.send(method, PATH, headers=headers)

    assert (302, URL) == (answer.status, answer.headers["Location"])
    assert house.counted()["LinkVisits{outcome=previewed}"] == 1
    assert await shelf.events() == []


@pytest.mark.parametrize(
    "path", ["/l/nonsense", PATH[:-1], PATH + "A", "/l/%C3%A9", "/l/%00", "/l/" + "A" * 4_000]
)
async def test_no_other_code_leads_anywhere(house: House, path: str) -> None:
    """A code that we did not write is a plain 404."""
    answer = await house.send("GET", path)

    assert (404, "text/plain") == (answer.status, answer.content_type)
    assert "Location" not in answer.headers


async def test_a_person_does_not_wait_for_our_queue(
    front: Front, shelf: Shelf, queue_prefix: str
) -> None:
    """While SQS is silent a tap leads on at once; the click that cannot be stored is counted."""
    front.gate.clear()

    async with open_house(front.url, queue_prefix, ingress_publish_budget_s=0.3) as house:
        answer = await house.send("GET", PATH, headers={"User-Agent": PHONE})
        lost_yet = house.counted().get("LinkClicksLost", 0)

    assert (302, 0) == (answer.status, lost_yet)
    assert house.counted()["LinkClicksLost"] == 1


async def test_a_click_being_stored_is_stored_before_the_end(
    front: Front, shelf: Shelf, queue_prefix: str
) -> None:
    """A click whose storing had begun is on the queue when the service has stopped."""
    front.gate.clear()

    async with open_house(front.url, queue_prefix) as house:
        await house.send("GET", PATH, headers={"User-Agent": PHONE})
        await front.waiting.wait()
        house.stop.set()
        front.gate.set()

    assert ["link_clicked.v1"] == await shelf.by_kind(at_least=1)
