"""What holds for every tracked link."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from switchboard.contracts import AccountId
from switchboard.links import Link, LinkCodec, LinkInvalid

SECRET, OTHER = SecretStr("the-secret-of-links"), SecretStr("another-secret-of-links")
CODEC = LinkCodec([SECRET])
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

accounts = st.text("0123456789", min_size=1, max_size=20).map(AccountId)
urls = st.builds(
    lambda scheme, host, path: f"{scheme}://{host}.example/{path}",
    st.sampled_from(["http", "https"]),
    st.text("abcdefghijklmnop0123456789", min_size=1, max_size=10),
    st.text("abc/?&=#%2F+~.:@!$'()*,;-_", max_size=40),
)


@given(delivery_id=st.uuids(), account_id=accounts, url=urls)
def test_what_is_written_is_read(delivery_id: UUID, account_id: AccountId, url: str) -> None:
    """A code gives back what it was made of, in characters that need no escaping in a path."""
    code = CODEC.code(delivery_id, account_id, url)
    link = CODEC.read(code)

    assert (delivery_id, account_id) == (link.delivery_id, link.account_id)
    # An empty query or fragment says nothing, and urllib leaves it out.
    asked, leads = (one.partition("#")[0].rstrip("?") for one in (url, link.url))
    assert asked == leads
    assert set(code) <= set(ALPHABET)
    assert link == CODEC.read(CODEC.code(link.delivery_id, link.account_id, link.url))


@given(url=urls, place=st.integers(0, 10_000), character=st.sampled_from(ALPHABET))
def test_no_character_of_a_code_can_be_another(url: str, place: int, character: str) -> None:
    """A code with one character changed is no code, whichever it is."""
    code = CODEC.code(UUID(int=7), AccountId("17841"), url)
    at = place % len(code)
    bent = code[:at] + character + code[at + 1 :]

    if bent == code:
        assert CODEC.read(bent).account_id == "17841"
    else:
        with pytest.raises(LinkInvalid):
            CODEC.read(bent)


@given(code=st.text(max_size=120) | st.text(ALPHABET, max_size=160))
def test_nothing_at_random_is_a_code(code: str) -> None:
    """Whatever stands in the path, it is refused as a code, never an error."""
    with pytest.raises(LinkInvalid):
        CODEC.read(code)


@given(url=urls, written=st.text(max_size=60))
def test_any_text_is_a_link_or_is_refused(url: str, written: str) -> None:
    """Text at random is refused, or becomes a URL that a header can hold and that is stable."""
    for text in (written, f"https://{written}", url + written):
        try:
            code = CODEC.code(UUID(int=7), AccountId("17841"), text)
        except ValueError:
            continue
        link = CODEC.read(code)
        assert link == Link(UUID(int=7), AccountId("17841"), link.url)
        assert all("!" <= character <= "~" for character in link.url)
        assert link.url.startswith(("http://", "https://"))


@given(url=urls)
def test_another_secret_reads_nothing(url: str) -> None:
    """Who does not know the secret makes no links."""
    code = LinkCodec([OTHER]).code(UUID(int=7), AccountId("17841"), url)

    with pytest.raises(LinkInvalid):
        CODEC.read(code)
