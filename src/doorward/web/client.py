"""Who is calling, for the device list: address, program, place. Headers can be forged: nothing is decided by them."""

import ipaddress
from collections.abc import Mapping

from doorward.ids import new_row_id
from doorward.sessions.model import Device

USER_AGENT_MAX = 512
ADDRESS_HEADERS = ("true-client-ip", "x-real-ip")


def device_of(headers: Mapping[str, str], peer: str) -> Device:
    """The device of a request; `peer` is the address at the other end of the connection."""
    return Device(
        id=new_row_id(),
        ip_address=client_address(headers, peer),
        user_agent=headers.get("user-agent", "")[:USER_AGENT_MAX],
        location=location_of(headers),
    )


def client_address(headers: Mapping[str, str], peer: str) -> str:
    """As in Kratos: True-Client-IP, X-Real-IP, the last public one of X-Forwarded-For, the CDN's, the connection's."""
    for name in ADDRESS_HEADERS:
        if headers.get(name):
            return headers[name][:USER_AGENT_MAX]
    for forwarded in reversed(headers.get("x-forwarded-for", "").split(",")):
        if _is_public(forwarded.strip()):
            return forwarded.strip()
    return headers.get("cf-connecting-ip", "")[:USER_AGENT_MAX] or peer


def location_of(headers: Mapping[str, str]) -> str:
    """`Berlin, DE` when the CDN tells it, else ""."""
    parts = (headers.get("cf-ipcity", ""), headers.get("cf-ipcountry", ""))
    return ", ".join(part[:USER_AGENT_MAX] for part in parts if part)


def _is_public(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False
