"""
What Supabase Auth would send by e-mail: kept while the process lives, and read at `/inbox`.

A letter has a code to type in and a secret that its link carries; either is good once, for an hour,
and until the next letter of its kind. Where a client has sent a challenge (PKCE), the link opens no
session: it leads back with another code, which is exchanged by whoever knows the verifier.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlencode
from uuid import UUID, uuid4

# Supabase Auth's: how long letters, and the codes that clients exchange, are good.
GOOD_FOR: Final = timedelta(hours=1)
EXCHANGED_WITHIN: Final = timedelta(minutes=5)
_DIGITS: Final = 6

Kind = Literal["recovery", "magiclink", "email_change"]


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a client that asks for a letter will prove that it is the same one by."""

    method: Literal["s256", "plain"]
    value: str

    def is_met(self, verifier: str) -> bool:
        """Return whether `verifier` is what the challenge was made of."""
        made = verifier
        if self.method == "s256":
            digest = hashlib.sha256(verifier.encode()).digest()
            made = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return hmac.compare_digest(made.encode(), self.value.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter to somebody; its link leads here, and from here to `redirect_to`."""

    kind: Kind
    to: str
    user: UUID
    code: str
    secret: str
    redirect_to: str
    challenge: Challenge | None
    written_at: datetime

    def link(self, auth_url: str) -> str:
        """Return the address in the letter."""
        asked = {"token": self.secret, "type": self.kind, "redirect_to": self.redirect_to}
        return f"{auth_url}/verify?{urlencode(asked)}"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Letters:
    """All letters that were written and not replaced, the newest last."""

    def __init__(self, now: Callable[[], datetime] = _utc_now) -> None:
        self._now = now
        self._letters: list[Letter] = []
        self._exchanged: dict[str, tuple[Letter, datetime]] = {}

    def write(
        self, kind: Kind, to: str, user: UUID, *, redirect_to: str, challenge: Challenge | None
    ) -> None:
        """Write somebody a letter; an earlier one of its kind is good for nothing any more."""
        self._letters = [one for one in self._letters if (one.kind, one.user) != (kind, user)]
        self._letters.append(
            Letter(
                kind=kind,
                to=to,
                user=user,
                code="".join(secrets.choice("0123456789") for _ in range(_DIGITS)),
                secret=secrets.token_hex(28),
                redirect_to=redirect_to,
                challenge=challenge,
                written_at=self._now(),
            )
        )

    def written(self) -> Sequence[Letter]:
        """Return the letters that are still good, the newest first."""
        return [one for one in reversed(self._letters) if self._is_good(one)]

    def pending(self, user: UUID) -> str | None:
        """Return the address that a user is about to have; `None`: the one they have."""
        return next((one.to for one in self.written() if self._changes(one, user)), None)

    def take_code(self, kinds: Collection[str], to: str, code: str) -> Letter | None:
        """Take the letter to an address that has this code; `None`: there is none, or no longer."""
        return self._take(lambda one: one.kind in kinds and one.to == to and one.code == code)

    def take_secret(self, kinds: Collection[str], secret: str) -> Letter | None:
        """Take the letter whose link carries `secret`; `None`: there is none, or no longer."""
        return self._take(lambda one: one.kind in kinds and one.secret == secret)

    def begin_exchange(self, letter: Letter) -> str:
        """Return the code that the client which asked for the letter gets a session for."""
        code = str(uuid4())
        self._exchanged[code] = letter, self._now()
        return code

    def exchange(self, code: str) -> Letter | None:
        """Return the letter that a code stands for, once; `None`: it stands for none."""
        letter, begun_at = self._exchanged.pop(code, (None, self._now()))
        return letter if self._now() - begun_at < EXCHANGED_WITHIN else None

    def _take(self, fits: Callable[[Letter], bool]) -> Letter | None:
        found = next((one for one in self.written() if fits(one)), None)
        if found is not None:
            self._letters.remove(found)
        return found

    def _is_good(self, letter: Letter) -> bool:
        return self._now() - letter.written_at < GOOD_FOR

    @staticmethod
    def _changes(letter: Letter, user: UUID) -> bool:
        return letter.kind == "email_change" and letter.user == user
