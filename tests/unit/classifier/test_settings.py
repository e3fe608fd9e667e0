"""The classifier's environment."""

from __future__ import annotations

import pytest

from services.classifier.settings import Settings
from switchboard.settings import load


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_nothing_needs_to_be_set() -> None:
    """Without a model's address it runs by the intents' examples, without Redis by itself."""
    settings = load(Settings)

    assert (None, None) == (settings.ollama_host, settings.redis_url)


def test_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables' names are the fields'."""
    monkeypatch.setenv("OLLAMA_HOST", "http://ollama.internal:11434/")
    monkeypatch.setenv("CLASSIFIER_MODEL", "llama3.2:1b")
    monkeypatch.setenv("CLASSIFIER_CONCURRENCY", "9")
    settings = load(Settings)

    assert ("http://ollama.internal:11434", "llama3.2:1b", 9) == (
        settings.ollama_host,
        settings.classifier_model,
        settings.classifier_concurrency,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OLLAMA_HOST", "127.0.0.1:11434"),
        ("CLASSIFIER_CALL_BUDGET_S", "0"),
        ("CLASSIFIER_CALL_BUDGET_S", "61"),
        ("CLASSIFIER_CONCURRENCY", "0"),
        ("CLASSIFIER_BREAKER_FAILURES", "0"),
        ("CLASSIFIER_BREAKER_OPEN_S", "0"),
        ("CLASSIFIER_BELIEVED", "1.5"),
        ("CLASSIFIER_CACHE_S", "0"),
        ("REDIS_URL", "http://example.com"),
    ],
)
def test_what_cannot_be_right_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The process says which variable, and does not start."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load(Settings)

    assert capsys.readouterr().err.startswith(f"cannot start: {name}: ")


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ({"CLASSIFIER_BELIEVED": "0.9", "CLASSIFIER_CLEAR": "0.8"}, "what is clear must be"),
        ({"CLASSIFIER_EMBED_MODEL": "nomic-embed-text"}, "set OLLAMA_HOST"),
    ],
)
def test_what_does_not_go_together_is_refused(
    variables: dict[str, str],
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line says what to set."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load(Settings)

    assert fault in capsys.readouterr().err
