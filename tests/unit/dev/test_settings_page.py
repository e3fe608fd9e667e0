"""The page of settings is what the settings classes say."""

from __future__ import annotations

from dev.settings_page import PAGE, SERVICES, page


def test_the_page_is_up_to_date() -> None:
    """`make docs` would write what is there."""
    assert PAGE.read_text() == page()


def test_every_setting_is_described() -> None:
    """No variable stands on the page without a word on what it is."""
    bare = [
        f"{service}: {name}"
        for service, settings in SERVICES.items()
        for name, field in settings.model_fields.items()
        if not field.description
    ]

    assert [] == bare


def test_no_secret_has_a_default() -> None:
    """What is marked as secret is required or absent: nobody runs with a value from a page."""
    secrets = [line for line in page().splitlines() if "(secret)" in line]

    assert secrets
    assert all("none (secret)" in line or "**required** (secret)" in line for line in secrets)
    assert not any("`" in line.split("|")[-3] for line in secrets)
