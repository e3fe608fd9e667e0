"""
Tracked links: a code that says by itself where it leads, and proves that we said so.

    base64url( version | delivery id | account's length | account | url | tag )
                  1          16              1                             16   bytes

The tag is HMAC-SHA256 over what stands before it, cut to 16 bytes: without a secret nobody makes a
code, so a link of ours cannot be bent to lead elsewhere, and none needs to be looked up.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

from pydantic import SecretStr

from switchboard.contracts import AccountId
from switchboard.errors import Failure

_VERSION: Final = b"\x01"
_ID_BYTES: Final = 16
_TAG_BYTES: Final = 16  # 128 bits, as NIST SP 800-107 has it for a truncated HMAC
_HEAD_BYTES: Final = 1 + _ID_BYTES + 1
# The longest URL that every browser and proxy in use takes whole.
MAX_URL_CHARACTERS: Final = 2_000


class LinkInvalid(Failure):
    """The code was not made by us, or not with a secret we still accept."""

    reason = "link_invalid"


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads, and which delivery of whose carried it."""

    delivery_id: UUID
    account_id: AccountId
    url: str


class LinkCodec:
    """Writes and reads codes. The first secret signs, all are accepted."""

    def __init__(self, secrets: Sequence[SecretStr]) -> None:
        if not secrets:
            raise ValueError("a LinkCodec needs a secret")
        self._keys = [secret.get_secret_value().encode() for secret in secrets]

    def code(self, delivery_id: UUID, account_id: AccountId, url: str) -> str:
        """
        Return the code of the link to `url` in the delivery `delivery_id`.

        Characters a URL may not have are written as it must: `%C3%A9`, `xn--`.

        Raises:
            ValueError: `url` is not http(s), names no host or is too long; or `account_id` is no
                id of Meta's.
        """
        account, target = account_id.encode("ascii"), _ascii(url).encode("ascii")
        head = _VERSION + delivery_id.bytes + bytes([len(account)])
        content = head + account + target
        return (
            base64.urlsafe_b64encode(content + _tag(self._keys[0], content)).rstrip(b"=").decode()
        )

    def read(self, code: str) -> Link:
        """
        Return the link that `code` is.

        Raises:
            LinkInvalid: It is none of ours.
        """
        signed = _decoded(code)
        content, tag = signed[:-_TAG_BYTES], signed[-_TAG_BYTES:]
        fits = [hmac.compare_digest(tag, _tag(key, content)) for key in self._keys]
        if True not in fits or not content.startswith(_VERSION):
            raise LinkInvalid("the code was not made here")
        ends = _HEAD_BYTES + content[_HEAD_BYTES - 1]
        return Link(
            delivery_id=UUID(bytes=content[1 : 1 + _ID_BYTES]),
            account_id=AccountId(content[_HEAD_BYTES:ends].decode("ascii")),
            url=content[ends:].decode("ascii"),
        )


def _tag(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + content, "sha256")[:_TAG_BYTES]


def _decoded(code: str) -> bytes:
    """Return the bytes of `code`, if it is the one spelling of them that we write."""
    try:
        signed = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except (binascii.Error, ValueError):
        raise LinkInvalid("the code is not base64url") from None
    if base64.urlsafe_b64encode(signed).rstrip(b"=").decode() != code:
        raise LinkInvalid("the code is not spelled as we spell it")
    return signed


def _ascii(url: str) -> str:
    """Return `url` as it travels in a header."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a tracked link leads to http:// or https:// and a host")
    netloc = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    written = urlunsplit((parts.scheme, netloc, *(quote(part, safe=_SAFE) for part in parts[2:])))
    if not _PRINTABLE.fullmatch(written):
        raise ValueError("the link's host has a character that no host has")
    if len(written) > MAX_URL_CHARACTERS:
        raise ValueError(f"the link has {len(written)} characters; {MAX_URL_CHARACTERS} are taken")
    return written


# So that a tag made for a link is good for nothing else the same secret may sign one day.
_PURPOSE: Final = b"switchboard tracked link\x00"
_SAFE: Final = "%/:?#[]@!$&'()*+,;=~-._"  # RFC 3986: reserved, unreserved, and what is written so
_PRINTABLE: Final = re.compile(r"[!-~]+")
