"""Frozen data of messages to people: which template, to whom, with what in it. Wording is `wordings`'s business."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

MINUTE_S = 60


class Channel(StrEnum):
    """The kind of address."""

    EMAIL = "email"
    SMS = "sms"


class TemplateType(StrEnum):
    """Every message that Doorward sends, under Kratos's names. Ours are `credentials_changed`, and `alert` for the
    operator.
    """

    RECOVERY_VALID = "recovery_valid"
    RECOVERY_INVALID = "recovery_invalid"
    RECOVERY_CODE_VALID = "recovery_code_valid"
    RECOVERY_CODE_INVALID = "recovery_code_invalid"
    VERIFICATION_VALID = "verification_valid"
    VERIFICATION_INVALID = "verification_invalid"
    VERIFICATION_CODE_VALID = "verification_code_valid"
    VERIFICATION_CODE_INVALID = "verification_code_invalid"
    LOGIN_CODE_VALID = "login_code_valid"
    REGISTRATION_CODE_VALID = "registration_code_valid"
    ADDRESS_CHANGED = "verifiable_address_changed"
    AUTHENTICATOR_KEY_ADDED = "authenticator_key_added"
    CREDENTIALS_CHANGED = "credentials_changed"
    ALERT = "alert"

    @property
    def kratos_name(self) -> str:
        """As Kratos's API names it: its clients refuse a list with a name that they do not know."""
        return "stub" if self in OURS else self.value

    @property
    def is_recovery(self) -> bool:
        """Somebody is locked out and waits: such messages are claimed ahead of everything else."""
        return self.value.startswith("recovery")

    @property
    def flow(self) -> str:
        """`recovery`, `verification`, `login` or `registration`: the first part of the names of its code and URL."""
        return self.value.split("_")[0]


OURS = frozenset({TemplateType.CREDENTIALS_CHANGED, TemplateType.ALERT})


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person.

    `data` is what templates may use, JSON values under Kratos's names in snake case (make it with `template_data`).
    `identity_id` is None where nobody with that address is known. A message that was not sent by `useful_until` is
    given up: what is in it has expired. `locale` is the flow's.
    """

    template: TemplateType
    channel: Channel
    recipient: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    identity_id: UUID | None = None
    locale: str = "en"
    useful_until: datetime | None = None
    flow_kind: str | None = None
    flow_id: UUID | None = None
    trace_id: str = ""


def template_data(
    template: TemplateType,
    to: str,
    *,
    code: str | None = None,
    url: str | None = None,
    identity: Mapping[str, Any] | None = None,
    traits: Mapping[str, Any] | None = None,
    request_url: str = "",
    transient_payload: Mapping[str, Any] | None = None,
    lifespan_s: float | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The `data` of a message.

    `code` and `url` go under the template's own names (`recovery_code`, `verification_url`, …); `identity` is the
    public form of the person; `traits` belongs to registration, where there is no identity yet; `lifespan_s` is how
    long code or link work, in seconds, told as `expires_in_minutes`. `more` is for templates with names of their own.
    """
    data: dict[str, Any] = {"to": to, "request_url": request_url, "transient_payload": dict(transient_payload or {})}
    named = {f"{template.flow}_code": code, f"{template.flow}_url": url, "identity": identity, "traits": traits}
    data |= {name: value for name, value in named.items() if value is not None}
    if lifespan_s is not None:
        data["expires_in_minutes"] = max(1, int(lifespan_s // MINUTE_S))
    return data | more
