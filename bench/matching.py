"""
One text against all of an account's keywords: the index beside a loop over the keywords.

The loop is what the matcher was before it had an index: each keyword is looked for in turn.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable, Sequence

from bench.report import Figure, show
from switchboard.rules.campaigns import MAX_FUZZY_KEYWORDS, MAX_PATTERNS, Keywords
from switchboard.rules.matching import KeywordIndex, Proof
from switchboard.rules.text import is_word_edge, normalise

SIZES = (10, 1_000, 100_000)
KEYWORDS_EACH = 20  # of a campaign
TEXTS = 200
WORDS_A_TEXT = 12
LETTERS = "aeiouklmnprst\u0431\u0432\u0433\u0434\u0436\u043a\u043b\u043c\u043d"  # two scripts
MEASURED_S = 0.5


def main() -> None:
    """Measure literal keywords in three sizes, then fuzzy ones and patterns."""
    drawn = random.Random(20261123)
    texts = [normalise(sentence(drawn)) for _ in range(TEXTS)]
    raw = [sentence(drawn) for _ in range(TEXTS)]
    figures = [Figure("normalising alone", micros(normalise, raw), "us a text")]
    show("matching: what comes before", figures)
    for size in SIZES:
        show(f"matching: {size:,} keywords, whole words", _literal(drawn, texts, size))
    for how, each, sizes in (
        ("fuzzy", MAX_FUZZY_KEYWORDS, (10, 1_000, 20_000)),
        ("regex", MAX_PATTERNS, (10, 200)),
    ):
        show(f"matching: {how}", [_other(drawn, texts, how, each, size) for size in sizes])


def sentence(drawn: random.Random) -> str:
    """Return words that nobody asked for, of about the length of a comment."""
    return " ".join(word(drawn) for _ in range(WORDS_A_TEXT))


def word(drawn: random.Random) -> str:
    """Return 4 to 10 letters."""
    return "".join(drawn.choice(LETTERS) for _ in range(drawn.randint(4, 10)))


def micros(read: Callable[[str], object], texts: Sequence[str]) -> float:
    """Return the microseconds of CPU that `read` takes for a text, on average."""
    done, began = 0, time.process_time()
    while time.process_time() - began < MEASURED_S:
        read(texts[done % len(texts)])
        done += 1
    return (time.process_time() - began) / done * 1e6


def _literal(drawn: random.Random, texts: Sequence[str], size: int) -> list[Figure]:
    """Return the loop's figure and the index's; both must find the same."""
    keywords = [word(drawn) for _ in range(size)]
    # One text in ten says a keyword, as a busy post's comments do.
    texts = [t + " " + drawn.choice(keywords) if i % 10 == 0 else t for i, t in enumerate(texts)]
    index = _index(keywords, "whole_word", KEYWORDS_EACH)
    ready = [normalise(keyword) for keyword in keywords]

    def loop(text: str) -> bool:
        return any(_is_there(text, keyword) for keyword in ready)

    def one_pass(text: str) -> bool:
        return any(isinstance(found, Proof) for found in index.find(text).values())

    if [loop(text) for text in texts[:20]] != [one_pass(text) for text in texts[:20]]:
        raise RuntimeError("the index and the loop disagree")
    return [
        Figure("a loop over the keywords", micros(loop, texts), "us a text"),
        Figure("the index", micros(one_pass, texts), "us a text"),
    ]


def _is_there(text: str, keyword: str) -> bool:
    start = text.find(keyword)
    while start >= 0:
        if is_word_edge(text, start) and is_word_edge(text, start + len(keyword)):
            return True
        start = text.find(keyword, start + 1)
    return False


def _other(drawn: random.Random, texts: Sequence[str], how: str, each: int, size: int) -> Figure:
    words = [word(drawn) for _ in range(size)]
    keywords = [rf"\b{w[:3]}+.?{w[3:]}\b" for w in words] if how == "regex" else words
    tracemalloc.start()
    index = _index(keywords, how, each)
    held_mib = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    return Figure(f"{size:,} ({held_mib:.1f} MiB)", micros(index.find, texts), "us a text")


def _index(keywords: Sequence[str], how: str, each: int) -> KeywordIndex:
    campaigns = [keywords[start : start + each] for start in range(0, len(keywords), each)]
    return KeywordIndex(
        [Keywords.model_validate({"include": tuple(some), "how": how}) for some in campaigns]
    )


if __name__ == "__main__":
    main()
