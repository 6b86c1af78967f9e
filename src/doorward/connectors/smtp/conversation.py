"""One conversation with a mail server: greeting, TLS, sign-in, then one mail after another (RFC 5321, 3207, 4954)."""

import base64
import ssl
from dataclasses import dataclass, field

from doorward.connectors.smtp.settings import SmtpServer
from doorward.connectors.smtp.wire import Reply, SmtpLost, SmtpRefused, SmtpUntrusted, Wire, connect

TIMEOUT_S = 30.0
PRIVATE = "the mail server has a private address, and clients.smtp.disallow_private_ip_ranges is set"
NO_TLS = (
    "the mail server offers no STARTTLS; add ?disable_starttls=true to the connection_uri if mail may travel in the "
    "clear"
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the server is told beside the mail. `needs_utf8`: an address has letters beyond ASCII (RFC 6531)."""

    sender: str
    recipient: str = field(repr=False)
    data: bytes = field(repr=False)
    needs_utf8: bool = False


class Conversation:
    """An open one, past the sign-in. `mails` counts what was sent in it."""

    def __init__(self, wire: Wire, offers: frozenset[str]) -> None:
        self._wire = wire
        self._offers = offers
        self.mails = 0

    @property
    def is_over(self) -> bool:
        return self._wire.is_over

    async def send(self, envelope: Envelope) -> str:
        """The server's word that it has the mail. Raises SmtpLost, SmtpRefused; then the conversation must end."""
        self.mails += 1
        options = ""
        if envelope.needs_utf8:
            if "SMTPUTF8" not in self._offers:
                raise SmtpRefused("SMTPUTF8", 553, "the mail server takes no addresses with letters beyond ASCII")
            options = " SMTPUTF8"
        await self._expect("MAIL", f"MAIL FROM:<{envelope.sender}>{options}", 250)
        await self._expect("RCPT", f"RCPT TO:<{envelope.recipient}>", 250, 251)
        await self._expect("DATA", "DATA", 354)
        try:
            reply = await self._wire.put(stuffed(envelope.data))
        except SmtpLost as lost:
            # Without the last dot the server has nothing; but whether that dot arrived is not known.
            raise SmtpLost(str(lost), sent=True) from None
        return _expected("end of DATA", reply, 250).text

    async def quit(self) -> None:
        """Says good-bye as far as the server listens."""
        try:
            await self._wire.ask("QUIT")
        except SmtpLost:
            pass
        finally:
            self._wire.hang_up()

    def hang_up(self) -> None:
        self._wire.hang_up()

    async def _expect(self, stage: str, command: str, *statuses: int) -> Reply:
        return _expected(stage, await self._wire.ask(command), *statuses)


async def begin(server: SmtpServer, timeout_s: float = TIMEOUT_S) -> Conversation:
    """Connects, encrypts and signs in. Never falls back to less encryption than is configured.

    Raises SmtpLost, SmtpRefused, SmtpUntrusted.
    """
    wire = await connect(server.host, server.port, server.tls if server.is_implicit_tls else None, timeout_s)
    try:
        _check_place(wire, server)
        _expected("greeting", await wire.hear(), 220)
        offers = await _hello(wire, server.local_name)
        if server.tls is not None and not server.is_implicit_tls:
            wire = await _encrypted(wire, offers, server.tls, server.host)
            offers = await _hello(wire, server.local_name)
        if server.user:
            await _sign_in(wire, offers, server)
    except BaseException:
        wire.hang_up()
        raise
    return Conversation(wire, frozenset(offers))


def _check_place(wire: Wire, server: SmtpServer) -> None:
    if server.refuses_private and not wire.is_public:
        raise SmtpUntrusted(PRIVATE)


async def _encrypted(wire: Wire, offers: dict[str, str], tls: ssl.SSLContext, host: str) -> Wire:
    if "STARTTLS" not in offers:
        raise SmtpUntrusted(NO_TLS)
    _expected("STARTTLS", await wire.ask("STARTTLS"), 220)
    return await wire.encrypt(tls, host)


async def _hello(wire: Wire, name: str) -> dict[str, str]:
    """What the server offers: keyword to parameters."""
    reply = await wire.ask(f"EHLO {name}")
    if reply.status in (500, 502, 504):
        _expected("HELO", await wire.ask(f"HELO {name}"), 250)
        return {}
    _expected("EHLO", reply, 250)
    offers: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _, parameters = line.strip().partition(" ")
        offers[keyword.upper()] = parameters.upper()
    return offers


async def _sign_in(wire: Wire, offers: dict[str, str], server: SmtpServer) -> None:
    ways = offers.get("AUTH", "").split()
    if "PLAIN" in ways or "LOGIN" not in ways:
        proof = _encoded(f"\0{server.user}\0{server.password}")
        _expected("AUTH", await wire.ask(f"AUTH PLAIN {proof}"), 235)
        return
    _expected("AUTH", await wire.ask("AUTH LOGIN"), 334)
    _expected("AUTH", await wire.ask(_encoded(server.user)), 334)
    _expected("AUTH", await wire.ask(_encoded(server.password)), 235)


def stuffed(data: bytes) -> bytes:
    """A mail for the wire: lines end in CR LF, one that begins with a dot gets another, the last is a dot alone."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _expected(stage: str, reply: Reply, *statuses: int) -> Reply:
    if reply.status not in statuses:
        raise SmtpRefused(stage, reply.status, reply.text)
    return reply
