"""/ui/mailbox, in development: every message as it was sent, with links to click and codes to copy."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.courier.mailbox import Mail, Mailbox
from doorward.ui.render import Pages

SHOWN = 50
LINK = re.compile(r"https?://[^\s<>\"']+")
CODE = re.compile(r"[0-9A-Za-z]{4,12}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; a link where `is_link`."""

    text: str
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a message. `is_code`: nothing but a code stands in it."""

    pieces: tuple[Piece, ...]
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class MailView:
    """What the page shows of a message."""

    id: str
    subject: str
    recipient: str
    kind: str
    at: str
    lines: tuple[Line, ...]


class MailboxPage:
    """Not routed outside of development."""

    def __init__(self, pages: Pages, mailbox: Mailbox) -> None:
        self._pages = pages
        self._mailbox = mailbox

    def routes(self) -> list[Route]:
        return [Route("/ui/mailbox", self.show, include_in_schema=False)]

    async def show(self, _request: Request) -> Response:
        """The newest messages first."""
        return self._pages.page("mailbox.html", mails=views(await self._mailbox.list_mails(SHOWN)), limit=SHOWN)


def views(mails: Iterable[Mail]) -> list[MailView]:
    """For the page."""
    return [
        MailView(
            id=str(each.id),
            subject=each.subject or "Text message",
            recipient=each.recipient,
            kind=each.template_type,
            at=f"{each.at:%H:%M:%S} UTC, {each.at.day} {each.at:%B}",
            lines=tuple(line_of(text) for text in each.plain.strip().splitlines()),
        )
        for each in mails
    ]


def line_of(text: str) -> Line:
    """Links become links: http and https only, so that nothing that somebody typed runs as a script."""
    stripped = text.strip()
    if CODE.fullmatch(stripped) and any(char.isdigit() for char in stripped):
        return Line((Piece(stripped),), is_code=True)
    pieces: list[Piece] = []
    end = 0
    for found in LINK.finditer(text):
        if found.start() > end:
            pieces.append(Piece(text[end : found.start()]))
        pieces.append(Piece(found.group(), is_link=True))
        end = found.end()
    if end < len(text):
        pieces.append(Piece(text[end:]))
    return Line(tuple(pieces))
