"""Sessions as JSON, in the shape of Kratos's GET /sessions/whoami. The tokens are never part of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doorward.clock import rfc3339
from doorward.sessions.model import Session
from doorward.sessions.service import is_live


def session_json(session: Session, identity: Mapping[str, Any] | None, is_identity_active: bool, now: datetime) -> Any:
    """`identity` is the public JSON of the person, None leaves the key out; `active` is computed, as in Kratos."""
    body: dict[str, Any] = {
        "id": str(session.id),
        "active": is_identity_active and is_live(session, now),
        "expires_at": rfc3339(session.expires_at),
        "authenticated_at": rfc3339(session.authenticated_at),
        "authenticator_assurance_level": session.aal,
        "authentication_methods": [
            {"method": item.method, "aal": item.aal, "completed_at": rfc3339(item.completed_at)}
            for item in session.methods
        ],
        "issued_at": rfc3339(session.issued_at),
        "devices": [
            {
                "id": str(device.id),
                "ip_address": device.ip_address,
                "user_agent": device.user_agent,
                "location": device.location,
            }
            for device in session.devices
        ],
    }
    if identity is not None:
        body["identity"] = identity
    return body
