"""Classes of IP addresses: which of them a server may be talked into calling, and which never.

Sources: the IANA special-purpose registries for IPv4 and IPv6; the metadata addresses of the large clouds.
"""

import socket
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class AddressClass(StrEnum):
    """What an address is for. The values are the rule names in errors."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link_local"
    METADATA = "metadata"
    RESERVED = "reserved"


NEVER = frozenset({AddressClass.LINK_LOCAL, AddressClass.METADATA, AddressClass.RESERVED})
"""No setting opens these: nobody's web_hook lives there, and cloud credentials do."""


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# The first match decides, so that a metadata address inside a private range stays closed when the range is opened.
_CLASSES: tuple[tuple[AddressClass, tuple[Network, ...]], ...] = (
    (
        AddressClass.METADATA,
        _networks(
            "169.254.169.254/32",
            "169.254.170.2/32",
            "169.254.170.23/32",
            "100.100.100.200/32",
            "192.0.0.192/32",
            "168.63.129.16/32",
            "fd00:ec2::254/128",
            "fd00:ec2::23/128",
            "fd20:ce::254/128",
        ),
    ),
    (AddressClass.LINK_LOCAL, _networks("169.254.0.0/16", "fe80::/10")),
    (AddressClass.LOOPBACK, _networks("127.0.0.0/8", "::1/128")),
    (
        AddressClass.PRIVATE,
        _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"),
    ),
    (
        AddressClass.RESERVED,
        _networks(
            "0.0.0.0/8",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "2001::/23",
            "2001:db8::/32",
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    ),
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")


def classify(address: Address) -> AddressClass:
    """The class of the address that packets would reach: IPv4 inside IPv6 is judged as IPv4."""
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return classify(inner)
    for kind, networks in _CLASSES:
        if any(address in network for network in networks if network.version == address.version):
            return kind
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return AddressClass.RESERVED
    return AddressClass.PUBLIC


def find_literal(host: str) -> Address | None:
    """The address if the host is one, in any spelling that the C library accepts (`2130706433`, `0x7f.1`)."""
    text = host.strip("[]").partition("%")[0]
    try:
        return ip_address(text)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(text))
    except (OSError, ValueError):
        return None


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _SIX_TO_FOUR:
        return address.sixtofour
    # ::a.b.c.d, deprecated since RFC 4291; :: and ::1 are not of that kind
    if int(address) >> 32 == 0 and int(address) > 0xFFFF:
        return IPv4Address(int(address))
    return None
