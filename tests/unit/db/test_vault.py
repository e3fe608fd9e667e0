"""The vault: what is sealed opens for its account, with its key, unchanged; else not."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.db.credentials import CannotOpen, Sealed, Vault

ACCOUNT = UUID("11111111-1111-4111-8111-111111111111")
TOKEN = "IGAAsecret"
KEY, OTHER_KEY = b"1" * 32, b"2" * 32
VAULT = Vault({"k1": KEY})


@given(token=st.text(), account=st.uuids())
def test_what_is_sealed_opens(token: str, account: UUID) -> None:
    """Any token comes back as it was, for its account."""
    assert token == VAULT.open(VAULT.seal(token, account), account)


@given(position=st.integers(min_value=0), bit=st.integers(0, 7), in_nonce=st.booleans())
def test_any_changed_bit(position: int, bit: int, *, in_nonce: bool) -> None:
    """One bit changed anywhere, and it does not open; the token is not in the error."""
    sealed = VAULT.seal(TOKEN, ACCOUNT)
    part = bytearray(sealed.nonce if in_nonce else sealed.ciphertext)
    part[position % len(part)] ^= 1 << bit
    changed = (
        Sealed("k1", bytes(part), sealed.ciphertext)
        if in_nonce
        else Sealed("k1", sealed.nonce, bytes(part))
    )

    with pytest.raises(CannotOpen) as caught:
        VAULT.open(changed, ACCOUNT)

    assert TOKEN not in str(caught.value)


def test_for_another_account() -> None:
    """A token moved to another account's row does not open there."""
    with pytest.raises(CannotOpen, match="sealed for another account"):
        VAULT.open(VAULT.seal(TOKEN, ACCOUNT), uuid4())


def test_a_secret_does_not_open_for_another_purpose() -> None:
    """Moved from the webhooks' secrets to the tokens, or the other way, it is nothing."""
    with pytest.raises(CannotOpen):
        VAULT.open(VAULT.seal(TOKEN, ACCOUNT, "webhook"), ACCOUNT)
    with pytest.raises(CannotOpen):
        VAULT.open(VAULT.seal(TOKEN, ACCOUNT), ACCOUNT, "webhook")


def test_with_an_unknown_key() -> None:
    """The error names the key that is missing, and those that are there."""
    with pytest.raises(CannotOpen, match="key 'k1'; known are 'k2'"):
        Vault({"k2": KEY}).open(VAULT.seal(TOKEN, ACCOUNT), ACCOUNT)


def test_with_a_key_of_the_same_name() -> None:
    """Another key under the old name is noticed."""
    with pytest.raises(CannotOpen):
        Vault({"k1": OTHER_KEY}).open(VAULT.seal(TOKEN, ACCOUNT), ACCOUNT)


def test_cut_short() -> None:
    """A value that was cut off does not open, and is no other error."""
    with pytest.raises(CannotOpen):
        VAULT.open(Sealed("k1", b"", b""), ACCOUNT)


def test_changing_keys() -> None:
    """The first key seals; what the older ones sealed still opens."""
    both = Vault({"k2": OTHER_KEY, "k1": KEY})

    assert both.seal(TOKEN, ACCOUNT).key_id == "k2"
    assert TOKEN == both.open(VAULT.seal(TOKEN, ACCOUNT), ACCOUNT)


def test_the_same_token_twice() -> None:
    """Two seals of one token have nothing in common."""
    one, two = VAULT.seal(TOKEN, ACCOUNT), VAULT.seal(TOKEN, ACCOUNT)

    assert one.nonce != two.nonce
    assert one.ciphertext != two.ciphertext


@pytest.mark.parametrize(
    ("keys", "fault"), [({}, "needs a key"), ({"k1": b"short"}, "'k1' has 5 bytes")]
)
def test_keys_that_cannot_be_right(keys: dict[str, bytes], fault: str) -> None:
    """A vault without a key, or with one of another length, is refused by name."""
    with pytest.raises(ValueError, match=fault) as caught:
        Vault(keys)

    assert "short" not in str(caught.value)
