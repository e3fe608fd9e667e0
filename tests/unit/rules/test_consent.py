"""Being left alone takes one word, in one's own language; and takes that word alone."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from switchboard.rules.consent import OPT_IN, OPT_OUT, opts_in, opts_out
from switchboard.rules.text import normalise

PAGE = Path(__file__).parents[3] / "docs" / "consent.md"
# What customers write about orders, sizes and everything else, in words close to the table's.
EVERYDAY = """
cancel | cancel my order | CANCEL ORDER 1234 | end | quit | no | no thanks | not now | nope
off | stop it | stop it you're too kind | don't stop | when does the sale stop? | bus stop
nonstop | stop motion | stopwatch | one stop shop | can't stop looking | stop 😂 | stoooop
unstoppable | start | yes | ok | link | info | price | sub | subscribed!
remove the blue one | delete | leave | please | pause | wait | finish | done | arrive | bye
opt | out | all | sold out | alto | alta | bajo | bajas | para | pare | basta | basta così
cancelar | cancelar pedido | fin | salir | no quiero | la planta baja | parada | acabar
sai | saia | sair de casa | pode parar no centro | arret de bus | annuler
annuler ma commande | fini | assez | non | retour | stop à la pluie | kündigen
bestellung abbestellen | ende | nein | halt | anmelden | abmeldung vom kurs verschieben
annulla | annulla ordine | fine | no grazie | tappa | finito | annuleren | einde | klaar
sluta | sluta nu | peruuta tilaus | lopeta | slut | konec | storno | zrušit | anuluj
koniec | rezygnuję | odjava | odjava u 10 | otkaži | vége | mégse | anulare | gata | dur
dur bakalım | iptal | ret | yeter | отмена | отменить заказ | хватит | нет | конец
останови | остановка | відмінити | досить | край | إلغاء | إلغاء الطلب | لا | كفى | قف | لغو
نه | بس | ביטול | ביטול הזמנה | לא | די | די כבר | रद्द करें | नहीं | बस | बंद | acha
accha | acha theek hai | bas | nahi | বাতিল | না | போதும் | வேண்டாம் | వద్దు | ยกเลิก
ยกเลิกออเดอร์ | พอ | ไม่ | ไม่เอา | ยุด | 取消 | 取消订单 | 不要 | 不用了 | 停 | 停车
停止营业了吗 | キャンセル | 解除 | 終了 | やめて | 結構です | 退会 | 취소 | 주문 취소 | 그만
아니요 | 끝 | đúng | đúng rồi | dụng | đừng | dung | hủy | hủy đơn | thôi | không | batal
batalkan pesanan | tidak | henti | sudah | cukup | tama na | hindi | ayaw | simama | hapana
gauqmeba | გაუქმება | ακύρωση | τέλος
"""


def rows(heading: str) -> Iterator[list[Any]]:
    """Yield the JSON values of each row of the table whose first column is `heading`."""
    table = PAGE.read_text().split(f"| {heading} |")[1].split("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield [json.loads(cell) for cell in re.findall(r"`([^`]*)`", line)]


@pytest.mark.parametrize(("written", "out", "again"), list(rows("written")))
def test_examples_are_as_the_page_says(written: str, *, out: bool, again: bool) -> None:
    """Each example is an opt-out, an opt-in or neither, as the page says."""
    assert (out, again) == (opts_out(normalise(written)), opts_in(normalise(written)))


def test_the_page_lists_the_words() -> None:
    """Language by language, owners see the very words."""
    listed = list(rows("language"))

    assert {code: list(words) for code, words in OPT_OUT.items()} == {
        code: out for code, out, _ in listed
    }
    assert {code: list(words) for code, words in OPT_IN.items()} == {
        code: again for code, _, again in listed if again
    }


@pytest.mark.parametrize("table", [OPT_OUT, OPT_IN])
def test_the_tables_are_in_order(table: dict[str, tuple[str, ...]]) -> None:
    """Languages are sorted and have words, and no word stands twice in one."""
    assert sorted(table) == list(table)
    for words in table.values():
        assert words
        assert len(words) == len({normalise(word) for word in words})


@pytest.mark.parametrize("written", ["{}", "{}.", "{}!!", " {} … ", '"{}"', "¡{}!"])
def test_every_word_counts_however_it_is_ended(written: str) -> None:
    """Each word of the tables is understood, with capitals and punctuation around it."""
    for table, understood, other in ((OPT_OUT, opts_out, opts_in), (OPT_IN, opts_in, opts_out)):
        for word in (word for words in table.values() for word in words):
            said = normalise(written.format(word.upper()))
            assert understood(said), word
            assert not other(said), word


def test_there_are_many_languages_and_scripts() -> None:
    """At least 30 languages in 12 scripts have words for it."""
    letters = {c for words in OPT_OUT.values() for word in words for c in word if c.isalpha()}
    scripts = {unicodedata.name(letter).split(" ")[0] for letter in letters}

    assert len(OPT_OUT) >= 30
    assert len(scripts) >= 12


@pytest.mark.parametrize(
    "said", [w.strip() for w in EVERYDAY.strip().replace("\n", "|").split("|")]
)
def test_everyday_speech_is_no_opt_out(said: str) -> None:
    """What customers say about orders, or about anything, silences nothing."""
    assert not opts_out(normalise(said))


def test_a_word_within_a_sentence_is_none() -> None:
    """Every word of the tables followed or led by others is part of a sentence."""
    for word in (word for words in OPT_OUT.values() for word in words):
        assert not opts_out(normalise(f"{word} xyz"))
        assert not opts_out(normalise(f"xyz {word}"))
        assert not opts_out(normalise(f"{word}?"))


def test_accents_may_be_left_out_where_that_is_harmless() -> None:
    """Without them ARRET is "arrêt"; but "đúng", which says "right", is not "dừng"."""
    assert opts_out(normalise("ARRET"))
    assert opts_out(normalise("الغاء الاشتراك"))
    assert opts_out(normalise("DỪNG"))
    assert not opts_out(normalise("Đúng"))
