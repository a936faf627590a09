"""Addresses that somebody else will open: none may lead into a private network, however it is written."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.addresses import MAX_CHARACTERS, InvalidAddressError, check_public_https

# https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry, and multicast
SPECIAL_V4 = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
]
SPECIAL_V6 = [
    *("::/128", "::1/128", "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23"),
    *("2001:db8::/32", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "4000::/2"),
]


def _inside(networks: list[str]) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    return st.sampled_from(networks).map(ip_network).flatmap(lambda net: st.ip_addresses(network=net))


def _notations(address: IPv4Address) -> list[str]:
    """Write an IPv4 address in the ways in which C's `inet_aton` reads it."""
    a, b, c, d = address.packed
    return [
        str(address),
        f"{address}.",
        f"{int(address)}",
        f"0x{int(address):x}",
        f"0X{int(address):X}",
        f"0{int(address):o}",
        f"{a}.{int(address) & 0xFFFFFF}",
        f"{a}.{b}.{c << 8 | d}",
        f"0x{a:x}.0{b:o}.{c}.0x{d:02x}",
        f"0{a:03o}.{b}.{c}.{d}",
    ]


def _is_refused(url: str) -> bool:
    try:
        check_public_https(url)
    except InvalidAddressError:
        return True
    return False


@given(_inside(SPECIAL_V4), st.integers(0, 9))
def test_no_special_ipv4_address_passes_in_any_notation(address: IPv4Address, notation: int) -> None:
    assert _is_refused(f"https://{_notations(address)[notation]}/a.png")


@given(_inside(SPECIAL_V6))
def test_no_special_ipv6_address_passes(address: IPv6Address) -> None:
    assert _is_refused(f"https://[{address}]/a.png")
    assert _is_refused(f"https://[{address.exploded}]/a.png")


@given(_inside(SPECIAL_V4), st.sampled_from(["::ffff:0:0", "64:ff9b::", "2002::", "::"]))
def test_no_special_ipv4_address_passes_inside_an_ipv6_one(address: IPv4Address, prefix: str) -> None:
    shift = 80 if prefix == "2002::" else 0
    wrapped = IPv6Address(int(IPv6Address(prefix)) | int(address) << shift)
    assert _is_refused(f"https://[{wrapped}]/a.png")


@given(st.ip_addresses(v=4))
def test_every_notation_of_an_ipv4_address_is_judged_alike(address: IPv4Address) -> None:
    judged = {_is_refused(f"https://{notation}/") for notation in _notations(address)}
    assert len(judged) == 1


@given(st.ip_addresses(v=6, network=IPv6Network("2600::/12")))
def test_public_ipv6_addresses_pass(address: IPv6Address) -> None:
    check_public_https(f"https://[{address}]/a.png")


@pytest.mark.parametrize("host", ["8.8.8.8", "1.1.1.1.", "134744072", "0x08080808", "[64:ff9b::808:808]"])
def test_public_addresses_pass(host: str) -> None:
    check_public_https(f"https://{host}/a.png")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/",
        "https://EXAMPLE.com:443/a.png",
        "https://example.com:8443/a.png",
        "https://a-b.c_d.example.co.uk/a%20b.png?x=1&y=@z#part",
        "https://xn--bcher-kva.example.com/a.png",
        "https://127.0.0.1.example.com/a.png",
        "https://10.example.com/",
        "https://localhost.example.com/",
        "https://my.internal.example.com/",
        "https://example.com./a.png",
        "HTTPS://example.com/a.png",
    ],
)
def test_names_of_the_public_internet_pass(url: str) -> None:
    check_public_https(url)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost.", "LOCALHOST", "a.localhost", "printer.local", "printer.LOCAL."),
        *("metadata.google.internal", "db.internal", "router.lan", "nas.home.arpa", "a.intranet", "a.test"),
        *("localhost.localdomain", "metadata", "host", "com", "a..com", ".example.com", "-a.com", "a-.com"),
        *("", ".", "..", "a" * 64 + ".com", "a." * 127 + "com", "ex%61mple.com", "example.com%00.internal"),
        *("169.254.169.254", "127.1", "0", "0x", "017700000001", "1.2.3.4.5", "256.256.256.256", "08.8.8.8"),
        *("0xg.1", "127.0x", "4294967296", "127.0.1.", "1..2", "999999999999999999999999999999"),
        *(
            "[::1",
            "::1]",
            "[]",
            "[1.2.3.4]",
            "[::1%25eth0]",
            "[fe80::1%eth0]",
            "[2600::1%251]",
            "[v1.a]",
            "[::g]",
        ),
        *("bücher.example", "①②⑦.⓪.⓪.①", "\uff11\uff12\uff17.0.0.1", "127。0。0。1"),
    ],
)
def test_hosts_that_are_not_of_the_public_internet_are_refused(host: str) -> None:
    assert _is_refused(f"https://{host}/a.png")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "https://"),
        ("ftp://example.com/", "https://"),
        ("//example.com/", "https://"),
        ("example.com", "https://"),
        ("javascript:alert(1)", "https://"),
        ("", "https://"),
        ("https:example.com", "public internet"),
        ("https:/example.com", "public internet"),
        ("https:///example.com", "public internet"),
        ("https://user@example.com/", "user"),
        ("https://user:password@example.com/", "user"),
        ("https://@example.com/", "user"),
        ("https://example.com@127.0.0.1/", "user"),
        ("https://example.com:99999/", "not an address"),
        ("https://example.com:x/", "not an address"),
        ("https://example.com\\@127.0.0.1/", "character"),
        ("https://127.0.0.1\\.example.com/", "character"),
        ("https://exa\tmple.com/", "character"),
        ("https://example.com/a b", "character"),
        (" https://example.com/", "character"),
        ("https://example.com/\n", "character"),
        ("https://example.com/\0", "character"),
        ("https://example.com/é", "character"),
        ("https://example.com/" + "a" * MAX_CHARACTERS, "characters"),
    ],
)
def test_a_refusal_says_why(url: str, why: str) -> None:
    with pytest.raises(InvalidAddressError, match=why):
        check_public_https(url)


@given(
    st.text()
    | st.text().map("https://{}".format)
    | st.text("0123456789abcdefx.:[]@/%\\", min_size=1).map("https://{}".format)
)
def test_whatever_is_given_passes_or_is_refused_and_nothing_else(url: str) -> None:
    with contextlib.suppress(InvalidAddressError):
        check_public_https(url)
