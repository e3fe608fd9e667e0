# ruff: noqa: RUF001 - words of many scripts are the subject
"""
What people send to be left alone, and to be written to again, in many languages.

Only the whole text counts, never a part of it: "stop" is a wish, "when does the offer stop" a
question. A full stop or an exclamation mark behind it changes nothing; a question mark does. And
only what means this and nothing else is here. A business's messages are full of CANCEL (an
order), END, QUIT, NO, and of their likes ("basta", "ยกเลิก", "取消", "odjava"), so these count only
together with what is to end. What SMS gateways take besides STOP is of no weight here: nobody
forces a word on us, and being deaf to a customer's "cancel" costs more than asking twice.

docs/consent.md shows the words to owners.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from switchboard.rules.accents import bare
from switchboard.rules.text import normalise


def opts_out(normalised: str) -> bool:
    """Tell whether all of the text, normalised, is a wish to get no more messages."""
    return _is_among(normalised, _OUT, _OUT_BARE)


def opts_in(normalised: str) -> bool:
    """Tell whether all of the text, normalised, is a wish to get messages again."""
    return _is_among(normalised, _IN, _IN_BARE)


# By ISO 639-1, as people write them; case and accents do not matter, but for `_ACCENTS_COUNT`.
OPT_OUT: Final[Mapping[str, tuple[str, ...]]] = {
    "am": ("አቁም", "አቁሙ", "መልዕክት አቁም"),
    "ar": (
        "إلغاء الاشتراك",
        "الغي الاشتراك",
        "إيقاف",
        "إيقاف الرسائل",
        "أوقف الرسائل",
        "أوقفوا الرسائل",
        "توقف",
        "توقفوا",
        "لا ترسل لي رسائل",
        "لا ترسلوا لي رسائل",
    ),
    "az": ("dayandır", "abunəlikdən çıx", "mesaj göndərməyin"),
    "bg": ("стоп", "отписване", "отпиши ме", "отпишете ме", "не ми пишете"),
    "bn": ("বন্ধ করুন", "বন্ধ করো", "মেসেজ বন্ধ করুন", "মেসেজ বন্ধ করো", "আনসাবস্ক্রাইব"),
    "ca": ("atura", "donar-me de baixa", "dona'm de baixa", "no m'envieu més missatges"),
    "cs": ("odhlásit", "odhlásit odběr", "odhlaste mě", "nepište mi", "neposílejte mi zprávy"),
    "da": ("stop beskeder", "afmeld", "afmeld mig", "frameld mig", "skriv ikke til mig"),
    "de": (
        "stopp",
        "abmelden",
        "abmeldung",
        "bitte abmelden",
        "austragen",
        "newsletter abbestellen",
        "keine nachrichten mehr",
        "keine nachrichten mehr bitte",
        "schreibt mir nicht mehr",
        "nicht mehr schreiben",
    ),
    "el": ("στοπ", "διαγραφή", "απεγγραφή", "διακοπή μηνυμάτων", "μη μου στέλνετε μηνύματα"),
    "en": (
        "stop",
        "stopall",
        "stop all",
        "stop please",
        "please stop",
        "stop messages",
        "stop messaging",
        "stop messaging me",
        "stop texting me",
        "stop sending me messages",
        "unsubscribe",
        "unsubscribe me",
        "please unsubscribe",
        "please unsubscribe me",
        "unsub",
        "optout",
        "opt out",
        "opt-out",
        "opt me out",
        "cancel messages",
        "cancel subscription to messages",
        "no more messages",
        "do not message me",
        "don't message me",
        "do not contact me",
        "don't contact me",
        "remove me",
        "remove me from your list",
        "take me off your list",
    ),
    "es": (
        "baja",
        "parar",
        "darme de baja",
        "dar de baja",
        "dame de baja",
        "deme de baja",
        "quiero darme de baja",
        "cancelar suscripción",
        "cancelar mensajes",
        "desuscribir",
        "desuscribirme",
        "no más mensajes",
        "no quiero más mensajes",
        "no me escriban más",
        "dejen de escribirme",
    ),
    "et": ("lõpeta sõnumid", "loobu sõnumitest", "ärge kirjutage mulle"),
    "fa": ("لغو اشتراک", "لغو عضویت", "لغو پیامک", "توقف", "پیام ندهید", "دیگه پیام نده"),
    "fi": ("lopeta viestit", "lopettakaa viestit", "poista minut listalta", "en halua viestejä"),
    "fr": (
        "arrêt",
        "arrêter",
        "arrêtez",
        "désabonner",
        "désabonnement",
        "me désabonner",
        "désabonnez-moi",
        "désinscription",
        "désinscrire",
        "me désinscrire",
        "arrêter les messages",
        "plus de messages",
        "ne m'écrivez plus",
    ),
    "gu": ("બંધ કરો", "મેસેજ બંધ કરો", "રોકો"),
    "he": (
        "הסר",
        "הסירו",
        "הסר אותי",
        "הסירו אותי",
        "תסירו אותי",
        "להסיר",
        "הסרה",
        "הסרה מרשימת תפוצה",
        "תפסיקו לשלוח",
        "עצור",
    ),
    "hi": (
        "बंद करो",
        "बंद करें",
        "बंद कर दो",
        "रोकें",
        "रोको",
        "मैसेज बंद करो",
        "मैसेज बंद करें",
        "संदेश बंद करें",
        "सदस्यता समाप्त करें",
        "सदस्यता रद्द करें",
        "मुझे मैसेज मत करो",
        "अनसब्सक्राइब",
        "स्टॉप",
        "band karo",
        "message band karo",
        "msg mat karo",
    ),
    "hr": ("odjavi me", "odjavite me", "odjava s liste", "ne šaljite mi poruke", "stop poruke"),
    "hu": ("leiratkozás", "leiratkozom", "leiratkoznék", "ne írjatok többet", "ne írjanak többet"),
    "hy": ("ստոպ", "դադարեցնել", "դադարեցրեք", "մի գրեք ինձ"),
    "id": (
        "berhenti",
        "berhenti berlangganan",
        "berhenti kirim pesan",
        "stop pesan",
        "stop kirim pesan",
        "jangan kirim pesan lagi",
    ),
    "it": (
        "disiscrivimi",
        "disiscrivermi",
        "disiscriviti",
        "disiscrizione",
        "annulla iscrizione",
        "annullare iscrizione",
        "cancellami dalla lista",
        "basta messaggi",
        "stop messaggi",
        "non scrivetemi più",
        "non voglio più messaggi",
    ),
    "ja": (
        "配信停止",
        "配信停止希望",
        "配信停止してください",
        "配信解除",
        "登録解除",
        "購読解除",
        "停止",
        "停止してください",
        "ストップ",
        "送らないでください",
    ),
    "ka": ("სტოპ", "შეაჩერეთ", "გამოწერის გაუქმება", "აღარ მომწეროთ"),
    "kk": ("тоқтат", "тоқтатыңыз", "жазылымнан бас тарту", "маған жазбаңыз"),
    "km": ("ឈប់ផ្ញើ", "ឈប់ផ្ញើសារ", "កុំផ្ញើសារមកខ្ញុំ"),
    "kn": ("ನಿಲ್ಲಿಸಿ", "ಸಂದೇಶ ನಿಲ್ಲಿಸಿ", "ಮೆಸೇಜ್ ನಿಲ್ಲಿಸಿ"),
    "ko": (
        "수신거부",
        "수신 거부",
        "수신거부합니다",
        "구독취소",
        "구독 취소",
        "구독해지",
        "구독 해지",
        "중지",
        "스톱",
        "메시지 그만",
        "그만 보내세요",
        "보내지 마세요",
    ),
    "lo": ("ຢຸດ", "ຢຸດສົ່ງຂໍ້ຄວາມ"),
    "lt": ("atsisakau žinučių", "atsisakyti prenumeratos", "neberašykite man"),
    "lv": ("atrakstīties", "atrakstīt", "nerakstiet man"),
    "mk": ("стоп", "отпиши ме", "отпишете ме", "не ми пишувајте"),
    "ml": ("നിർത്തുക", "നിർത്തൂ", "മെസ്സേജ് നിർത്തുക"),
    "mr": ("थांबवा", "बंद करा", "मेसेज बंद करा", "संदेश थांबवा"),
    "ms": ("berhenti", "henti mesej", "hentikan mesej", "batal langganan", "jangan mesej saya"),
    "my": ("ရပ်ပါ", "စာမပို့ပါနဲ့", "မက်ဆေ့ မပို့ပါနဲ့"),
    "ne": ("बन्द गर्नुहोस्", "रोक्नुहोस्", "म्यासेज नगर्नुहोस्"),
    "nl": (
        "afmelden",
        "uitschrijven",
        "meld mij af",
        "schrijf mij uit",
        "stop berichten",
        "geen berichten meer",
    ),
    "no": ("stopp", "avmeld", "meld meg av", "stopp meldinger", "ikke skriv til meg"),
    "pa": ("ਬੰਦ ਕਰੋ", "ਮੈਸੇਜ ਬੰਦ ਕਰੋ", "ਰੋਕੋ"),
    "pl": (
        "wypisz",
        "wypisz mnie",
        "wypiszcie mnie",
        "proszę mnie wypisać",
        "anuluj subskrypcję",
        "nie pisz do mnie",
        "nie piszcie do mnie",
        "nie chcę wiadomości",
    ),
    "pt": (
        "sair",
        "parar",
        "descadastrar",
        "me descadastrar",
        "cancelar inscrição",
        "cancelar subscrição",
        "cancelar mensagens",
        "remover meu contato",
        "não quero mais mensagens",
        "não me mande mais mensagens",
        "parem de mandar mensagens",
    ),
    "ro": (
        "dezabonare",
        "dezabonează-mă",
        "dezabonează mă",
        "dezabonați-mă",
        "mă dezabonez",
        "opriți mesajele",
        "nu mai vreau mesaje",
        "nu-mi mai scrieți",
    ),
    "ru": (
        "стоп",
        "отписаться",
        "отписка",
        "отпишите",
        "отпишите меня",
        "отпиши меня",
        "отписаться от рассылки",
        "отменить подписку",
        "остановить рассылку",
        "не пишите мне",
        "не пишите мне больше",
        "больше не пишите",
        "хватит писать",
    ),
    "si": ("නවත්වන්න", "පණිවිඩ එවන්න එපා"),
    "sk": ("odhlásiť", "odhlásiť odber", "odhláste ma", "nepíšte mi", "neposielajte mi správy"),
    "sl": ("odjavi me", "odjavite me", "odjava od obvestil", "ne pošiljajte mi sporočil"),
    "sq": ("çregjistrohu", "më çregjistro", "ndalo mesazhet", "mos më shkruani"),
    "sr": ("стоп", "одјави ме", "одјавите ме", "не шаљите ми поруке", "ne šaljite mi poruke"),
    "sv": (
        "stopp",
        "avregistrera",
        "avregistrera mig",
        "avsluta prenumerationen",
        "sluta skicka meddelanden",
        "skriv inte till mig",
    ),
    "sw": ("acha kutuma ujumbe", "jiondoe", "niondoe"),
    "ta": ("நிறுத்து", "நிறுத்துங்கள்", "செய்தி அனுப்ப வேண்டாம்"),
    "te": ("ఆపండి", "ఆపు", "మెసేజ్ ఆపండి", "సందేశాలు ఆపండి"),
    "th": (
        "หยุด",
        "หยุดส่ง",
        "หยุดส่งข้อความ",
        "เลิกส่งข้อความ",
        "ไม่ต้องส่งมาอีก",
        "ยกเลิกข้อความ",
        "ยกเลิกการรับข้อความ",
        "ยกเลิกการติดตาม",
        "ยกเลิกการสมัครรับข้อมูล",
    ),
    "tl": ("itigil", "tigil", "itigil ang mensahe", "huwag na mag-message", "wag na mag message"),
    "tr": (
        "abonelikten çık",
        "aboneliği iptal et",
        "listeden çıkar",
        "beni listeden çıkarın",
        "mesaj atma",
        "mesaj atmayın",
        "mesaj istemiyorum",
        "durdur",
    ),
    "uk": (
        "стоп",
        "відписатися",
        "відписатись",
        "відпишіть мене",
        "відписка",
        "скасувати підписку",
        "не пишіть мені",
    ),
    "ur": ("بند کریں", "بند کرو", "پیغامات بند کریں", "میسج بند کرو", "ان سبسکرائب"),
    "uz": ("to'xtating", "to'xtatish", "obunani bekor qilish", "menga yozmang"),
    "vi": (
        "dừng",
        "dừng lại",
        "dừng nhắn tin",
        "ngừng",
        "ngừng nhắn tin",
        "hủy đăng ký",
        "huỷ đăng ký",
        "huy dang ky",
        "đừng nhắn tin nữa",
    ),
    "zh": (
        "停止",
        "停止发送",
        "停止發送",
        "停止发消息",
        "停止推送",
        "退订",
        "退訂",
        "取消订阅",
        "取消訂閱",
        "取消关注",
        "取消追蹤",
        "拒收",
        "不要再发了",
        "不要再發了",
        "别再发了",
        "別再傳了",
    ),
}

OPT_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "ar": ("اشتراك", "اشترك", "استئناف الرسائل"),
    "bg": ("абонирай ме", "започни"),
    "bn": ("শুরু করুন", "সাবস্ক্রাইব"),
    "cs": ("přihlásit odběr", "přihlaste mě"),
    "da": ("tilmeld", "tilmeld mig"),
    "de": ("anmelden", "wieder anmelden", "bitte anmelden"),
    "el": ("εγγραφή", "έναρξη"),
    "en": (
        "start",
        "unstop",
        "start messages",
        "resume messages",
        "subscribe",
        "subscribe me",
        "resubscribe",
        "optin",
        "opt in",
        "opt-in",
        "opt me in",
    ),
    "es": ("alta", "darme de alta", "suscribir", "suscribirme", "reanudar mensajes"),
    "fa": ("شروع", "عضویت", "اشتراک"),
    "fi": ("tilaa viestit", "aloita viestit"),
    "fr": ("reprendre", "m'abonner", "abonnez-moi", "me réabonner", "m'inscrire", "inscription"),
    "he": ("הצטרפות", "צרפו אותי", "להצטרף"),
    "hi": ("शुरू करें", "शुरू करो", "सदस्यता लें", "स्टार्ट"),
    "hr": ("prijavi me", "prijavite me"),
    "hu": ("feliratkozás", "feliratkozom"),
    "hy": ("սկսել", "բաժանորդագրվել"),
    "id": ("mulai", "berlangganan", "mulai lagi"),
    "it": ("iscrivimi", "iscrivermi", "riprendi messaggi"),
    "ja": ("配信再開", "配信希望", "再開", "登録する", "スタート"),
    "ka": ("სტარტი", "გამოწერა"),
    "ko": ("수신동의", "수신 동의", "구독", "구독하기", "시작"),
    "ms": ("mula", "langgan"),
    "nl": ("aanmelden", "meld mij aan", "inschrijven"),
    "no": ("meld meg på",),
    "pl": ("zapisz mnie", "subskrybuj"),
    "pt": ("voltar", "me inscrever", "quero me inscrever", "reativar mensagens"),
    "ro": ("abonare", "abonează-mă", "mă abonez"),
    "ru": ("старт", "подписаться", "подписка", "подпишите меня"),
    "sk": ("prihlásiť odber", "prihláste ma"),
    "sr": ("пријави ме", "пријавите ме"),
    "sv": ("registrera mig", "prenumerera"),
    "th": ("เริ่ม", "สมัครรับข้อความ", "เริ่มใหม่"),
    "tr": ("abone ol", "başlat"),
    "uk": ("старт", "підписатися", "підписатись", "підпишіть мене"),
    "ur": ("شروع کریں", "سبسکرائب"),
    "vi": ("bắt đầu", "đăng ký", "đăng ký lại"),
    "zh": ("开始", "開始", "订阅", "訂閱", "恢复", "重新订阅", "重新訂閱"),
}

# Without its accents "dừng" (stop) is "đúng" (right), so here they count.
_ACCENTS_COUNT: Final = frozenset({"vi"})
# What may stand before and behind the words: inverted marks and quotes, and ends of a sentence.
_BEFORE: Final = frozenset({"Pi", "Ps"})
_ALSO_BEFORE: Final = frozenset("\"'¡*")
_QUESTIONS: Final = frozenset("?؟;\u037e՞¿፧")


def _is_among(normalised: str, words: frozenset[str], bare_words: frozenset[str]) -> bool:
    said = _said(normalised)
    return said in words or bare(said).text in bare_words


def _said(normalised: str) -> str:
    """Return the text without the punctuation around it; a question stays one."""
    start, end = 0, len(normalised)
    while start < end and _is_before(normalised[start]):
        start += 1
    while end > start and _is_behind(normalised[end - 1]):
        end -= 1
    return normalised[start:end].strip().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _is_before(character: str) -> bool:
    return character in _ALSO_BEFORE or unicodedata.category(character) in _BEFORE


def _is_behind(character: str) -> bool:
    if character in _QUESTIONS:
        return False
    return character == " " or unicodedata.category(character).startswith("P")


def _exactly(table: Mapping[str, Iterable[str]]) -> frozenset[str]:
    return frozenset(normalise(word) for words in table.values() for word in words)


def _without_accents(table: Mapping[str, Iterable[str]]) -> frozenset[str]:
    folding = (words for language, words in table.items() if language not in _ACCENTS_COUNT)
    return frozenset(bare(normalise(word)).text for words in folding for word in words)


_OUT: Final = _exactly(OPT_OUT)
_OUT_BARE: Final = _without_accents(OPT_OUT)
_IN: Final = _exactly(OPT_IN)
_IN_BARE: Final = _without_accents(OPT_IN)
