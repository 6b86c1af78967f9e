"""Who is calling, for the device list: address, program, place. Headers can be forged: nothing is decided by them.

What failures are counted by is another address: only what a proxy of ours wrote counts there.
"""

import ipaddress
from collections.abc import Iterable, Mapping

from doorward.ids import new_row_id
from doorward.sessions.model import Device

LONGEST = 512
ADDRESS_HEADERS = ("true-client-ip", "x-real-ip")
# Proxies of one's own, which say nothing about the client. Python's `is_private` knows more ranges than Kratos skips.
OWN_NETWORKS = tuple(
    ipaddress.ip_network(each)
    for each in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def device_of(headers: Mapping[str, str], peer: str) -> Device:
    """The device of a request; `peer` is the address at the other end of the connection."""
    agent = headers.get("user-agent")
    return Device(
        id=new_row_id(),
        ip_address=client_address(headers, peer),
        user_agent=None if agent is None else agent[:LONGEST],
        location=location_of(headers),
    )


def client_address(headers: Mapping[str, str], peer: str) -> str:
    """True-Client-IP, X-Real-IP, the last of X-Forwarded-For that is none of one's own, the CDN's, `peer` (as Kratos).

    What is no address at all is kept as it was sent: it is for people to read.
    """
    for name in ADDRESS_HEADERS:
        if headers.get(name):
            return headers[name][:LONGEST]
    for forwarded in reversed(headers.get("x-forwarded-for", "").split(",")):
        if (text := forwarded.strip()) and not _is_own(text):
            return text[:LONGEST]
    return headers.get("cf-connecting-ip", "")[:LONGEST] or peer


def counted_address(headers: Mapping[str, str], peer: str, proxies: Iterable[Network]) -> str:
    """The nearest address that is no proxy of ours: the network to count by.

    `X-Forwarded-For` is read from its end, where our own proxy wrote, and only as far as proxies of ours answer for it:
    those at private addresses and in `proxies`. Whoever connects from elsewhere is counted as who they are, whatever
    they send. A proxy that sets `X-Real-IP` instead is believed where there is no `X-Forwarded-For`.
    """
    trusted = (*OWN_NETWORKS, *proxies)
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    if not hops and headers.get("x-real-ip"):
        hops = [headers["x-real-ip"].strip()]
    nearest = _plain(peer)
    while hops and _is_in(nearest, trusted):
        nearest = _plain(hops.pop()[:LONGEST])
    return nearest


def _plain(text: str) -> str:
    """An IPv4 address as itself: a socket for both kinds shows `::ffff:192.0.2.1`, and those are all one network."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return text if mapped is None else str(mapped)


def location_of(headers: Mapping[str, str]) -> str:
    """`Berlin, DE` when the CDN tells it, else ""."""
    parts = (headers.get("cf-ipcity", ""), headers.get("cf-ipcountry", ""))
    return ", ".join(part[:LONGEST] for part in parts if part)


def _is_own(text: str) -> bool:
    return _is_in(text, OWN_NETWORKS)


def _is_in(text: str, networks: Iterable[Network]) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)
