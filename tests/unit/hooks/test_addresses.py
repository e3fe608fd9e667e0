"""Which addresses are on the internet."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.hooks import is_public
from switchboard.hooks.addresses import NotPublic, public_socket


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "93.184.216.34",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",  # IPv4, written as IPv6
        "64:ff9b::808:808",  # 8.8.8.8 from a network without IPv4
    ],
)
def test_public_addresses(address: str) -> None:
    """Owners' servers are there."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",  # carrier-grade NAT
        "169.254.169.254",  # a cloud's metadata
        "169.254.170.2",  # a task's credentials
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",  # IPv4-compatible
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",  # a cloud's metadata
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "64:ff9b::7f00:1",  # 127.0.0.1, translated
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::1",  # 127.0.0.1, tunnelled
        "2002:808:808::1",  # 8.8.8.8, likewise
        "2002:a9fe:a9fe::1",
        "2001:0:7f00:1::1",  # Teredo by 127.0.0.1
        "4000::1",
        "localhost",
        "2130706433",
        "",
    ],
)
def test_other_addresses(address: str) -> None:
    """Our own network, the machine itself, and whatever leads to them in disguise, are not."""
    assert not is_public(address)
    with pytest.raises(NotPublic) as caught:
        public_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)))
    assert errno.EACCES == caught.value.errno


@given(address=st.ip_addresses(v=4))
def test_no_disguise_helps(address: IPv4Address) -> None:
    """However an IPv4 address is written as an IPv6 one, it is judged as what it is, or refused."""
    number = int(address)
    mapped = IPv6Address(0xFFFF_0000_0000 | number)
    translated = IPv6Address((0x64_FF9B << 96) | number)
    tunnelled = IPv6Address((0x2002 << 112) | (number << 80) | 1)
    compatible = IPv6Address(number)

    assert is_public(str(address)) is is_public(str(mapped))
    assert is_public(str(address)) is is_public(str(translated))
    assert not is_public(str(tunnelled))
    assert not is_public(str(compatible))


@given(address=st.ip_addresses(v=6))
def test_only_unicast_is_public(address: IPv6Address) -> None:
    """Of IPv6 nothing is public that no server on the internet can have."""
    if is_public(str(address)):
        unicast = int(address) >> 125 == 0b001
        assert unicast or address.ipv4_mapped or int(address) >> 32 == 0x64_FF9B << 64
        assert address.ipv4_mapped or not address.is_private
