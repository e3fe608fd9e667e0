"""What each process is given: its own port, the servers in use, and Instagram or its stand-in."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from dev.surroundings import Backing, Surroundings, read_surroundings
from services.classifier.settings import Settings as ClassifierSettings
from services.control.caretaker.settings import CaretakerSettings
from services.control.settings import Settings as ControlSettings
from services.ingress.settings import Settings as IngressSettings
from services.router.settings import Settings as RouterSettings
from services.sender.settings import Settings as SenderSettings
from switchboard.settings import Environment
from switchboard.topology import CLASSIFIER, CONTROL, INGRESS, ROUTER, SENDER, Service
from tools.metasim.settings import Settings as MetasimSettings

BACKING = Backing(
    owner_url="postgresql://postgres:o@127.0.0.1:5/postgres",
    pipeline_url="postgresql://switchboard_pipeline:p@127.0.0.1:5/postgres",
    api_url="postgresql://switchboard_api:a@127.0.0.1:5/postgres",
    caretaker_url="postgresql://switchboard_caretaker:c@127.0.0.1:5/postgres",
    redis_url="redis://:r@127.0.0.1:6/0",
    aws_endpoint_url="http://127.0.0.1:7",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where this test's checkout keeps things."""
    return tmp_path


def surroundings(folder: Path, **environ: str) -> Surroundings:
    """Return the surroundings of `make run` with `environ`."""
    return read_surroundings({"LOCAL_DIR": str(folder), **environ}, keeps=True)


@pytest.mark.parametrize(
    ("service", "settings"),
    [
        (INGRESS, IngressSettings),
        (ROUTER, RouterSettings),
        (CLASSIFIER, ClassifierSettings),
        (SENDER, SenderSettings),
        (CONTROL, ControlSettings),
        (CONTROL, CaretakerSettings),
    ],
)
def test_a_service_accepts_its_environment(
    service: Service, settings: type[Environment], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that a service requires is missing or refused."""
    for name, value in surroundings(folder).of_service(service, BACKING).items():
        monkeypatch.setenv(name, value)

    assert settings().model_fields_set


def test_the_simulator_accepts_its_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It signs with the secret that ingress accepts, and delivers to ingress."""
    around = surroundings(folder)
    for name, value in around.of_metasim().items():
        monkeypatch.setenv(name, value)

    settings = MetasimSettings()
    accepted = around.of_service(INGRESS, BACKING)["META_APP_SECRETS"]
    assert accepted == settings.app_secret.get_secret_value()
    assert f"{around.ingress_url}/webhooks/instagram" == str(settings.webhook_url)


def test_services_log_in_as_the_pipeline(folder: Path) -> None:
    """No service is given the role that owns the schema."""
    given = surroundings(folder).of_service(SENDER, BACKING)

    assert BACKING.pipeline_url == given["DATABASE_URL"]
    assert BACKING.owner_url not in given.values()


def test_each_worker_has_its_health_port(folder: Path) -> None:
    """The port a person chose for one service is that service's alone."""
    around = surroundings(folder, ROUTER_HEALTH_PORT="9999")

    assert "9999" == around.of_service(ROUTER, BACKING)["HEALTH_PORT"]
    assert str(SENDER.port) == around.of_service(SENDER, BACKING)["HEALTH_PORT"]


def test_what_is_not_ours_is_passed_on(folder: Path) -> None:
    """A model's address, given to us, reaches the classifier."""
    given = surroundings(folder, OLLAMA_HOST="http://model:1").of_service(CLASSIFIER, BACKING)

    assert "http://model:1" == given["OLLAMA_HOST"]


def test_where_exports_are_kept(folder: Path) -> None:
    """In a bucket of our own server, where the person who runs it says, or nowhere."""
    ours = replace(BACKING, s3_endpoint_url="http://127.0.0.1:7")
    given = surroundings(folder, EXPORTS_URL="/var/exports").of_service(CONTROL, ours)

    assert (
        "s3://switchboard-local/exports"
        == (surroundings(folder).of_service(CONTROL, ours)["EXPORTS_URL"])
    )
    assert "/var/exports" == given["EXPORTS_URL"]
    assert "EXPORTS_URL" not in surroundings(folder).of_service(CONTROL, BACKING)


def test_a_stand_in_replaces_the_simulator(folder: Path) -> None:
    """One address of Instagram's given: all three lead there, with what else was given."""
    around = surroundings(folder, META_GRAPH_URL="http://meta:1", META_APP_SECRETS="s")
    given = around.of_service(SENDER, BACKING)

    assert not around.is_simulated
    assert {"http://meta:1"} == {
        given[name] for name in ("META_GRAPH_URL", "META_API_URL", "META_WWW_URL")
    }
    assert "s" == given["META_APP_SECRETS"]


def test_keys_are_kept(folder: Path) -> None:
    """The next run opens what this one sealed; nobody else can read the keys."""
    first, second = surroundings(folder).keys, surroundings(folder).keys

    assert first == second
    assert 0o600 == (folder / "keys.json").stat().st_mode & 0o777


def test_every_checkout_has_keys_of_its_own(tmp_path: Path) -> None:
    """A key found in one place opens nothing in another."""
    one, other = surroundings(tmp_path / "one").keys, surroundings(tmp_path / "other").keys

    assert one.token_key != other.token_key
    assert one.app_secret != other.app_secret


def test_credentials_are_lent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has them while the stack runs; what it had, or had not, comes back."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)

    with surroundings(folder).as_own_credentials():
        lent = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]

    assert ("local", "local") == lent
    assert "mine" == os.environ["AWS_ACCESS_KEY_ID"]
    assert "AWS_SECRET_ACCESS_KEY" not in os.environ
