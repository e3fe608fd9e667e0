"""
What people write under posts and in messages that no business has an answer for.

Beside an account's own examples these stand for "none of them", so that even an account with one
intent can tell a question from applause. What is close to an owner's example is left out: to a fan
page "love this" may well be an intent.
"""

from __future__ import annotations

from typing import Final

# Written for this purpose; in languages that the encoder brings together, few of each are enough.
CHATTER: Final = (
    *("gorgeous", "stunning as ever", "this is so pretty", "obsessed with this", "best page ever"),
    *("hey", "good evening", "hi how are you", "thanks a lot", "thank you!!", "great", "okay cool"),
    *("haha", "lmao dead", "same here", "me too", "so true", "no way", "yesss", "oh my god"),
    *("my sister needs to see this", "look at this one babe", "tagging my friend", "who else"),
    *("i was there last year", "we went to the beach yesterday", "it is raining again"),
    *("have a nice day", "good luck with everything", "congratulations", "merry christmas to all"),
    *("where do you live", "what is your zodiac sign", "do you have kids", "your eyes are amazing"),
    *("follow me and i follow you", "click the link in my bio", "get rich with bitcoin", "win now"),
    *("the news today is crazy", "i have to work tomorrow", "i can't sleep", "i'm so tired"),
    *("wunderschön", "danke dir", "hallo zusammen", "schönes wochenende", "ich lache so"),
    *("precioso", "hola a todos", "gracias", "qué linda foto", "feliz navidad", "te quiero"),
    *("magnifique", "merci beaucoup", "bonjour", "trop drôle", "bravo à vous"),
    *("lindo demais", "obrigado", "bom dia", "kkkk", "bellissimo", "grazie mille", "buongiorno"),
    *("красота", "спасибо большое", "привет", "дякую", "супер", "чудово", "dziękuję", "pięknie"),
    *("すごい", "かわいい", "こんにちは", "ありがとう", "太美了", "谢谢", "哈哈", "안녕하세요"),
    *("جميل جدا", "شكرا", "çok güzel", "teşekkürler", "prachtig", "dank je", "สวยมาก", "ขอบคุณ"),
)
