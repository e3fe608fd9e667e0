"""Somebody who issues access tokens as Supabase Auth does, with keys of their own."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from jwt.algorithms import ECAlgorithm

ISSUER = "http://auth.test/auth/v1"


def _draw() -> EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Issuer:
    """Signs by ES256, and publishes the key."""

    issuer: str = ISSUER
    key_id: str = "key-1"
    key: EllipticCurvePrivateKey = field(default_factory=_draw)

    def token(self, user: UUID, **claims: Any) -> str:
        """Return a token of `user`'s; `claims` stand in place of the usual ones."""
        said = self.claims(user) | claims
        kept = {name: value for name, value in said.items() if value is not ...}
        return jwt.encode(kept, self.key, algorithm="ES256", headers={"kid": self.key_id})

    def claims(self, user: UUID) -> dict[str, Any]:
        """Return what tokens of `user`'s usually say."""
        now = int(time.time())
        return {
            "iss": self.issuer,
            "aud": "authenticated",
            "sub": str(user),
            "role": "authenticated",
            "iat": now,
            "exp": now + 600,
            "email": f"{user}@people.example",
            "session_id": str(user),  # in tests, each is logged in once
            "aal": "aal1",
            "is_anonymous": False,
            "user_metadata": {"role": "owner"},
        }

    def published(self) -> dict[str, Any]:
        """Return the key set."""
        public: dict[str, Any] = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.key_id, "alg": "ES256", "use": "sig"}]}
