"""Addresses that a client gives for somebody else to open: of the public internet only."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

MAX_CHARACTERS: Final = 2048
_MAX_NAME_CHARACTERS: Final = 253  # RFC 1035
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
# Any last label that `inet_aton` could take for a part of an IPv4 address; no top-level domain looks so.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
# Zones of somebody's own network: RFC 6761, RFC 6762, RFC 8375, RFC 9476, ICANN's `internal`.
_PRIVATE_ZONES: Final = frozenset(
    {"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private"}
    | {"arpa", "alt", "onion", "test", "invalid"}
)
# Networks that `ipaddress` calls global in some of the Pythons that this runs on.
_NOT_PUBLIC: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(
    ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "64:ff9b:1::/48", "2001::/23")
)
_PUBLIC_V6: Final = ip_network("2000::/3")  # all that is handed out to anybody, RFC 4291
_NAT64: Final = ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_BITS: Final = 32


class InvalidAddressError(ValueError):
    """The address may not be opened; the message ends a sentence that begins with the field's name."""


def check_public_https(url: str) -> None:
    """Check an address by what it says; where its name leads to is for whoever opens it to check.

    Raises:
        InvalidAddressError: not https, with a user, or of a host that is not of the public internet.
    """
    if len(url) > MAX_CHARACTERS:
        raise InvalidAddressError(f"has {len(url)} characters; {MAX_CHARACTERS} are allowed")
    # Readers of addresses differ in what they make of a backslash, a control character or a space.
    if not url.isascii() or any(c <= " " or c in "\\\x7f" for c in url):
        raise InvalidAddressError("holds a character that no address may hold as it is")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidAddressError("is not an address") from None
    if parts.scheme != "https":
        raise InvalidAddressError("must begin with https://")
    if "@" in parts.netloc:
        raise InvalidAddressError("must not hold a user or password")
    _check_host(host, in_brackets="[" in parts.netloc)


def _check_host(host: str, *, in_brackets: bool) -> None:
    if not (_is_public_literal(host) if in_brackets or _is_number(host) else _is_public_name(host)):
        raise InvalidAddressError("must be a host of the public internet")


def _is_number(host: str) -> bool:
    return _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]) is not None


def _is_public_name(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    return (
        len(host) <= _MAX_NAME_CHARACTERS
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and labels[-1] not in _PRIVATE_ZONES
    )


def _is_public_literal(host: str) -> bool:
    try:
        if ":" in host:
            # A zone (`%eth0`) is of the machine that opens the address.
            return "%" not in host and _is_public_v6(IPv6Address(host))
        return _is_public_v4(_v4(host.removesuffix(".").split(".")))
    except ValueError:
        return False


def _v4(parts: list[str]) -> IPv4Address:
    """Read decimal, octal, hexadecimal and shortened notations, as clients of C's `inet_aton` do."""
    *bytes_, rest = (_part(part) for part in parts)
    if any(byte > 0xFF for byte in bytes_) or rest >> _BITS - 8 * len(bytes_):  # noqa: PLR2004 - a byte's end
        raise ValueError("not an IPv4 address")
    start = sum(byte << _BITS - 8 * (index + 1) for index, byte in enumerate(bytes_))
    return IPv4Address(start + rest)


def _part(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not _is_special(address)


def _is_public_v6(address: IPv6Address) -> bool:
    inside = address.ipv4_mapped or address.sixtofour
    if inside is None and address in _NAT64:
        inside = IPv4Address(int(address) & 0xFFFF_FFFF)
    if inside is not None:
        return _is_public_v4(inside)
    return address in _PUBLIC_V6 and address.is_global and not _is_special(address)


def _is_special(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in _NOT_PUBLIC)
