"""
A real browser for tests, and pages that tolerate no error.

    async def test_greets(page: Page) -> None:
        await page.goto(url)
        await expect(page.get_by_role("heading")).to_have_text("Hello")

Where the browser comes from: `tests/support/chromium/finding.py`. It is driven by Playwright's
async API, within the test's own event loop: the blocking one keeps a loop running for ever, and no
other asyncio test could run after it. A browser per test costs about a second and shares nothing.

A page fails its test, at the end, for every console error, uncaught exception and failed request,
unless the test said with `complaints.expect` that it would come. It reaches this machine only.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import pytest
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    Request,
    async_playwright,
    expect,
)

from tests.support.chromium.finding import NoBrowserError, find_chromium

ColorScheme = Literal["light", "dark"]

_PATIENCE_MS = 15_000  # how long an action or an expectation may wait before it fails
expect.set_options(timeout=_PATIENCE_MS)

_FLAGS = (
    # Nothing is looked up and nothing is called home; Playwright's own flags do the rest.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--disable-quic",
    "--disable-gpu",
    "--disable-sync",
    "--disable-dev-shm-usage",  # /dev/shm has 64 MB in most containers
)
_OWN_DOING = "net::ERR_ABORTED"  # the page was left, or gave up on a request by itself


class NewPage(Protocol):
    """Opens one more page; each is a browser profile of its own."""

    async def __call__(
        self, *, width: int = 1360, height: int = 850, color_scheme: ColorScheme = "light"
    ) -> Page: ...


@dataclass
class Complaints:
    """What went wrong in a test's pages, and what the test said would."""

    made: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, part: str) -> None:
        """Say that complaints containing `part` will come: at least one, or the test fails."""
        self.expected.append(part)

    def listen_to(self, page: Page) -> None:
        """Note every console error, uncaught exception and failed request of `page`."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.made.append(f"uncaught: {error}"))
        page.on("requestfailed", self._request)

    def unforeseen(self) -> list[str]:
        """Return the complaints nobody expected, and the expectations nothing fulfilled."""
        foreseen = [one for one in self.made if any(part in one for part in self.expected)]
        missing = [part for part in self.expected if not any(part in one for one in self.made)]
        return [one for one in self.made if one not in foreseen] + [
            f"expected, and never came: {part}" for part in missing
        ]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.made.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        if request.failure != _OWN_DOING:
            self.made.append(f"request: {request.method} {request.url}: {request.failure}")


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The executable of a Chromium; a plain failure where there is none."""
    try:
        return find_chromium()
    except NoBrowserError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    """A browser of the test's own, without a window."""
    async with async_playwright() as playwright:
        browser = await _launch(playwright, chromium_path)
        yield browser
        await browser.close()


@pytest.fixture
def complaints() -> Complaints:
    """What the test's pages complain of; for tests that provoke an error."""
    return Complaints()


@pytest.fixture
async def new_page(browser: Browser, complaints: Complaints) -> AsyncIterator[NewPage]:
    """Pages, as many as wanted: each call opens one, of the width and theme it names."""
    async with AsyncExitStack() as profiles:

        async def open_page(
            *, width: int = 1360, height: int = 850, color_scheme: ColorScheme = "light"
        ) -> Page:
            profile = await browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=color_scheme,
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id="UTC",
            )
            profiles.push_async_callback(profile.close)
            profile.set_default_timeout(_PATIENCE_MS)
            page = await profile.new_page()
            complaints.listen_to(page)
            return page

        yield open_page
        unforeseen = complaints.unforeseen()  # before closing, which breaks off requests
    if unforeseen:
        pytest.fail("the page complained:\n" + "\n".join(unforeseen), pytrace=False)


@pytest.fixture
async def page(new_page: NewPage) -> Page:
    """One page, 1360 by 850, light."""
    return await new_page()


async def _launch(playwright: Playwright, path: Path) -> Browser:
    """
    Launch with Chromium's sandbox, except as root, who cannot have one.

    Containers and some distributions forbid the user namespaces it is made of. There it is done
    without as well: all the pages are ours.
    """
    if os.geteuid() == 0:
        return await _start(playwright, path, is_sandboxed=False)
    try:
        return await _start(playwright, path, is_sandboxed=True)
    except Error as error:
        if "sandbox" not in error.message.lower():
            raise
        return await _start(playwright, path, is_sandboxed=False)


async def _start(playwright: Playwright, path: Path, *, is_sandboxed: bool) -> Browser:
    return await playwright.chromium.launch(
        executable_path=path, args=_FLAGS, chromium_sandbox=is_sandboxed
    )
