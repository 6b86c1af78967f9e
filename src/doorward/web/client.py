"""Who is calling, for the device list: address, program, place. Headers can be forged: nothing is decided by them."""

import ipaddress
from collections.abc import Mapping

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


def location_of(headers: Mapping[str, str]) -> str:
    """`Berlin, DE` when the CDN tells it, else ""."""
    parts = (headers.get("cf-ipcity", ""), headers.get("cf-ipcountry", ""))
    return ", ".join(part[:LONGEST] for part in parts if part)


def _is_own(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in OWN_NETWORKS)
