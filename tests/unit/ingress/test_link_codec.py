"""The codes of tracked links."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest
from pydantic import SecretStr

from switchboard.contracts import AccountId
from switchboard.links import Link, LinkCodec, LinkInvalid

OLD, NEW = SecretStr("the-former-link-secret"), SecretStr("the-present-link-secret")
DELIVERY = UUID("6f8ae4b2-21c3-4f0e-9a66-0f3c2f1f6a11")
ACCOUNT = AccountId("17841455500000007")
URL = "https://shop.example/autumn?size=41&ref=%C3%A9#top"


def test_a_code_says_where_it_leads() -> None:
    """What is written into a code is read from it."""
    codec = LinkCodec([NEW])

    assert Link(DELIVERY, ACCOUNT, URL) == codec.read(codec.code(DELIVERY, ACCOUNT, URL))


def test_a_former_secret_is_accepted_until_it_is_taken_away() -> None:
    """Links already sent go on working while their secret is still listed, and no longer."""
    code = LinkCodec([OLD]).code(DELIVERY, ACCOUNT, URL)

    assert LinkCodec([NEW, OLD]).read(code).url == URL
    with pytest.raises(LinkInvalid):
        LinkCodec([NEW]).read(code)


def test_the_first_secret_signs() -> None:
    """A new code is made with the secret that stays."""
    code = LinkCodec([NEW, OLD]).code(DELIVERY, ACCOUNT, URL)

    assert LinkCodec([NEW]).read(code).url == URL


@pytest.mark.parametrize(
    ("written", "travels"),
    [
        ("http://shop.example", "http://shop.example"),
        ("https://shop.example/café au lait", "https://shop.example/caf%C3%A9%20au%20lait"),
        ("https://bücher.example/ü?q=ä", "https://xn--bcher-kva.example/%C3%BC?q=%C3%A4"),
        ("https://shop.example/a\r\nSet-Cookie: b", "https://shop.example/aSet-Cookie:%20b"),
        (
            "https://shop.example:8443/%2F?u=https://x.y/",
            "https://shop.example:8443/%2F?u=https://x.y/",
        ),
    ],
)
def test_a_url_travels_as_a_header_can_hold_it(written: str, travels: str) -> None:
    """What a URL may not have is written as it must be; what is well written stays as it is."""
    codec = LinkCodec([NEW])

    assert travels == codec.read(codec.code(DELIVERY, ACCOUNT, written)).url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "//shop.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://shop.example",
        "https://",
        "https:///path",
        "https://sh op.example/",
        "https://[::1",
        "https://shop.example/" + "x" * 2_000,
    ],
)
def test_only_web_addresses_are_linked(url: str) -> None:
    """A link leads to a web page, and to nothing else a browser would act on."""
    with pytest.raises(ValueError):  # noqa: PT011  also urllib's own, for a broken address
        LinkCodec([NEW]).code(DELIVERY, ACCOUNT, url)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "x",
        "AAAA",
        "é",
        "a/b+c=",
        base64.urlsafe_b64encode(bytes(16)).decode().rstrip("="),
        base64.urlsafe_b64encode(b"\x01" + bytes(60)).decode().rstrip("="),
        LinkCodec([NEW]).code(DELIVERY, ACCOUNT, URL) + "=",
        LinkCodec([NEW]).code(DELIVERY, ACCOUNT, URL) + "\n",
        LinkCodec([NEW]).code(DELIVERY, ACCOUNT, URL) + "A",
        LinkCodec([NEW]).code(DELIVERY, ACCOUNT, URL)[:-1],
        LinkCodec([OLD]).code(DELIVERY, ACCOUNT, URL),
    ],
)
def test_no_other_code_leads_anywhere(code: str) -> None:
    """What we did not write is refused."""
    with pytest.raises(LinkInvalid):
        LinkCodec([NEW]).read(code)


def test_without_a_secret_there_are_no_links() -> None:
    """A codec that would accept anything cannot be made."""
    with pytest.raises(ValueError, match="secret"):
        LinkCodec([])
