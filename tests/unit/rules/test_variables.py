"""Variables in what a campaign says."""

from __future__ import annotations

import pytest

from switchboard.rules.variables import KNOWN, PUBLIC, fault, longest, render, unknown, variables


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("Hi {{first_name}}!", {"first_name": "Ana"}, "Hi Ana!"),
        ("Hi {{ first_name }}!", {"first_name": " Ana "}, "Hi Ana!"),
        ("Hi {{first_name|there}}!", {}, "Hi there!"),
        ("Hi {{first_name|there}}!", {"first_name": None}, "Hi there!"),
        ("Hi {{first_name|there}}!", {"first_name": "  "}, "Hi there!"),
        ("Hi {{first_name}}!", {}, "Hi !"),
        ("{{name|dear friend}}, {{name}}", {"name": "李雷"}, "李雷, 李雷"),
        ("{{name|a|b}}", {}, "a|b"),
        ("{name} {{ }} {{Name}}", {"name": "Ana"}, "{name} {{ }} {{Name}}"),
    ],
)
def test_a_variable_is_its_value_its_fallback_or_nothing(
    text: str, values: dict[str, str | None], expected: str
) -> None:
    """What is known stands in its place, else the fallback, else nothing; no other text changes."""
    assert expected == render(text, values)


@pytest.mark.parametrize("value", ["x" * 61, "two\nlines", "bell\a", "\u202eanA", "a\u2028b"])
def test_a_value_that_would_spoil_the_sentence_is_not_used(value: str) -> None:
    """What is too long, of several lines, or turns the text around gives way to the fallback."""
    assert "Hi there" == render("Hi {{name|there}}", {"name": value})


def test_a_value_is_never_read_again() -> None:
    """A person whose name looks like a variable gets no other person's data."""
    assert "Hi {{email}}" == render("Hi {{name}}", {"name": "{{email}}", "email": "a@example.com"})


def test_where_variables_are() -> None:
    """Their places, names and fallbacks are told in order."""
    text = "Hi {{name|you}}, {{keyword}}"
    found = variables(text)

    assert [("name", "you"), ("keyword", "")] == [(one.name, one.fallback) for one in found]
    assert ["{{name|you}}", "{{keyword}}"] == [text[one.start : one.end] for one in found]


@pytest.mark.parametrize(
    ("text", "stray"),
    [
        ("Hi {{first name}}", "{{"),
        ("Hi {{first_name", "{{"),
        ("Hi first_name}}", "}}"),
        ("Hi {{Name}}", "{{"),
        ("Hi {{name|{x}}}", "{{"),
        ("{{name}} {{}}", "{{"),
    ],
)
def test_braces_that_are_no_variable_are_a_fault(text: str, stray: str) -> None:
    """An owner's slip is pointed out before a person reads it."""
    assert repr(stray) in str(fault(text))


@pytest.mark.parametrize("text", ["", "plain", "{one} brace", "{{name}}", "{{ name | you }} {x}"])
def test_what_is_written_well_has_no_fault(text: str) -> None:
    """Variables, and single braces, are as they should be."""
    assert fault(text) is None


def test_unknown_names_are_told_once_and_in_order() -> None:
    """Each name that nothing is known by, sorted."""
    text = "{{size}} {{colour}} {{name}} {{size|M}}"

    assert ["colour", "size"] == unknown(text, KNOWN)
    assert ["colour", "name", "size"] == unknown(text, PUBLIC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", (3, 3)),
        ("žé", (2, 4)),
        ("Hi {{name}}", (3 + 60, 3 + 240)),
        ("{{name|" + "x" * 300 + "}}", (300, 300)),
        ("{{name|" + "x" * 100 + "}}", (100, 240)),
    ],
)
def test_how_long_a_text_can_become(text: str, expected: tuple[int, int]) -> None:
    """Each variable counts as the longest value, 60 characters of 4 bytes, or its fallback."""
    assert expected == longest(text)
