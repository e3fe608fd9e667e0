"""The GET by which Meta asks whether the endpoint is ours."""

from __future__ import annotations

import pytest
from multidict import MultiDict

from services.ingress.verification import VerificationRefused, challenge_of

TOKEN = "typed-into-the-dashboard é"
ASKED = [("hub.mode", "subscribe"), ("hub.verify_token", TOKEN), ("hub.challenge", "1158201444")]


def test_echoes_the_challenge() -> None:
    """Whoever knows the token gets the challenge back."""
    assert challenge_of(MultiDict(ASKED), TOKEN) == "1158201444"


@pytest.mark.parametrize(
    "query",
    [
        [],
        ASKED[1:],
        ASKED[:2],
        [ASKED[0], ASKED[2]],
        [("hub.mode", "unsubscribe"), *ASKED[1:]],
        [ASKED[0], ("hub.verify_token", ""), ASKED[2]],
        [ASKED[0], ("hub.verify_token", "guess"), ASKED[2]],
        [ASKED[0], ("hub.verify_token", TOKEN + "\ud800"), ASKED[2]],
        [*ASKED, ("hub.verify_token", "guess")],
        [*ASKED[:2], ("hub.challenge", "")],
        [*ASKED[:2], ("hub.challenge", "<script>")],
        [*ASKED[:2], ("hub.challenge", "12 34")],
        [*ASKED[:2], ("hub.challenge", "1234\n")],
        [*ASKED[:2], ("hub.challenge", "١٢٣")],
        [*ASKED[:2], ("hub.challenge", "1" * 129)],
    ],
)
def test_refuses_anything_else(query: list[tuple[str, str]]) -> None:
    """A wrong mode or token, or a challenge that is no number or word, is refused."""
    with pytest.raises(VerificationRefused):
        challenge_of(MultiDict(query), TOKEN)
