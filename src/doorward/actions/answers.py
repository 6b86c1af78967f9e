"""What a blocking web_hook's answer means for the flow: accepted, vetoed, patched, failed. Pure.

Kratos's table of statuses and shapes, lenient and strict where the recorded exchanges are. Texts hold no URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from doorward.actions.answer_json import Malformed, fields_of, first_value, list_of, storable, whole_value
from doorward.actions.identity_patch import read_patch
from doorward.actions.pointers import node_name
from doorward.actions.retry_after import retry_after_s
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.security.egress import EgressFailed, EgressRefused, EgressTimeout, OutgoingResponse

IMPROPER = "A third-party upstream service responded improperly. Please try again later."
UNREACHABLE = "A third-party upstream service could not be reached. Please try again later."
NO_ENTRIES = "error while parsing webhook response: got no validation errors"
UNREADABLE = "webhook response could not be unmarshalled properly from JSON"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The flow goes on."""


@dataclass(frozen=True, slots=True)
class VetoMessage:
    """One message for the person. `type` is error or info; `has_context` tells a context of null from none."""

    id: int
    text: str
    type: str
    context: Any = None
    has_context: bool = False


@dataclass(frozen=True, slots=True)
class VetoEntry:
    """Messages on the node of that name, or on the whole form where `node` is None."""

    node: str | None
    messages: tuple[VetoMessage, ...]


@dataclass(frozen=True, slots=True)
class Veto:
    """The flow stops. Without any message it stops all the same."""

    entries: tuple[VetoEntry, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """Fields of the identity to replace whole; an absent name is left alone."""

    fields: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class UpstreamFailed:
    """The call failed. `status` is 502, 504 (both with `reason`), or 500: an error without a reason of its own.

    `may_pass`: worth another attempt (Kratos makes three), after `retry_after_s` where the target asked for a wait.
    """

    status: int
    message: str
    reason: str | None = None
    may_pass: bool = False
    retry_after_s: float | None = None


Answer = Accepted | Veto | Patch | UpstreamFailed


def interpret(settings: WebHookSettings, response: OutgoingResponse, now: datetime | None = None) -> Answer:
    """The decision table, by status and flags. `Retry-After` is read where `now` is given."""
    status = response.status
    if is_worth_retrying(status):
        wait_s = retry_after_s(response, now) if now is not None else None
        return UpstreamFailed(500, f"webhook failed with status code {status}", may_pass=True, retry_after_s=wait_s)
    try:
        if status >= 400:
            if settings.is_blocking:
                return _veto(response)
            return UpstreamFailed(502, f"webhook failed with status code {status}", IMPROPER)
        if status == 200 and settings.is_parsed:
            fields = read_patch(fields_of(whole_value(response), {"identity"}, "the body").get("identity"))
            return Patch(fields) if fields else Accepted()
    except Malformed as malformed:
        return UpstreamFailed(500, f"{UNREADABLE}: {malformed}")
    return Accepted()


def interpret_failure(error: EgressTimeout | EgressFailed | EgressRefused) -> UpstreamFailed:
    """What no answer at all means."""
    if isinstance(error, EgressTimeout):
        return UpstreamFailed(504, "the webhook target did not answer in time", UNREACHABLE, may_pass=True)
    if isinstance(error, EgressRefused):
        return UpstreamFailed(500, f"the webhook target must not be called from here ({error.rule}): no route to host")
    may_pass = error.kind not in {"redirects", "certificate"}
    return UpstreamFailed(500, f"the webhook target could not be called ({error.kind})", may_pass=may_pass)


def is_worth_retrying(status: int) -> bool:
    """429 and every 5xx but 501: such an answer is never read, only counted."""
    return status == 429 or (status >= 500 and status != 501)


def _veto(response: OutgoingResponse) -> Veto | UpstreamFailed:
    body = fields_of(first_value(response), {"messages"}, "the body")
    entries = list_of(body.get("messages"), "messages")
    if not entries:
        return UpstreamFailed(500, NO_ENTRIES)
    return Veto(tuple(_entry(entry) for entry in entries))


def _entry(raw: Any) -> VetoEntry:
    found = fields_of(raw, {"instance_ptr", "messages"}, "an entry")
    pointer = found.get("instance_ptr")
    if pointer is not None and not isinstance(pointer, str):
        raise Malformed("instance_ptr is not a text")
    messages = list_of(found.get("messages"), "messages")
    return VetoEntry(node_name(storable(pointer or "")), tuple(_message(message) for message in messages))


def _message(raw: Any) -> VetoMessage:
    found = fields_of(raw, {"id", "text", "type", "context"}, "a message")
    number, text, kind = found.get("id"), found.get("text"), found.get("type")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int) or abs(number) >= 1 << 63):
        raise Malformed("the id of a message is not a whole number")
    if not isinstance(text, str | None) or not isinstance(kind, str | None):
        raise Malformed("text and type of a message are texts")
    return VetoMessage(
        id=number or 0,
        text=storable(text or ""),
        type="error" if kind == "error" else "info",
        context=storable(found.get("context")),
        has_context="context" in found,
    )
