"""Splitting scripts into statements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.db.statements import Statement, split


@pytest.mark.parametrize(
    "whole",
    [
        "select ';'",
        "select 'it''s; fine'",
        r"select e'it\'s; fine'",
        'select 1 as "a;b"',
        "select $$ ; $$",
        "select $body$ ; $$ ; $body$",
        "select 1 -- ; no\n + 1",
        "select 1 /* ; no */ + 1",
        "create function f() returns int language plpgsql as $$\nbegin\n  return 1;\nend\n$$",
    ],
)
def test_semicolons_that_end_nothing(whole: str) -> None:
    """A semicolon inside a quote or a comment ends no statement."""
    assert [Statement(whole, 1), Statement("select 2", whole.count("\n") + 1)] == split(
        f"{whole}; select 2"
    )


def test_lines() -> None:
    """A statement begins at its first word, and a place in it is a line of the script."""
    first, second = split("-- what\n\nselect 1;\n/* and\n then */\nselect\n  2\n;\n-- the end\n")

    assert (Statement("select 1", 3), Statement("select\n  2", 6)) == (first, second)
    assert (6, 7) == (second.line_at(1), second.line_at(10))


@pytest.mark.parametrize("script", ["", " \n", ";;", "-- nothing", "/* ; */ ; -- ;"])
def test_nothing_to_do(script: str) -> None:
    """What is only comment is no statement."""
    assert [] == split(script)


@given(st.text(alphabet="ab;'\"$- \n/*e", max_size=40))
def test_nothing_is_lost(script: str) -> None:
    """However odd a script is, each statement is found on its line, in order."""
    lines = script.split("\n")
    for statement in split(script):
        assert statement.text.split("\n")[0] in lines[statement.line - 1]
