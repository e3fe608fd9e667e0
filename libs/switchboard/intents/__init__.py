"""
Telling which of an account's intents a text expresses, and how sure that is. Pure.

    text ─▶ `reading`: what is said in it ─▶ `vectors`: n-grams, and a sentence encoder's vector
         ─▶ `recogniser`: compared with the intents' own examples ─▶ a `Ranking`
         ─▶ `confidence`: how often such a ranking is right ─▶ `tiers`: answered, or asked further
         ─▶ `prompt`: the question to a chat model, with the examples nearest to the text

Nothing here is learnt once for all: a recogniser is made of the examples an owner wrote, in
milliseconds, and what it cannot tell it says so. `evaluating` measures it on labelled texts,
`checking` says what is wrong with intents before they are published, `suggesting` proposes
examples.
"""

from switchboard.intents.recogniser import Ranking, Recogniser
from switchboard.intents.tiers import Judgement, Thresholds

__all__ = ["Judgement", "Ranking", "Recogniser", "Thresholds"]
