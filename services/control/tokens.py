"""
Whose a bearer token is.

Supabase Auth signs access tokens with the project's own key, whose public half it publishes, or in
old projects with a secret that we share. A token is believed if one of these signed it by the one
algorithm that goes with it, and if it says that the project issued it, for people who have logged
in, and that it is not over. Which algorithm that is the key decides, never the token: a token
"signed" by HS256 with a public key, or by nothing, is refused.

Of what a token says, only who it is about is used. What somebody may do is in `memberships`, where
taking it away works at once; `user_metadata` is written by the users themselves.

Source: Supabase, "JWT claims reference" and "Signing keys"; RFC 8725, "JWT best current practices".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID

import jwt
from pydantic import BaseModel, ConfigDict, ValidationError

from switchboard.errors import Failure

AUDIENCE: Final = "authenticated"
_REQUIRED: Final = ["aud", "exp", "iat", "iss", "role", "sub"]
_CLOCKS_DIFFER_S: Final = 10
# An access token has 1 to 2 KB; what is longer is not read.
_MAX_CHARACTERS: Final = 8_192
_SHARED: Final = "HS256"


class TokenRefused(Failure):
    """The token proves nothing. The message says why and shows nothing of it."""

    reason: ClassVar[str] = "token_refused"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that the project publishes, and the one algorithm it is for."""

    key: Any
    algorithm: str


class Keys(Protocol):
    """The keys that the project publishes."""

    async def find(self, key_id: str) -> PublicKey | None:
        """
        Return the key of that id, if it is one of the project's.

        Raises:
            Unavailable: Nobody can say just now.
        """
        ...


class Caller(BaseModel):
    """Somebody who has logged in."""

    model_config = ConfigDict(frozen=True)

    sub: UUID
    email: str | None = None
    session_id: UUID | None = None
    aal: str | None = None
    exp: int | None = None

    @property
    def ends_at(self) -> datetime | None:
        """When the token is over, with what it has begun."""
        return None if self.exp is None else datetime.fromtimestamp(self.exp, UTC)

    @property
    def user_id(self) -> UUID:
        """Who it is."""
        return self.sub

    def claims(self) -> Mapping[str, Any]:
        """Return what the database is told of them: nothing that they wrote themselves."""
        return {"role": AUDIENCE} | self.model_dump(mode="json", exclude_none=True, exclude={"exp"})


class Tokens:
    """Tells whose a token is; `secret` is an old project's, and `None` where there is none."""

    def __init__(self, *, issuer: str, keys: Keys, secret: str | None = None) -> None:
        self._issuer, self._keys, self._secret = issuer, keys, secret

    async def caller(self, token: str) -> Caller:
        """
        Return whose `token` is.

        Raises:
            TokenRefused: It proves nothing.
            Unavailable: It may be good, but the project's keys cannot be had.
        """
        if len(token) > _MAX_CHARACTERS:
            raise TokenRefused("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(header)
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=AUDIENCE,
                issuer=self._issuer,
                leeway=_CLOCKS_DIFFER_S,
                options={"require": _REQUIRED},
            )
        except jwt.ExpiredSignatureError:
            raise TokenRefused("the token is over; refresh it") from None
        except jwt.PyJWTError as error:
            raise TokenRefused(f"the token is refused: {error}") from None
        return _caller(claims)

    async def _key(self, header: Mapping[str, Any]) -> PublicKey:
        """Return the key that the token must have been signed with."""
        if header.get("alg") == _SHARED and self._secret is not None:
            return PublicKey(self._secret, _SHARED)
        key_id = header.get("kid")
        found = await self._keys.find(key_id) if isinstance(key_id, str) else None
        if found is None:
            raise TokenRefused("the token is signed with a key that is not the project's")
        return found


def _caller(claims: Mapping[str, Any]) -> Caller:
    if claims["role"] != AUDIENCE:
        raise TokenRefused("the token is not for somebody who has logged in")
    if claims.get("is_anonymous") is True:
        raise TokenRefused("the token is an anonymous user's; log in with an account")
    try:
        return Caller.model_validate({**claims, "session_id": claims.get("session_id") or None})
    except ValidationError:
        raise TokenRefused("the token says who it is about in no form we know") from None
