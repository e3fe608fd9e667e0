"""Settings that cannot be right stop the sender."""

from __future__ import annotations

import base64

import pytest

from services.sender.settings import Settings
from switchboard.settings import load

KEY = base64.b64encode(bytes(range(32))).decode()
GOOD = {
    "DATABASE_URL": "postgresql://switchboard_pipeline:word@127.0.0.1:5432/switchboard",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "TOKEN_KEYS": f"a:{KEY}",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def refused(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the process says when it will not start."""
    with pytest.raises(SystemExit) as caught:
        load(Settings)
    assert 2 == caught.value.code
    return capsys.readouterr().err


def test_defaults_fit_together() -> None:
    """Only addresses and keys must be given."""
    settings = load(Settings)

    assert {"a": bytes(range(32))} == settings.vault_keys()
    assert settings.public_url is None
    assert (120, 60, 3600) == tuple(
        moment.total_seconds()
        for moment in (
            settings.patience().settle,
            settings.patience().again,
            settings.patience().give_up,
        )
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SENDER_LEASE_S", "20", "more than twice SENDER_CALL_BUDGET_S"),
        ("SENDER_CALL_BUDGET_S", "30", "more than twice SENDER_CALL_BUDGET_S"),
        ("SENDER_LEASE_S", "120", "visibility timeout"),
        ("SENDER_PACER_S", "0", "SENDER_PACER_S"),
        ("SENDER_RECONCILE_SKEW_S", "0.5", "SENDER_RECONCILE_SKEW_S"),
        ("SENDER_RECONCILE_SETTLE_S", "9", "at least SENDER_RECONCILE_SKEW_S"),
        ("SENDER_RECONCILE_GIVE_UP_S", "239", "at least SENDER_RECONCILE_SETTLE_S"),
        ("SENDER_RECONCILE_AGAIN_S", "1741", "at least SENDER_RECONCILE_SETTLE_S"),
        ("SENDER_RECONCILE_ATTEMPTS", "0", "SENDER_RECONCILE_ATTEMPTS"),
        ("PUBLIC_URL", "https://go.example", "LINK_SECRETS"),
        ("PUBLIC_URL", "go.example", "PUBLIC_URL"),
        ("TOKEN_KEYS", "", "TOKEN_KEYS"),
        ("TOKEN_KEYS", KEY, "id:base64"),
        ("TOKEN_KEYS", "a:%%%", "'a' is not base64"),
        ("TOKEN_KEYS", f"a:{KEY},b:AAAA", "'b' has 3 bytes"),
        ("META_GRAPH_URL", "nowhere", "META_GRAPH_URL"),
    ],
)
def test_what_cannot_be_right_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    says: str,
) -> None:
    """One line names what is wrong, and shows no value."""
    monkeypatch.setenv(name, value)

    told = refused(capsys)

    assert says in told
    assert KEY not in told


def test_keys_and_secrets_are_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is rotated out both are accepted, the first one used."""
    monkeypatch.setenv("TOKEN_KEYS", f"new:{KEY}, old:{KEY}")
    monkeypatch.setenv("PUBLIC_URL", "https://go.example/")
    monkeypatch.setenv("LINK_SECRETS", f"{'n' * 40}, {'o' * 40}")
    settings = load(Settings)

    assert ["new", "old"] == list(settings.vault_keys())
    assert "https://go.example" == settings.public_url
    assert settings.link_secrets is not None
    assert ["n" * 40, "o" * 40] == [s.get_secret_value() for s in settings.link_secrets]


def test_private_addresses_are_for_development(monkeypatch: pytest.MonkeyPatch) -> None:
    """Owners' webhooks reach no machine of ours unless somebody says so."""
    assert load(Settings).webhooks_allow_private is False

    monkeypatch.setenv("WEBHOOKS_ALLOW_PRIVATE", "true")
    assert load(Settings).webhooks_allow_private is True
