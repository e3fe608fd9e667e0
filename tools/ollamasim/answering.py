"""
What its models answer: always the same to the same.

The chat model chooses, among the names that a JSON schema allows it, the one whose line in the
instructions shares most parts of words with the message; one that shares too little is "none". The
embedding model counts parts of words in buckets. Neither understands anything; both are enough to
see that the right things were asked.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

# Of the parts of a message, this share must be in a name's line.
_ENOUGH: Final = 0.35
_PART: Final = 3


def chosen(messages: list[Mapping[str, Any]], schema: Any) -> str:
    """Return the content of the answer: JSON where a schema asks for it, else a sentence."""
    said = _message(messages)
    if not isinstance(schema, dict):
        return f"You wrote {len(said)} characters." if schema != "json" else "{}"
    fields = schema.get("properties", {})
    return json.dumps({name: _value(of, said, messages) for name, of in fields.items()})


def vector(text: str, dimensions: int) -> list[float]:
    """Return a vector of length 1 for `text`; texts that share parts of words lie close."""
    counts = [0.0] * dimensions
    for part, times in Counter(_parts(text)).items():
        digest = hashlib.blake2b(part.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        number = int.from_bytes(digest)
        counts[number % dimensions] += times if number >> 63 else -times
    length = math.sqrt(sum(one * one for one in counts)) or 1.0
    return [round(one / length, 6) for one in counts]


def _value(schema: Mapping[str, Any], said: str, messages: list[Mapping[str, Any]]) -> Any:
    allowed = schema.get("enum")
    if not allowed:
        return ""
    lines = _lines(messages)
    wanted = set(_parts(said))
    shares = {
        name: len(wanted & set(_parts(lines.get(name, name)))) / max(1, len(wanted))
        for name in allowed
        if name != "none"
    }
    best = max(shares, key=lambda name: (shares[name], -allowed.index(name)), default=None)
    if best is None or ("none" in allowed and shares[best] < _ENOUGH):
        return "none"
    return best


def _message(messages: list[Mapping[str, Any]]) -> str:
    content = str(messages[-1].get("content", "")) if messages else ""
    try:
        read = json.loads(content)
    except ValueError:
        return content
    return read if isinstance(read, str) else content


def _lines(messages: list[Mapping[str, Any]]) -> Mapping[str, str]:
    """Return the instructions' JSON lines by the name in them."""
    found = {}
    for message in messages[:-1]:
        for line in str(message.get("content", "")).splitlines():
            try:
                read = json.loads(line)
            except ValueError:
                continue
            if isinstance(read, dict) and "name" in read:
                words = [read["name"], read.get("description", ""), *read.get("examples", ())]
                found[read["name"]] = " ".join(map(str, words))
    return found


def _parts(text: str) -> Iterator[str]:
    for word in text.casefold().split():
        edged = f" {word} "
        if len(edged) <= _PART:
            yield edged
        yield from (edged[at : at + _PART] for at in range(len(edged) - _PART + 1))
