"""The browser of the tests: found or plainly missed, and strict with every page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.support.browser import Complaints
from tests.support.chromium.finding import NoBrowserError, find_chromium


def executable(path: Path, script: str = "") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


class TestFinding:
    def test_named_one_wins(self, tmp_path: Path) -> None:
        """CHROMIUM_PATH is taken before anything on PATH."""
        installed = executable(tmp_path / "bin" / "chromium")
        named = executable(tmp_path / "mine")

        env = {"CHROMIUM_PATH": str(named), "PATH": str(installed.parent)}
        assert named == find_chromium(env, local=tmp_path)

    @pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
    def test_installed_one_is_found(self, tmp_path: Path, name: str) -> None:
        """Without a name, the browser on PATH is taken, whatever its distribution calls it."""
        installed = executable(tmp_path / "bin" / name)

        assert installed == find_chromium({"PATH": str(installed.parent)}, local=tmp_path)

    @pytest.mark.parametrize("setting", ["CHROMIUM_PATH", "NODE"])
    def test_wrong_name_is_told(self, tmp_path: Path, setting: str) -> None:
        """A setting that names nothing is said to, and nothing else is tried in its place."""
        env = {setting: str(tmp_path / "nothing"), "PATH": str(tmp_path)}

        with pytest.raises(NoBrowserError, match=f"{setting} names .*nothing, which is no exec"):
            find_chromium(env, local=tmp_path)

    def test_neither_browser_nor_node_is_one_line_with_the_ways_out(self, tmp_path: Path) -> None:
        """With nothing at all, one line names both settings and Debian's package."""
        with pytest.raises(NoBrowserError) as caught:
            find_chromium({"PATH": str(tmp_path)}, local=tmp_path)

        told = str(caught.value)
        assert [] == [
            part
            for part in ("CHROMIUM_PATH", "NODE", "apt-get install chromium")
            if part not in told
        ]
        assert 1 == len(told.splitlines())

    def test_old_node_is_told_with_its_version(self, tmp_path: Path) -> None:
        """A Node.js that is too old is named with its version and the one that is needed."""
        node = executable(tmp_path / "bin" / "node", "echo v18.19.0")

        with pytest.raises(NoBrowserError, match=r"Node.js 18\.19.* needs 20\.11 or later"):
            find_chromium({"NODE": str(node), "PATH": str(tmp_path / "empty")}, local=tmp_path)

    def test_failed_download_is_told_and_leaves_nothing(self, tmp_path: Path) -> None:
        """What npm says is passed on, and the next run begins anew."""
        node = executable(tmp_path / "bin" / "node", "echo v20.20.2")
        executable(tmp_path / "bin" / "npm", "echo the registry is away >&2; exit 1")
        local = tmp_path / "local"

        with pytest.raises(NoBrowserError, match=r"npm ci .* failed: the registry is away; set"):
            find_chromium({"NODE": str(node), "PATH": str(node.parent)}, local=local)
        assert ["chromium.lock"] == [one.name for one in local.iterdir()]


class TestComplaints:
    async def test_errors_of_a_page_are_noted(self, page: Page, complaints: Complaints) -> None:
        """A console error, an exception and a request that fails each make a complaint."""
        for expected in ("console: oh", "uncaught: no", "request: GET http://127.0.0.1:9/"):
            complaints.expect(expected)
        complaints.expect("Failed to load resource")

        await page.goto("data:text/html,<p>hello")
        async with page.expect_event("pageerror"):
            await page.evaluate("setTimeout(() => { throw new Error('no') })")
        async with page.expect_event("requestfailed"):
            await page.evaluate("console.error('oh'); document.body.append(new Image())")
            await page.evaluate("new Image().src = 'http://127.0.0.1:9/x.png'")
        async with page.expect_event("console"):
            await page.evaluate("console.log('the complaints before this have all come')")

        assert [] == complaints.unforeseen()

    async def test_nothing_beyond_this_machine_is_reached(
        self, page: Page, complaints: Complaints
    ) -> None:
        """Any other host fails to resolve, whatever the network."""
        complaints.expect("ERR_NAME_NOT_RESOLVED")
        await page.goto("data:text/html,<p>hello")
        async with page.expect_event("requestfailed") as failed:
            await page.evaluate("new Image().src = 'http://elsewhere.example/x.png'")

        assert "net::ERR_NAME_NOT_RESOLVED" == (await failed.value).failure

    def test_what_was_expected_must_come(self) -> None:
        """An expectation nothing fulfils is a complaint itself, as is what nobody expected."""
        complaints = Complaints(made=["console: a"], expected=["b"])

        assert ["console: a", "expected, and never came: b"] == complaints.unforeseen()
