"""What is wrong with an account's intents, said before they are published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from switchboard.contracts.questions import IntentOption
from switchboard.intents.choosing import NONE
from switchboard.intents.prompt import MAX_DESCRIPTION_CHARACTERS, MAX_INTENTS_CHARACTERS
from switchboard.intents.reading import MAX_READ_CHARACTERS, spoken

MAX_INTENTS: Final = 200
MAX_NAME_CHARACTERS: Final = 64
MAX_EXAMPLE_CHARACTERS: Final = MAX_READ_CHARACTERS  # no more of a text is ever read
MAX_EXAMPLES: Final = 200
# With fewer, little is recognised: docs/intents.md shows how much.
ENOUGH_EXAMPLES: Final = 5
# They travel with each question, which SQS allows 1 MiB; other things travel beside them.
MAX_BYTES: Final = 400_000


class Fault(NamedTuple):
    """One thing that is wrong, and where; a warning does not keep from publishing."""

    severity: Literal["error", "warning"]
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.path}: {self.message}"


def check(intents: Sequence[IntentOption]) -> list[Fault]:
    """Return what is wrong with `intents`, errors first, in the order they stand."""
    found = [*_about_all(intents), *_about_names(intents), *_about_examples(intents)]
    return sorted(found, key=lambda fault: fault.severity)


def _about_all(intents: Sequence[IntentOption]) -> Iterator[Fault]:
    if not intents:
        yield Fault("error", "intents", "there are none")
    if len(intents) > MAX_INTENTS:
        what = f"{len(intents)}; at most {MAX_INTENTS} can be told apart"
        yield Fault("error", "intents", what)
    size = sum(len(intent.model_dump_json().encode()) for intent in intents)
    if size > MAX_BYTES:
        yield Fault(
            "error", "intents", f"{size:,} bytes with their examples; at most {MAX_BYTES:,}"
        )
    names = sum(len(intent.name) + len('{"name": ""}\n') for intent in intents)
    if names > MAX_INTENTS_CHARACTERS:
        yield Fault("error", "intents", "their names alone are longer than a prompt may be")


def _about_names(intents: Sequence[IntentOption]) -> Iterator[Fault]:
    times = Counter(_compared(intent.name) for intent in intents)
    for intent in intents:
        path, name = intent.name, intent.name
        if len(name) > MAX_NAME_CHARACTERS:
            yield Fault("error", path[:20], f"a name has at most {MAX_NAME_CHARACTERS} characters")
        if not name.strip() or not name.isprintable():
            yield Fault("error", repr(path), "a name must be readable")
        if _compared(name) == NONE:
            yield Fault("error", path, f'"{NONE}" stands for texts that express no intent')
        if times[_compared(name)] > 1:
            yield Fault("error", path, "another intent has this name, too")
        if len(intent.description) > MAX_DESCRIPTION_CHARACTERS:
            what = f"a description has at most {MAX_DESCRIPTION_CHARACTERS} characters"
            yield Fault("error", f"{path}.description", what)


def _about_examples(intents: Sequence[IntentOption]) -> Iterator[Fault]:
    owners: dict[str, str] = {}
    for intent in intents:
        count = len(intent.examples)
        if not count:
            yield Fault("error", intent.name, "it has no examples, so nothing is recognised as it")
        elif count < ENOUGH_EXAMPLES:
            what = f"{count} examples; with {ENOUGH_EXAMPLES} or more it is recognised better"
            yield Fault("warning", intent.name, what)
        if count > MAX_EXAMPLES:
            yield Fault("error", intent.name, f"{count} examples; at most {MAX_EXAMPLES}")
        for place, example in enumerate(intent.examples):
            path = f"{intent.name}.examples.{place}"
            if len(example) > MAX_EXAMPLE_CHARACTERS:
                what = f"{len(example)} characters; an example has at most {MAX_EXAMPLE_CHARACTERS}"
                yield Fault("error", path, what)
            said = spoken(example)
            if not said:
                yield Fault("error", path, "nothing is said in it")
                continue
            owner = owners.setdefault(said, intent.name)
            if owner != intent.name:
                yield Fault("error", path, f"it is an example of {owner!r}, too")


def _compared(name: str) -> str:
    return name.strip().casefold()
