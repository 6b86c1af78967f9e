"""Where templates come from: a file, base64, the web. What they do when evaluated is `sandbox`'s business."""

import asyncio
import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from doorward.actions.answers import interpret_failure, is_worth_retrying
from doorward.clock import Clock
from doorward.errors import Misconfigured, Unavailable
from doorward.security.egress import Egress, EgressFailed, EgressRefused, EgressTimeout, OutgoingRequest

LIMIT_BYTES = 256 << 10
KEPT = timedelta(hours=1)
FETCH_TIMEOUT_S = 10.0
REDIRECTS = 9
VERSION_CHARS = 16


class TemplateInvalid(Misconfigured):
    """A template cannot be read. The operator has to change its location or its content."""


class TemplateUnavailable(Unavailable):
    """A template cannot be fetched at the moment."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        """`may_pass`: worth asking again within seconds."""
        self.may_pass = may_pass
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Template:
    """A template's text. Two texts of one version are the same text."""

    text: str = field(repr=False)

    @property
    def version(self) -> str:
        """The first 16 hex digits of the text's SHA-256; deliveries record it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:VERSION_CHARS]


class TemplateSource:
    """Loads templates by URI. Those from the web are kept for an hour, and longer while they cannot be fetched."""

    def __init__(self, egress: Egress, clock: Clock) -> None:
        self._egress = egress
        self._clock = clock
        self._kept: dict[str, tuple[datetime, str]] = {}
        self._fetching: dict[str, asyncio.Lock] = {}

    async def load(self, uri: str) -> str:
        """The text behind `base64://`, `file://`, `http(s)://`, or a bare path (as Kratos once had it).

        Raises TemplateInvalid (nothing there, not UTF-8, too large), TemplateUnavailable (may pass).
        """
        scheme, separator, rest = uri.partition("://")
        if not separator:
            return await _read(uri)
        match scheme.lower():
            case "base64":
                return _decode(rest)
            case "file":
                # As it stands (as in Kratos); only where there is no such file is %20 a blank.
                return await _read(rest, unquote(rest))
            case "http" | "https":
                return await self._fetch(uri)
        return await _read(uri)

    async def load_template(self, uri: str) -> Template:
        """`load` with the version id."""
        return Template(await self.load(uri))

    async def _fetch(self, url: str) -> str:
        async with self._fetching.setdefault(url, asyncio.Lock()):
            now = self._clock.now()
            kept = self._kept.get(url)
            if kept is not None and timedelta() <= now - kept[0] < KEPT:
                return kept[1]
            try:
                text = await self._download(url)
            except TemplateUnavailable:
                if kept is None:
                    raise
                text = kept[1]
            self._kept[url] = (now, text)
            return text

    async def _download(self, url: str) -> str:
        request = OutgoingRequest(
            "GET", url, timeout_s=FETCH_TIMEOUT_S, follow_redirects=REDIRECTS, max_response_bytes=LIMIT_BYTES
        )
        try:
            answer = await self._egress.send(request)
        except EgressRefused as error:
            raise TemplateInvalid(f"The template cannot be fetched: {error}") from None
        except (EgressFailed, EgressTimeout) as error:
            may_pass = interpret_failure(error).may_pass
            raise TemplateUnavailable(f"The template cannot be fetched: {error}", may_pass=may_pass) from None
        if answer.status != 200:
            reason = f"The template cannot be fetched: the server answered {answer.status}."
            raise TemplateUnavailable(reason, may_pass=is_worth_retrying(answer.status))
        if answer.truncated:
            raise _too_large()
        return _text(answer.body)


async def _read(path: str, otherwise: str | None = None) -> str:
    try:
        content = await asyncio.to_thread(_read_bytes, path, otherwise or path)
    except (OSError, ValueError) as error:
        detail = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise TemplateInvalid(f"The template file {path!r} cannot be read: {detail}.") from None
    return _text(content)


def _read_bytes(path: str, otherwise: str) -> bytes:
    found = Path(path)
    with (found if found.exists() else Path(otherwise)).open("rb") as file:
        return file.read(LIMIT_BYTES + 1)


def _decode(encoded: str) -> str:
    try:
        return _text(base64.b64decode(encoded, validate=True))
    except binascii.Error:
        raise TemplateInvalid("The base64 of the template is damaged.") from None


def _text(content: bytes) -> str:
    if len(content) > LIMIT_BYTES:
        raise _too_large()
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise TemplateInvalid("The template is not UTF-8 text.") from None


def _too_large() -> TemplateInvalid:
    return TemplateInvalid(f"The template is larger than {LIMIT_BYTES} bytes.")
