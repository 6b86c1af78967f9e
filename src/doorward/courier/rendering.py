"""Makes subject and bodies of a message: the operator's own templates where there are some, else the built-in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import urlsplit

from doorward.courier.layout import Sources, built_in
from doorward.courier.model import Channel, TemplateType
from doorward.courier.sandbox import MessageSandbox
from doorward.courier.wordings import WORDINGS

INITIALISMS = {"url": "URL", "id": "ID"}


class TextSource(Protocol):
    """Loads a template by URI (`actions.template.TemplateSource`). Raises Misconfigured and Unavailable kinds."""

    async def load(self, uri: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Overrides:
    """URIs of the operator's own templates for one message; None where the built-in one stays."""

    subject: str | None = None
    plain: str | None = None
    html: str | None = None
    sms: str | None = None


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """What the person reads. A text message has only `plain`."""

    subject: str = field(repr=False)
    plain: str = field(repr=False)
    html: str = field(default="", repr=False)


class MessageRenderer:
    """One per process and configuration."""

    def __init__(self, overrides: Mapping[TemplateType, Overrides], source: TextSource) -> None:
        self._overrides = overrides
        self._source = source
        self._sandbox = MessageSandbox()
        self._built_in: Mapping[TemplateType, Sources] = MappingProxyType(
            {name: built_in(wording) for name, wording in WORDINGS.items()}
        )

    async def render(self, template: TemplateType, channel: Channel, data: Mapping[str, Any]) -> RenderedMessage:
        """Raises GoTemplate, BrokenTemplate, and what the source raises for templates that cannot be loaded."""
        own = self._overrides.get(template, Overrides())
        words = self._built_in[template]
        values = values_of(data)
        if channel is Channel.SMS:
            text = await self._text(own.sms, words.sms)
            return RenderedMessage("", self._sandbox.render(text, values).strip())
        subject = self._sandbox.render(await self._text(own.subject, words.subject), values)
        plain = self._sandbox.render(await self._text(own.plain, words.plain), values)
        html = await self._text(own.html, words.html)
        return RenderedMessage(" ".join(subject.split()), plain, self._sandbox.render(html, values, is_html=True))

    async def _text(self, uri: str | None, words: str) -> str:
        return words if uri is None else await self._source.load(uri)


def values_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """What templates see: `data`, its names as Go templates of Kratos write them as well, and the request's domain."""
    known = {"request_url_domain": domain_of(data), **data}
    return {**{_go_name(name): value for name, value in known.items()}, **known}


def domain_of(data: Mapping[str, Any]) -> str:
    """The host at which the message was asked for; empty where it is not known."""
    return urlsplit(str(data.get("request_url") or "")).hostname or ""


def _go_name(name: str) -> str:
    return "".join(INITIALISMS.get(part, part.capitalize()) for part in name.split("_"))
