"""Keys come from one place, and what is wrong with it is said without showing them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pydantic import ValidationError

from switchboard.settings import VaultSettings

KEY = base64.b64encode(bytes(range(32))).decode()


def test_from_a_file(tmp_path: Path) -> None:
    """A key in each line, the sealing one first; empty lines are nothing."""
    file = tmp_path / "keys"
    file.write_text(f"new:{KEY}\n\nold:{KEY}\n")

    assert ["new", "old"] == list(VaultSettings(token_keys_file=file).vault_keys())


@pytest.mark.parametrize(
    ("written", "said"),
    [(None, "it cannot be read"), ("", "there is no key in it"), (KEY, "must be id:base64")],
)
def test_a_file_without_keys(tmp_path: Path, written: str | None, said: str) -> None:
    """A process does not start with it, and no key is shown."""
    file = tmp_path / "keys"
    if written is not None:
        file.write_text(written)

    with pytest.raises(ValidationError) as caught:
        VaultSettings(token_keys_file=file)

    assert said in str(caught.value)
    assert KEY not in str(caught.value)


def test_from_two_places(tmp_path: Path) -> None:
    """Which one counts would be a guess."""
    file = tmp_path / "keys"
    file.write_text(f"new:{KEY}\n")

    with pytest.raises(ValidationError, match="one of TOKEN_KEYS"):
        VaultSettings(token_keys_file=file, token_keys=f"old:{KEY}")
