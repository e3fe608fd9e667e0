"""Where one SQL statement ends and the next begins."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a script, and the line of it on which the statement begins (from 1)."""

    text: str
    line: int

    def line_at(self, position: int) -> int:
        """Return the script's line of the statement's character `position` (from 1)."""
        return self.line + self.text.count("\n", 0, position - 1)


def split(script: str) -> list[Statement]:
    """
    Return the statements of `script`, without their semicolons and without what is only comment.

    Knows quotes, dollar quotes, comments and nothing else: a function body must be quoted, not
    written between BEGIN ATOMIC and END.
    """
    statements, begin = [], 0
    for token in _TOKENS.finditer(script):
        if token.group() == ";":
            statements.append(_statement(script, begin, token.start()))
            begin = token.end()
    statements.append(_statement(script, begin, len(script)))
    return [statement for statement in statements if statement.text]


def _statement(script: str, begin: int, end: int) -> Statement:
    """Return what stands between two semicolons, from its first word on."""
    blank = _BLANK.match(script, begin, end)
    begin = blank.end() if blank else begin
    return Statement(script[begin:end].rstrip(), script.count("\n", 0, begin) + 1)


_BLANK = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
_TOKENS = re.compile(
    r"""
      --[^\n]*                             # a comment to the end of the line
    | /\*.*?\*/                            # a comment
    | \b[eE]'(?:[^'\\]|\\.|'')*'           # a string with escapes
    | '(?:[^']|'')*'                       # a string
    | "(?:[^"]|"")*"                       # a name
    | (?<![\w$])(\$(?:[A-Za-z_]\w*)?\$).*?\1  # a dollar quote, to its own end
    | ;
    """,
    re.DOTALL | re.VERBOSE,
)
