"""Whether people who log in are believed: the keys that their tokens are signed with. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from switchboard.doctor.finding import Finding, failure, ok, warning

# What control can verify: ES256 and RS256.
_KINDS: Final = frozenset({("EC", "P-256"), ("RSA", None)})
_SIGN_BY: Final = (
    "Let the project sign by a key of its own (Supabase: JWT signing keys), or give control the "
    "old secret, SUPABASE_JWT_SECRET"
)


def usable(published: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of those of the published keys that tokens can be verified with."""
    keys = published.get("keys", ())
    return frozenset(
        str(one["kid"])
        for one in keys
        if isinstance(one, dict) and one.get("kid") and (one.get("kty"), one.get("crv")) in _KINDS
    )


def login_keys(found: Collection[str], *, has_secret: bool) -> Finding:
    """Judge whether there is anything to verify a token with."""
    if found:
        return ok("login_keys", f"the project publishes {len(found)} keys")
    if has_secret:
        return warning(
            "login_keys",
            "tokens are signed with a secret that is shared (HS256)",
            "It works. Supabase advises keys of the project's own: JWT signing keys",
        )
    return failure("login_keys", "the project publishes no key that can be used", _SIGN_BY)


def issuer(
    issuer_url: str, theirs: Collection[str] | None, ours: Collection[str]
) -> Iterator[Finding]:
    """
    Judge whether the issuer that is believed is who signs.

    `theirs` are the keys that it publishes, `None` if it does not; `ours` those of SUPABASE_URL.
    """
    if not issuer_url.endswith("/auth/v1"):
        yield warning(
            "issuer",
            f"CONTROL_TOKEN_ISSUER is {issuer_url}, which no project's tokens say",
            "Supabase's end in /auth/v1: look at `iss` in a token",
        )
    elif theirs is not None and ours and not set(theirs) & set(ours):
        yield failure(
            "issuer",
            f"{issuer_url} publishes other keys than SUPABASE_URL: nobody who logs in is believed",
            "Let CONTROL_TOKEN_ISSUER and SUPABASE_URL name the same project",
        )
    else:
        yield ok("issuer", issuer_url)
