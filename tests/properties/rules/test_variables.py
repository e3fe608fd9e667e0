"""What holds of variables in any text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switchboard.rules.variables import fault, longest, render, variables

PIECES = st.sampled_from(
    ["{{name}}", "{{ name | you }}", "{{email|}}", "{{", "}}", "{", "}", "|", "name", " ", "é", "𝗟"]
)
TEXT = st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join)
VALUES = st.fixed_dictionaries(
    {}, optional={"name": st.none() | st.text(max_size=80), "email": st.text(max_size=80)}
)


@given(TEXT, VALUES)
def test_what_is_said_is_never_longer_than_was_promised(
    text: str, values: dict[str, str | None]
) -> None:
    """Whatever is known of a person, the text fits where `longest` says that it does."""
    # As in a contract, where UTF-8 has been read already.
    said = render(text.encode(errors="ignore").decode(), values)
    characters, size_bytes = longest(text.encode(errors="ignore").decode())

    assert len(said) <= characters
    assert len(said.encode(errors="ignore")) <= size_bytes


@given(TEXT)
def test_a_text_without_faults_leaves_no_braces(text: str) -> None:
    """Where nothing is wrong, nobody is shown the owner's braces."""
    if fault(text) is None:
        said = render(text, {})

        assert "{{" not in said
        assert "}}" not in said


@given(TEXT, VALUES)
def test_only_variables_are_replaced(text: str, values: dict[str, str | None]) -> None:
    """What stands between the variables is there as it was, in its order."""
    said, read = render(text, values), 0
    end = 0
    for variable in variables(text):
        between = text[end : variable.start]
        read = said.index(between, read) + len(between)
        end = variable.end

    assert said.endswith(text[end:])


@given(TEXT)
def test_the_same_text_is_rendered_the_same(text: str) -> None:
    """What has no variables is not touched, however often it is rendered."""
    if not variables(text):
        assert text == render(text, {"name": "Ana"})
