"""What ingress needs from its environment."""

from __future__ import annotations

import pytest

from services.ingress.settings import Settings
from switchboard.settings import load

NEEDED = {
    "META_APP_SECRETS": "instagram-app-secret, meta-app-secret",
    "META_VERIFY_TOKEN": "typed-into-the-dashboard",
    "LINK_SECRETS": "0123456789abcdef",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with what is needed and nothing else."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_what_is_needed_is_enough(environment: pytest.MonkeyPatch) -> None:
    """Secrets are split at their commas, the rest has defaults, and no secret is printed."""
    settings = load(Settings)

    assert ["instagram-app-secret", "meta-app-secret"] == [
        secret.get_secret_value() for secret in settings.meta_app_secrets
    ]
    assert (8001, "127.0.0.1") == (settings.ingress_port, settings.ingress_host)
    assert "secret" not in repr(settings.meta_app_secrets)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("META_APP_SECRETS", "", "META_APP_SECRETS: Field required"),
        ("META_APP_SECRETS", " , ", "META_APP_SECRETS:"),
        ("META_VERIFY_TOKEN", "", "META_VERIFY_TOKEN: Field required"),
        ("LINK_SECRETS", "0123456789abcdef,short", "LINK_SECRETS: Value error, each secret must"),
        ("INGRESS_PORT", "70000", "INGRESS_PORT:"),
        ("INGRESS_MAX_BODY_BYTES", "0", "INGRESS_MAX_BODY_BYTES:"),
        ("INGRESS_PUBLISH_BUDGET_S", "4", "INGRESS_READ_BUDGET_S + INGRESS_PUBLISH_BUDGET_S must"),
    ],
)
def test_what_cannot_be_right_stops_it(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    said: str,
) -> None:
    """A fault ends the process with one line that names the variable, and shows no value."""
    environment.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        load(Settings)

    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert said in told
    assert "short" not in told.replace("cannot start", "")
