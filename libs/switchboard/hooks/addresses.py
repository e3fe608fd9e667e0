"""
Which addresses may be called. Pure, but for `public_socket`, which opens sockets to no other.

A name is checked by nobody: it may resolve to something else a moment later, or to several things.
What counts is the address a socket is about to be connected to, whether it came from a resolver or
was written in the URL, and in however odd a spelling.
"""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any, Final, TypeAlias

AddressInfo: TypeAlias = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]
]

# RFC 4291, 2.4: global unicast. Whatever else there is of IPv6 is for other purposes.
_UNICAST: Final = IPv6Network("2000::/3")
# RFC 6052: what a network without IPv4 translates to the IPv4 address in the last 32 bits.
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
_IPV4_BITS: Final = 0xFFFF_FFFF


class NotPublic(OSError):  # noqa: N818  says what is wrong, as our failures do
    """An address that is nobody's on the internet."""

    def __init__(self) -> None:
        # One sentence for all: if a name has several such addresses, aiohttp keeps the type.
        super().__init__(errno.EACCES, "not a public address")


def is_public(written: str) -> bool:
    """Return whether `written` is an address on the internet; one in a tunnel is not."""
    try:
        address = ip_address(written)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    if address.ipv4_mapped is not None:
        return _is_public_4(address.ipv4_mapped)
    if address in _TRANSLATED:
        return _is_public_4(IPv4Address(int(address) & _IPV4_BITS))
    # Tunnels lead to IPv4 addresses, and nobody's server is behind one (RFC 7526); Python's own
    # word on them has changed between its versions.
    is_tunnel = address.sixtofour is not None or address.teredo is not None
    return address in _UNICAST and address.is_global and not is_tunnel


def public_socket(info: AddressInfo) -> socket.socket:
    """
    Return a socket for the address in `info`, as aiohttp's connector asks for each connection.

    Raises:
        NotPublic: The address is none on the internet.
    """
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise NotPublic
    return socket.socket(family=family, type=kind, proto=protocol)


def _is_public_4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved
