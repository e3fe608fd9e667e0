"""Labelled texts as anybody's file has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from switchboard.cli.failing import CannotDo
from switchboard.cli.labelled import read_samples
from switchboard.intents.samples import Sample

PLAIN = [Sample("how much", "price"), Sample("hello, you", None)]
SPLIT = [Sample("how much", "price", "train"), Sample("hello, you", None, "test")]


@pytest.mark.parametrize(
    ("name", "written", "samples"),
    [
        ("a.csv", 'text,label\nhow much,price\n"hello, you",oos\n', PLAIN),
        ("a.csv", '\ufeffText,Intent\r\nhow much,price\r\n"hello, you",OOS\r\n', PLAIN),
        ("a.csv", 'how much,price\n"hello, you",none\n', PLAIN),
        ("a.csv", 'category,query,split\nprice,how much,train\noos,"hello, you",test\n', SPLIT),
        ("a.tsv", "utterance\tintent\nhow much\tprice\nhello, you\t\n", PLAIN),
        ("a.txt", "how much\tprice\nhello, you\tood\n", PLAIN),
        ("a.jsonl", '{"utt": "how much", "intent": "price"}\n\n["hello, you", "oos"]\n', PLAIN),
        ("a.json", json.dumps([["how much", "price"], ["hello, you", "oos"]]), PLAIN),
        ("a.json", json.dumps({"train": [["how much", "price"]],
                               "oos_test": [["hello, you", "oos"]]}), SPLIT),
        ("a.json", json.dumps([{"text": "how much", "label": "price", "partition": "Training"},
                               {"text": "hello, you", "label": "oos", "partition": "test"}]),
         SPLIT),
        ("a.json", json.dumps([{"text": "how much", "label": 7}]), [Sample("how much", "7")]),
    ],
)  # fmt: skip
def test_what_can_be_read(tmp_path: Path, name: str, written: str, samples: list[Sample]) -> None:
    """Whatever the columns are called, in whatever order, with or without a header."""
    file = tmp_path / name
    file.write_bytes(written.encode())

    assert samples == read_samples(str(file))


def test_columns_and_labels_that_are_named(tmp_path: Path) -> None:
    """Who has other names says which they are."""
    file = tmp_path / "a.csv"
    file.write_text("words,wish,id\nhow much,price,1\nhello,chitchat,2\n")
    columns = {"text": "words", "label": "wish"}

    assert [Sample("how much", "price"), Sample("hello", None)] == read_samples(
        str(file),
        none=["chitchat"],
        columns=columns,  # type: ignore[arg-type]  # its keys are what they should be
    )


@pytest.mark.parametrize(
    ("name", "written", "fault"),
    [
        ("a.csv", "text,wish\nhow much,price\n", "which column is the label"),
        ("a.csv", "label,text\nprice\n", "entry 1 has no text"),
        ("a.csv", "", "no labelled texts"),
        ("a.json", '[{"text": "how much"}]', "entry 1 has no label"),
        ("a.jsonl", '{"text": "how much", "label": "price"}\n{oops\n', "line 2 is no JSON"),
        ("a.json", "[1, 2]", "is no text with a label"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, written: str, fault: str) -> None:
    """One line says what is wrong."""
    file = tmp_path / name
    file.write_text(written)
    with pytest.raises(CannotDo, match=fault):
        read_samples(str(file))


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    """So does the system's own word."""
    (tmp_path / "a.csv").write_bytes(b"text,label\n\xff\xfe,price\n")
    with pytest.raises(CannotDo, match="No such file"):
        read_samples(str(tmp_path / "b.csv"))
    with pytest.raises(CannotDo, match="not UTF-8"):
        read_samples(str(tmp_path / "a.csv"))
