"""What control refuses to start with."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.control.settings import Settings

GIVEN: dict[str, Any] = {
    "database_url": "postgresql://switchboard_api:x@127.0.0.1:5/postgres",
    "redis_url": "redis://127.0.0.1:6/0",
    "supabase_url": "https://ref.supabase.co/",
}


def test_a_project_by_its_address_alone() -> None:
    """Who issues tokens and where keys are follows from it."""
    settings = Settings(**GIVEN)

    assert "https://ref.supabase.co/auth/v1" == settings.token_issuer == settings.auth_url
    assert () == settings.control_origins


def test_origins_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several are separated by commas."""
    monkeypatch.setenv("CONTROL_ORIGINS", "https://a.example, http://127.0.0.1:5173")

    assert ("https://a.example", "http://127.0.0.1:5173") == Settings(**GIVEN).control_origins


@pytest.mark.parametrize(
    "wrong",
    [
        {"control_origins": ("*",)},
        {"control_origins": ("https://a.example/",)},
        {"control_origins": ("a.example",)},
        {"supabase_jwt_secret": "short"},
        {"supabase_url": "http://ref.supabase.co", "deploy_env": "production"},
        {"control_calls_burst": 0},
    ],
)
def test_what_cannot_be_right(wrong: dict[str, Any]) -> None:
    """Any origin, a secret that can be guessed, keys by plain http: refused, and never shown."""
    with pytest.raises(ValidationError) as refused:
        Settings(**GIVEN | wrong)

    assert "short" not in str(refused.value)
