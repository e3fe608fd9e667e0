"""What counts as an answer to a question of a campaign's."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard.rules.asking import read_answer
from switchboard.rules.campaigns import Ask


def ask(what: str, **fields: Any) -> Ask:
    """Return a step that asks for `what`."""
    named = {"field": "colour"} if what == "text" else {}
    return Ask.model_validate(
        {"what": what, "variants": [{"text": "Tell me"}], "retry": ["Again?"]} | named | fields
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ana@example.com", "ana@example.com"),
        ("my mail is Ana@Example.com, thanks", "Ana@example.com"),
        ("It's (ana@example.com).", "ana@example.com"),
        ("mailto:ana@example.com!", "ana@example.com"),
        ("'ana@example.com'", "ana@example.com"),
        ("*ana@example.com*", "ana@example.com"),
        ("👉ana@example.com👈", "ana@example.com"),
        ("o'brien+shop@mail.example.co.uk", "o'brien+shop@mail.example.co.uk"),
        ("ａｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ana@example.com"),
        ("ana\u200b@example.com", "ana@example.com"),
        ("我的邮箱是ana@example.com谢谢", "ana@example.com"),
        ("メールはana@example.comです", "ana@example.com"),
        ("ana@example.com입니다", "ana@example.com"),
        ("อีเมลana@example.comค่ะ", "ana@example.com"),
        ("info@müller.de", "info@müller.de"),
        ("a@b or rather ana@example.com", "ana@example.com"),
        ("ana@example.com, or eva@example.org", "ana@example.com"),
    ],
)
def test_an_address_is_found(text: str, address: str) -> None:
    """The first valid address is the answer, whatever is written around it."""
    assert address == read_answer(ask("email"), text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "no", "ana", "@ana", "ana@", "ana@example", "ana @ example.com", "ana@example,com"),
        *("ana at example dot com", "ana@@example.com", "ana..b@example.com", "ana@-example.com"),
        *("jürgen@example.com", "ana@localhost", "ana@shop.local", "ana@127.0.0.1"),
        "@" * 1000,
        "a" * 5000,
    ],
)
def test_no_address_is_made_up(text: str) -> None:
    """What is no address is asked for again, and never cut down to one."""
    assert read_answer(ask("email"), text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+4930123456", "+4930123456"),
        ("+49 (0)30 123456", "+4930123456"),
        ("0049 30 123456", "+4930123456"),
        ("00 49 30 123456", "+4930123456"),
        ("call me at +1 (415) 555-2671, please", "+14155552671"),
        ("tel:+34 612.34.56.78", "+34612345678"),
        ("\u202a+34\xa0612\xa034\xa056\xa078\u202c", "+34612345678"),
        ("＋８１ ９０ １２３４ ５６７８", "+819012345678"),
        ("+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧", "+966501234567"),
        ("٠٠٩٦٦٥٠١٢٣٤٥٦٧", "+966501234567"),
        ("+۹۸ ۹۱۲ ۳۴۵ ۶۷۸۹", "+989123456789"),
        ("电话+8613812345678谢谢", "+8613812345678"),
        ("+34 612345678 or +34 612345679", "+34612345678"),
        ("not +1 555, but +34 612345678", "+34612345678"),
    ],
)
def test_a_number_is_found(text: str, number: str) -> None:
    """The first valid international number is the answer, in E.164."""
    assert number == read_answer(ask("phone"), text)


@pytest.mark.parametrize(
    "text",
    ["", "later", "030 123456", "612345678", "+1 555 123", "+999 123456789", "order 00123456", "+"],
)
def test_no_number_is_made_up(text: str) -> None:
    """Without its country, or where no such number can be, it is asked for again."""
    assert read_answer(ask("phone"), text) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("  dark\n\n red\t", "dark red"),
        ("re\x00d\x1b", "red"),
        ("dark \x08 red", "dark red"),
        ("re\ud800d", "red"),
        ("cafe\u0301", "café"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("1234567890", "1234567890"),
    ],
)
def test_a_text_is_tidied(text: str, answer: str) -> None:
    """One line, one blank between words, nothing that can't be stored; joiners stay."""
    assert answer == read_answer(ask("text", max_characters=10), text)


@pytest.mark.parametrize("text", ["", " \n ", "\x00", "\u200b\u2060", "12345678901"])
def test_nothing_and_too_much_are_no_answer(text: str) -> None:
    """A text needs a character that shows, and at most as many as the step says."""
    assert read_answer(ask("text", max_characters=10), text) is None
