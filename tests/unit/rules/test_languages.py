"""Telling languages apart, in sentences as short as people write them under posts."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from switchboard.rules.languages import SUPPORTED, is_one_of

SENTENCES = {
    "ar": [
        "كم سعر هذا الفستان؟",
        "هل عندكم توصيل للرياض",
        "أريد الرابط من فضلك",
        "متى يبدأ العرض الجديد؟",
        "شكرا جزيلا على الرد السريع",
        "وين مكان المحل لو سمحتوا",
    ],
    "cs": [
        "Kolik stojí doprava na Slovensko?",
        "Můžete mi poslat odkaz?",
        "Máte ještě velikost M?",
        "To je nádherné, děkuji!",
        "Kdy bude zase skladem",
        "Chtěla bych se objednat na pátek",
    ],
    "de": [
        "Was kostet das Kleid denn?",
        "Könnt ihr mir den Link schicken?",
        "Gibt es das auch in Größe 40?",
        "Wann habt ihr morgen geöffnet",
        "Ich hätte gerne mehr Infos dazu",
        "Liefert ihr auch in die Schweiz",
    ],
    "el": ["Πόσο κάνει αυτό;", "Στείλτε μου το λινκ", "Τέλειο!", "Έχετε στο μαύρο;"],
    "en": [
        "How much is the blue one?",
        "can you send me the link please",
        "Do you ship to Canada",
        "when will this be back in stock",
        "I love this so much!!",
        "is it still available?",
    ],
    "es": [
        "Cuánto cuesta el envío a México?",
        "me pasas el enlace porfa",
        "Tienen talla mediana todavía?",
        "Quiero más información sobre el curso",
        "dónde están ubicados",
        "Me encanta, muchas gracias!",
    ],
    "fi": [
        "Paljonko tämä maksaa?",
        "Voitko lähettää linkin minulle",
        "Onko teillä vielä kokoa L?",
        "Milloin tämä tulee takaisin myyntiin",
        "Ihana väri, haluan tämän",
        "Toimitatteko myös Ruotsiin?",
    ],
    "fr": [
        "Combien coûte cette robe ?",
        "tu peux m'envoyer le lien stp",
        "Vous livrez en Belgique ?",
        "J'aimerais avoir plus d'informations",
        "C'est encore disponible en noir ?",
        "trop beau, je le veux",
    ],
    "he": ["כמה זה עולה?", "אפשר לינק בבקשה", "מהמם!", "יש משלוחים לאילת?"],
    "hi": [
        "इसकी कीमत क्या है?",
        "मुझे लिंक भेज दीजिए",
        "क्या यह अभी भी मिल रहा है",
        "बहुत सुंदर है भाई",
        "दिल्ली में दुकान कहाँ है?",
        "मुझे और जानकारी चाहिए",
    ],
    "hu": [
        "Mennyibe kerül ez a ruha?",
        "El tudnátok küldeni a linket?",
        "Van még M-es méretben?",
        "Mikor lesz újra raktáron",
        "Nagyon szép, gratulálok!",
        "Szeretnék időpontot kérni péntekre",
    ],
    "id": [
        "Harganya berapa ya kak?",
        "Boleh minta linknya dong",
        "Apakah masih ada stok warna hitam",
        "Bisa kirim ke Surabaya tidak?",
        "Bagus banget, aku mau beli",
        "Kapan tokonya buka lagi?",
    ],
    "it": [
        "Quanto costa la spedizione in Sicilia?",
        "mi mandi il link per favore",
        "Avete ancora la taglia piccola?",
        "Vorrei avere maggiori informazioni",
        "dove si trova il negozio",
        "È bellissimo, lo voglio anche io",
    ],
    "ja": ["値段を教えてください", "リンクお願いします", "かわいい！", "東京の店舗はありますか"],
    "ka": ["რა ღირს?", "გამომიგზავნეთ ლინკი", "მშვენიერია"],
    "ko": ["얼마예요?", "링크 보내주세요", "너무 예뻐요", "L 사이즈 있나요"],
    "nl": [
        "Hoeveel kost deze jurk?",
        "Kun je mij de link sturen?",
        "Hebben jullie deze nog in het zwart",
        "Wanneer zijn jullie weer open?",
        "Wat een mooie kleur, die wil ik",
        "Verzenden jullie ook naar België",
    ],
    "pl": [
        "Ile kosztuje ta sukienka?",
        "Poproszę o link do sklepu",
        "Czy jest jeszcze rozmiar M",
        "Kiedy będzie znowu dostępne?",
        "Jakie to jest piękne, chcę takie",
        "Wysyłacie też do Niemiec?",
    ],
    "pt": [
        "Quanto custa o frete para São Paulo?",
        "me manda o link por favor",
        "Ainda tem no tamanho médio?",
        "Gostaria de mais informações",
        "vocês entregam no Rio de Janeiro",
        "Que lindo, eu quero um também!",
    ],
    "ro": [
        "Cât costă rochia asta?",
        "Îmi puteți trimite linkul vă rog",
        "Mai aveți mărimea M pe stoc?",
        "Când se deschide magazinul din Cluj",
        "Foarte frumos, îmi place mult",
        "Aș vrea mai multe informații",
    ],
    "ru": [
        "Сколько стоит это платье?",
        "Скиньте ссылку пожалуйста",
        "Есть ли размер побольше",
        "Когда будет снова в наличии?",
        "Очень красиво, хочу такое же",
        "Доставляете ли вы в Казань?",
    ],
    "sv": [
        "Hur mycket kostar klänningen?",
        "Kan du skicka länken till mig",
        "Finns den kvar i storlek M?",
        "När öppnar ni på lördag",
        "Så fin, jag vill ha en sådan!",
        "Skickar ni även till Norge?",
    ],
    "th": ["ราคาเท่าไหร่คะ", "ขอลิงก์หน่อยค่ะ", "สวยมาก", "iPhone ยังมีไหม"],
    "tr": [
        "Bu elbisenin fiyatı ne kadar?",
        "Linki gönderir misiniz lütfen",
        "Siyah rengi hâlâ var mı",
        "Mağazanız nerede acaba?",
        "Çok güzel olmuş, ben de istiyorum",
        "Ne zaman tekrar stokta olacak",
    ],
    "uk": [
        "Скільки коштує ця сукня?",
        "Надішліть посилання будь ласка",
        "Чи є ще розмір М",
        "Коли буде знову в наявності?",
        "Дуже гарно, хочу таку саму",
        "Чи доставляєте ви до Львова?",
    ],
    "vi": [
        "Cái này giá bao nhiêu vậy shop?",
        "Cho mình xin link với ạ",
        "Còn size M không bạn",
        "Khi nào thì có hàng lại?",
        "Đẹp quá, mình muốn mua",
        "Shop có giao hàng ra Hà Nội không",
    ],
    "zh": [
        "这个多少钱一件？",
        "可以发一下链接吗",
        "還有黑色的嗎？",
        "什么时候再补货呢",
        "太好看了我也想要",
        "你們可以寄到台灣嗎",
    ],
}


def test_short_sentences_are_told_as_the_docstring_says() -> None:
    """Of 'is it in its own language?', most are a yes and none is a no."""
    said = Counter(
        is_one_of(sentence, {language})
        for language, sentences in SENTENCES.items()
        for sentence in sentences
    )

    assert 0 == said[False]
    assert said[True] / said.total() >= 0.9


def test_a_wrong_language_is_hardly_ever_a_yes() -> None:
    """Of 'is it in another language?', nearly all are a no, and hardly one is a yes."""
    said = Counter(
        is_one_of(sentence, {other})
        for language, sentences in SENTENCES.items()
        for sentence in sentences
        for other in SENTENCES
        if other != language
    )

    assert 0 == said[True]
    assert said[False] / said.total() >= 0.9


def test_the_set_is_as_large_as_the_docstring_says() -> None:
    """The figures are those of this many sentences and languages."""
    assert (149, 27) == (sum(map(len, SENTENCES.values())), len(SENTENCES))


@pytest.mark.parametrize(
    "text",
    [
        *("link", "LINK", "price?", "ok", "info please", "yes", "", "  ", "hahahaha", "queen omg"),
        *("🔥🔥🔥", "ツ", "¯\\_(ツ)_/¯", "求", "12 000", "@anna.berg", "#sommer #urlaub #strand"),
        "https://example.com/de/was-kostet-das-kleid-denn",
        "LINK LINK LINK LINK LINK",
        "please could you send me the link ありがとう",
    ],
)
@pytest.mark.parametrize("language", ["en", "es", "de", "ja", "th"])
def test_what_is_of_no_language_is_unknown(text: str, language: str) -> None:
    """Single words, names, faces and mixtures are neither in a language nor not in it."""
    assert is_one_of(text, {language}) is None


@pytest.mark.parametrize(
    ("word", "language"),
    [
        *(("ราคา", "th"), ("ფასი", "ka"), ("מחיר", "he"), ("가격", "ko"), ("τιμή", "el")),
        *(("գին", "hy"), ("いくら", "ja"), ("リンク", "ja"), ("ዋጋ", "am"), ("ລາຄາ", "lo")),
        *(("តម្លៃ", "km"), ("ဈေး", "my"), ("விலை", "ta"), ("ధర", "te"), ("দাম", "bn")),
        *(("ｶﾜｲｲ", "ja"), ("iPhone ราคา", "th"), ("Nike 가격 알려주세요", "ko")),
    ],
)
def test_a_script_of_its_own_tells_at_once(word: str, language: str) -> None:
    """One word is enough where only one language is written so, brands in Latin or not."""
    assert is_one_of(word, {language, "en"}) is True
    assert is_one_of(word, {"en"}) is False


@pytest.mark.parametrize("word", ["цена", "سعر", "कीमत", "价格"])
def test_a_shared_script_tells_at_once_what_it_is_not(word: str) -> None:
    """A word in Cyrillic may be of several languages, but English is none of them."""
    assert is_one_of(word, {"en", "th"}) is False
    assert is_one_of(word, {"en", "ru", "ar", "hi", "zh"}) is None


def test_all_languages_of_a_script_need_no_telling_apart() -> None:
    """Where every language of the script will do, one word will."""
    assert is_one_of("价格", {"zh", "ja"}) is True


def test_neighbours_are_one() -> None:
    """What short texts can't tell apart, and readers needn't, counts for each."""
    for language in ("id", "ms"):
        assert is_one_of("Berapa harganya kak?", {language}) is True
    for language in ("no", "nb", "nn"):
        assert is_one_of("Hvor mye koster denne genseren?", {language}) is True


def test_a_language_the_model_does_not_know_is_never_denied() -> None:
    """Nobody is turned away because a language is not among the supported ones."""
    assert "yo" not in SUPPORTED
    assert is_one_of("How much is the blue one?", {"yo"}) is None
    assert is_one_of("How much is the blue one?", {"yo", "en"}) is True


def test_every_supported_language_can_be_asked_for() -> None:
    """The model, or a script, knows each: an English sentence is in none of the others."""
    for language in SUPPORTED - {"en"}:
        assert is_one_of("Where can I buy one of these for my sister?", {language}) is False


def test_case_and_stretching_do_not_matter() -> None:
    """Shouting and emphasis leave the language as it is."""
    assert is_one_of("I WANT THIS SOOOOOO MUCH", {"en"}) is True


def test_importing_loads_no_model() -> None:
    """Who only imports the rules needs neither numpy nor the model."""
    check = (
        "import sys, switchboard.rules.languages;"
        "sys.exit(bool({'numpy', 'py3langid'} & sys.modules.keys()))"
    )

    assert 0 == subprocess.run([sys.executable, "-c", check], check=False).returncode
