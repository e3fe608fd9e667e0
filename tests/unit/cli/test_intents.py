"""`switchboard intents eval` and `check` on files: they need neither a database nor a server."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from switchboard.cli.app import main
from tests.support.examples import samples, shop

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Our English texts of four intents, and what is out of scope."""
    path = tmp_path / "texts.csv"
    wanted = {"price", "size", "human", "location", None}
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["text", "label"])
        for one in samples("en"):
            if one.label in wanted:
                writer.writerow([one.text, one.label or "oos"])
    return path


def told(capsys: Capsys, *arguments: object) -> tuple[int, str, str]:
    """Run a command; return its code and what it said."""
    capsys.readouterr()
    code = main(["intents", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def as_json(capsys: Capsys, *arguments: object) -> Any:
    """Run a command; return the JSON it printed."""
    code, out, err = told(capsys, *arguments, "--json")
    assert 0 == code, err
    return json.loads(out)


def test_a_report(file: Path, tmp_path: Path, capsys: Capsys) -> None:
    """Accuracy, coverage at each threshold, recall, confusion, tiers, and a picture."""
    picture = tmp_path / "curve.svg"
    code, out, _ = told(capsys, "eval", file, "--examples", 10, "--plot", picture)

    assert 0 == code
    for words in ("4 intents, 40 examples; asked 48 texts in scope, 60 out of scope",
                  "accuracy in scope", "out-of-scope recall", "By threshold", "coverage →",
                  "By tier", "examples  100.0%"):  # fmt: skip
        assert words in out
    assert "{http://www.w3.org/2000/svg}svg" == ET.parse(picture).getroot().tag


def test_more_examples_help(file: Path, capsys: Capsys) -> None:
    """The same questions with three and with twenty examples, from one command."""
    few, many = as_json(capsys, "eval", file, "--curve", "3,20")

    assert (12, 80) == (few["examples"], many["examples"])
    assert few["in_scope"] == many["in_scope"]
    assert few["at_threshold"]["coverage"] < many["at_threshold"]["coverage"]


def test_meanings_help(file: Path, capsys: Capsys) -> None:
    """With the encoder more is recognised than by words alone."""
    by_words = as_json(capsys, "eval", file, "--examples", 5, "--no-encoder")
    by_meaning = as_json(capsys, "eval", file, "--examples", 5)

    assert by_words["in_scope_accuracy"] < by_meaning["in_scope_accuracy"]


def test_the_same_seed_gives_the_same_report(file: Path, capsys: Capsys) -> None:
    """But for the time it took."""
    first, second, other = (
        as_json(capsys, "eval", file, "--examples", 5, "--no-encoder", "--seed", seed)
        for seed in (1, 1, 2)
    )

    assert first["curve"] == second["curve"] != other["curve"]


def test_a_files_own_split(tmp_path: Path, capsys: Capsys) -> None:
    """Learnt from what it says, asked what it says; corrected by its validation rows if asked."""
    rows: dict[str, list[list[str]]] = {"train": [], "val": [], "test": [], "oos_test": []}
    for intent in shop("price", "size", examples=30):
        rows["train"] += [[text, intent.name] for text in intent.examples[:10]]
        rows["val"] += [[text, intent.name] for text in intent.examples[10:20]]
        rows["test"] += [[text, intent.name] for text in intent.examples[20:]]
    rows["oos_test"] = [["lovely picture", "oos"], ["good morning", "oos"]]
    path = tmp_path / "split.json"
    path.write_text(json.dumps(rows))
    plain = as_json(capsys, "eval", path)
    corrected = as_json(capsys, "eval", path, "--calibrate")

    assert (20, 20, 2) == (plain["examples"], plain["in_scope"], plain["out_of_scope"])
    assert plain["in_scope_accuracy"] == corrected["in_scope_accuracy"]
    assert plain["curve"] != corrected["curve"]


def test_two_files(file: Path, tmp_path: Path, capsys: Capsys) -> None:
    """One is learnt from, the other asked."""
    asked = tmp_path / "asked.tsv"
    asked.write_text("what is the price of it\tprice\nwhere is your shop\tlocation\n")
    found = as_json(capsys, "eval", asked, "--train", file)

    assert (2, 1.0) == (found["in_scope"], found["in_scope_accuracy"])


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("eval",), "give FILE or --account"),
        (("eval", "nowhere.csv"), "nowhere.csv: No such file"),
        (("eval", "FILE", "--curve", "3,x"), "--curve: give numbers"),
        (("eval", "FILE", "--model", "qwen2.5:3b"), "--ollama: give the address"),
        (("check",), "give FILE or --account"),
    ],
)
def test_what_cannot_be_done(
    file: Path, arguments: tuple[str, ...], fault: str, capsys: Capsys
) -> None:
    """One line says why."""
    code, _, err = told(capsys, *(file if one == "FILE" else one for one in arguments))

    assert 2 == code
    assert fault in err
    assert 1 == err.count("\n")


def test_intents_are_checked(tmp_path: Path, capsys: Capsys) -> None:
    """What would not work is told with its place, and 1 returned; what works is said to."""
    path = tmp_path / "intents.json"
    good = [one.model_dump(mode="json") for one in shop("price", "size")]
    path.write_text(json.dumps([*good, {"name": "price", "examples": []}]))
    code, out, _ = told(capsys, "check", path)

    assert 1 == code
    assert "error: price: it has no examples" in out
    assert "error: price: another intent has this name, too" in out

    path.write_text(json.dumps(good))
    assert (0, "They can be published.\n", "") == told(capsys, "check", path)
