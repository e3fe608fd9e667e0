"""The environment: read once, refused in plain words, and never shown."""

from __future__ import annotations

import pytest
from pydantic import Field, SecretStr

from switchboard.settings import (
    EXIT_BAD_SETTINGS,
    ConsumerSettings,
    DatabaseSettings,
    Environment,
    MetaSettings,
    QueueSettings,
    RedisSettings,
    SecretList,
    WorkerSettings,
    load,
)


class Everything(
    WorkerSettings,
    QueueSettings,
    ConsumerSettings,
    RedisSettings,
    DatabaseSettings,
    MetaSettings,
):
    """All subjects at once, with a list of secrets as ingress has one."""

    meta_app_secrets: SecretList = Field(description="Secrets.")


GOOD = {
    "REDIS_URL": "redis://:redis-hunter2@127.0.0.1:6379/0",
    "DATABASE_URL": "postgresql://pipeline:pg-hunter2@127.0.0.1:5432/postgres",
    "META_APP_SECRETS": "new-hunter2, old-hunter2",
    "SENTRY_DSN": "https://dsn-hunter2@sentry.example/1",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the environment but what is needed."""
    for name in Everything.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def refusal(capsys: pytest.CaptureFixture[str], settings: type[Environment]) -> list[str]:
    """Return the lines of a process that will not start."""
    with pytest.raises(SystemExit) as caught:
        load(settings)
    assert EXIT_BAD_SETTINGS == caught.value.code
    return capsys.readouterr().err.splitlines()


def test_good_settings_load() -> None:
    """Names are upper-case field names; lists are separated by commas."""
    loaded = load(Everything)

    assert ("new-hunter2", "old-hunter2") == tuple(
        secret.get_secret_value() for secret in loaded.meta_app_secrets
    )
    assert "/postgres" == loaded.database_url.path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "hunter2"),
        ("DEPLOY_ENV", "HUNTER2!"),
        ("METRICS_FLUSH_S", "hunter2"),
        ("HEALTH_PORT", "70123"),
        ("LOOP_LAG_LIMIT_S", "-70123"),
        ("AWS_ENDPOINT_URL", "hunter2 at nowhere"),
        ("AWS_ENDPOINT_URL", "ftp://hunter2.example"),
        ("QUEUE_PREFIX", "hunter2/x"),
        ("MAX_IN_FLIGHT", "-70123"),
        ("RECEIVERS", "hunter2"),
        ("DRAIN_S", "70123"),
        ("REDIS_URL", "http://user:hunter2@host"),
        ("REDIS_URL", "redis://user:hunter2@host:port"),
        ("DATABASE_URL", "postgres//user:hunter2@host"),
        ("DATABASE_URL", "mysql://user:hunter2@host/db"),
        ("DATABASE_POOL_SIZE", "70123"),
        ("META_GRAPH_URL", "hunter2"),
        ("META_API_VERSION", "hunter2"),
        ("META_APP_ID", "hunter2"),
        ("META_APP_SECRETS", " , "),
    ],
)
def test_a_fault_is_one_line_naming_the_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever starts it learns which variable to mend, and the value is never shown."""
    monkeypatch.setenv(name, value)

    (line,) = refusal(capsys, Everything)
    assert line.startswith(f"cannot start: {name}: ")
    assert [] == [shown for shown in ("hunter2", "HUNTER2", "70123") if shown in line]


def test_every_fault_has_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All at once, not one after each start."""
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.setenv("RECEIVERS", "many")
    monkeypatch.setenv("META_APP_ID", "mine")

    named = [line.split(": ")[1] for line in refusal(capsys, Everything)]
    assert ["META_APP_ID", "RECEIVERS", "REDIS_URL"] == sorted(named)


def test_a_missing_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What has no default must be given."""
    monkeypatch.delenv("DATABASE_URL")

    assert ["cannot start: DATABASE_URL: Field required"] == refusal(capsys, Everything)


def test_secrets_are_not_in_what_is_printed() -> None:
    """A log line or a traceback that shows the settings shows no secret."""
    loaded = load(Everything)

    assert "hunter2" not in repr(loaded)
    assert "hunter2" not in str(loaded)


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files and shells cannot always leave one out."""
    monkeypatch.setenv("SENTRY_DSN", "")
    monkeypatch.setenv("RECEIVERS", "")

    loaded = load(Everything)
    assert (None, 2) == (loaded.sentry_dsn, loaded.receivers)


def test_a_base_url_loses_its_last_slash_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are appended to it; a path of its own is kept."""
    monkeypatch.setenv("META_GRAPH_URL", "http://127.0.0.1:8002/graph/")

    assert "http://127.0.0.1:8002/graph" == load(Everything).meta_graph_url


def test_settings_do_not_change() -> None:
    """What was checked at the start stays true."""
    loaded = load(Everything)
    with pytest.raises(ValueError, match="frozen"):
        loaded.receivers = 7  # type: ignore[misc]  # mypy knows, too


def test_a_prefix_is_part_of_the_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names the variable as it is set, not the field."""

    class Prefixed(Environment):
        model_config = Environment.model_config | {"env_prefix": "OTHER_"}
        token: SecretStr

    monkeypatch.delenv("OTHER_TOKEN", raising=False)

    assert ["cannot start: OTHER_TOKEN: Field required"] == refusal(capsys, Prefixed)
