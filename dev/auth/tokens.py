"""Access tokens as Supabase Auth makes them, by a key that lives as long as the process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

LIVES_S: Final = 3_600
_AUDIENCE: Final = "authenticated"


class Signer:
    """Signs tokens as `issuer`, good for `lives_s`; publishes what they are verified with."""

    def __init__(self, *, issuer: str, lives_s: int = LIVES_S) -> None:
        self.issuer, self.lives_s = issuer, lives_s
        self._key_id = uuid4().hex
        self._key = ec.generate_private_key(ec.SECP256R1())

    def key_set(self) -> Mapping[str, Any]:
        """Return the public key, as a key set."""
        public = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        named = {"kid": self._key_id, "alg": "ES256", "use": "sig", "key_ops": ["verify"]}
        return {"keys": [{**public, **named}]}

    def sign(self, user: Mapping[str, Any], session: UUID) -> tuple[str, int]:
        """Return an access token of `user`'s in `session`, and when it is over (epoch seconds)."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": _AUDIENCE,
            "sub": user["id"],
            "role": "authenticated",
            "iat": now,
            "exp": now + self.lives_s,
            "email": user["email"],
            "phone": "",
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": now}],
            "session_id": str(session),
            "is_anonymous": False,
            "app_metadata": user["app_metadata"],
            "user_metadata": user["user_metadata"],
        }
        signed = jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._key_id})
        return signed, claims["exp"]

    def read(self, token: str) -> Mapping[str, Any] | None:
        """Return what a token of ours says; `None`: it is none, or over."""
        try:
            said: Mapping[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["ES256"],
                audience=_AUDIENCE,
                issuer=self.issuer,
            )
        except jwt.PyJWTError:
            return None
        return said
