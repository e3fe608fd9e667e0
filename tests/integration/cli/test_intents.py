"""An owner's intents: published, asked about, labelled, corrected; and models that cannot."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from switchboard.db import labels, rules
from tests.integration.cli.conftest import Switchboard
from tests.integration.cli.past import Past
from tests.support.builders import comment
from tests.support.examples import shop
from tests.support.ollama_server import EMBED_MODEL, MODEL, OllamaServer, serve_ollama

WRITTEN = [one.model_dump(mode="json") for one in shop("price", "size", "human")]
MISSED = "can I try it on before I pay for it"


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaServer]:
    """A small Ollama."""
    async with serve_ollama() as server:
        server.behave = None
        yield server


@pytest.fixture
def intents(tmp_path: Path) -> Path:
    """A file with three intents."""
    path = tmp_path / "intents.json"
    path.write_text(json.dumps(WRITTEN))
    return path


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A file with labelled texts that are no examples."""
    path = tmp_path / "history.tsv"
    rows = [
        (text, intent.name)
        for intent in shop("price", "size", "human", examples=20)
        for text in intent.examples[10:]
    ]
    rows += [(MISSED, "size")] * 3 + [("what a lovely cat", "none")]
    path.write_text("".join(f"{text}\t{label}\n" for text, label in rows))
    return path


async def test_published_intents_are_what_the_router_asks_about(
    past: Past, switchboard: Switchboard, intents: Path
) -> None:
    """All of the file and nothing else; `show` prints what `publish` reads."""
    ended = await switchboard("intents", "publish", intents, "--account", "shop")
    (loaded,) = await rules.load(past.db, [past.instagram_id])
    shown = json.loads((await switchboard("intents", "show", "--account", "shop")).out)

    assert (0, "3 intents with 30 examples are live.\n") == (ended.code, ended.out)
    assert ["human", "price", "size"] == [one.name for one in loaded.intents]
    assert sorted(WRITTEN, key=lambda one: str(one["name"])) == shown


async def test_what_is_wrong_is_not_published(
    past: Past, switchboard: Switchboard, tmp_path: Path
) -> None:
    """Each fault is told, and the account keeps what it has."""
    path = bad_file(tmp_path)
    (before,) = await rules.load(past.db, [past.instagram_id])
    ended = await switchboard("intents", "publish", path, "--account", "shop")
    (after,) = await rules.load(past.db, [past.instagram_id])

    assert 1 == ended.code
    assert "error: price: it has no examples" in ended.out
    assert "not published" in ended.err
    assert before.intents == after.intents


def bad_file(folder: Path) -> Path:
    """Return a file with an intent that has no examples."""
    path = folder / "bad.json"
    path.write_text(json.dumps([{"name": "price", "examples": []}]))
    return path


async def test_a_history_is_reported_on(
    past: Past, switchboard: Switchboard, intents: Path, history: Path
) -> None:
    """The same report as on a file; and what was missed is proposed, the most frequent first."""
    await switchboard("intents", "publish", intents, "--account", "shop")
    kept = await switchboard("intents", "learn", history, "--account", "shop")
    told = await switchboard("intents", "eval", "--account", "shop", "--json")
    suggested = await switchboard("intents", "suggest", "--account", "shop", "--json")

    assert "34 labelled texts are kept.\n" == kept.out
    report: dict[str, Any] = json.loads(told.out)
    assert (33, 1, 30) == (report["in_scope"], report["out_of_scope"], report["examples"])
    assert report["in_scope_accuracy"] > 0.7
    first = json.loads(suggested.out)[0]
    assert ("size", MISSED, 3) == (first["intent"], first["text"], first["speaks_for"])


async def test_confidence_is_corrected_from_then_on(
    past: Past, switchboard: Switchboard, intents: Path, history: Path
) -> None:
    """What the history says, and how sure one must be, travel with the next questions."""
    await switchboard("intents", "publish", intents, "--account", "shop")
    await switchboard("intents", "learn", history, "--account", "shop")
    ended = await switchboard("intents", "calibrate", "--account", "shop", "--threshold", "0.625")
    (loaded,) = await rules.load(past.db, [past.instagram_id])

    assert 0 == ended.code, ended.err
    assert 0.625 == loaded.asking.threshold
    assert loaded.asking.calibration is not None
    assert ("usem3+ngrams", 34) == (
        loaded.asking.calibration.measure,
        loaded.asking.calibration.labels,
    )


async def test_an_event_is_labelled(past: Past, switchboard: Switchboard, intents: Path) -> None:
    """By its id; said again, the last word counts; a name that does not exist is refused."""
    await switchboard("intents", "publish", intents, "--account", "shop")
    event = comment("how dear is it", account_id=past.instagram_id)
    await past.happen([event])
    event_id = event.event_id
    wrong = await switchboard("intents", "label", event_id, "colour")
    for intent in ("size", "price"):
        assert 0 == (await switchboard("intents", "label", event_id, intent)).code
    (kept,) = await labels.history(past.db, past.account)

    assert (2, True) == (wrong.code, "there is no intent 'colour'" in wrong.err)
    assert ("how dear is it", "price", event_id) == (kept.text, kept.intent, kept.event_id)
    assert kept.person_id is not None


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--model", "missing:7b"), "missing:7b: HTTP 404"),
        (("--ollama", "http://127.0.0.1:1", "--model", MODEL), "is it up"),
        (("--model", EMBED_MODEL), f"{EMBED_MODEL} has no 'completion', only embedding"),
        (("--embed-model", MODEL), f"{MODEL} has no 'embedding', only completion"),
    ],
)
async def test_a_model_that_cannot(
    switchboard: Switchboard,
    intents: Path,
    ollama: OllamaServer,
    arguments: tuple[str, ...],
    fault: str,
) -> None:
    """It is refused before anything depends on it."""
    ended = await switchboard("intents", "check", intents, "--ollama", ollama.url, *arguments)

    assert (2, True) == (ended.code, fault in ended.err), ended.err


async def test_all_tiers_are_evaluated(
    switchboard: Switchboard, history: Path, ollama: OllamaServer
) -> None:
    """With models each tier has its share, its accuracy and its time."""
    arguments = ("--ollama", ollama.url, "--model", MODEL, "--embed-model", EMBED_MODEL)
    ended = await switchboard("intents", "eval", history, *arguments, "--json")

    assert 0 == ended.code, ended.err
    tiers = {tier["by"]: tier for tier in json.loads(ended.out)["tiers"]}
    assert {"examples", "model"} >= set(tiers)
    assert "model" in tiers
    assert 1 == round(sum(tier["share"] for tier in tiers.values()), 6)
