"""The bytes of SMTP: commands out, replies in, TLS beneath them (RFC 5321, RFC 3207). Order is `conversation`'s."""

import asyncio
import re
import ssl
from dataclasses import dataclass
from ipaddress import ip_address

from doorward.security.addresses import AddressClass, classify

LINE_LIMIT_BYTES = 8192
LINES_LIMIT = 100
REPLY = re.compile(rb"(\d{3})([ -]?)(.*)")


class SmtpLost(Exception):
    """The connection failed or fell silent. `sent`: the mail was out already, so the server may have taken it."""

    def __init__(self, reason: str, *, sent: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent


class SmtpUntrusted(Exception):
    """No encrypted connection to the server that is configured: it offers none, or its certificate is wrong."""


class SmtpRefused(Exception):
    """The server said no to a command. `text` is its own words, which may hold the recipient's address."""

    def __init__(self, stage: str, status: int, text: str) -> None:
        super().__init__(f"{stage}: {status}")
        self.stage = stage
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered: a status and its lines."""

    status: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)


class Wire:
    """One connection. Every method raises SmtpLost when it breaks or when `timeout_s` is over."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        timeout_s: float,
        beneath: asyncio.StreamWriter | None = None,
    ) -> None:
        self._reader = reader
        # A writer that is forgotten closes its connection, and TLS runs on that one.
        self._beneath = beneath
        self._writer = writer
        self._timeout_s = timeout_s

    @property
    def is_public(self) -> bool:
        """Whether the other end has a public address: the one that answered, whatever its name resolves to by now."""
        peer = self._writer.get_extra_info("peername")
        return classify(ip_address(peer[0].partition("%")[0])) is AddressClass.PUBLIC

    @property
    def is_over(self) -> bool:
        """The server has hung up."""
        return self._reader.at_eof() or self._writer.is_closing()

    async def ask(self, command: str) -> Reply:
        """Sends a command, reads its reply."""
        # The one place where a command goes out: nothing that somebody typed may become a second command.
        if any(ord(each) < 32 or ord(each) == 127 for each in command):
            raise SmtpLost("a command had a control character in it")
        return await self.put(command.encode() + b"\r\n")

    async def put(self, data: bytes) -> Reply:
        """Sends bytes, reads a reply."""
        try:
            async with asyncio.timeout(self._timeout_s):
                self._writer.write(data)
                await self._writer.drain()
        except TimeoutError:
            raise SmtpLost("the mail server did not take what was sent in time") from None
        except OSError as error:
            raise SmtpLost(_said(error)) from None
        return await self.hear()

    async def hear(self) -> Reply:
        """Reads one reply, of however many lines."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._read()
        except TimeoutError:
            raise SmtpLost("the mail server did not answer in time") from None
        except (OSError, ValueError) as error:
            raise SmtpLost(_said(error)) from None

    async def _read(self) -> Reply:
        lines: list[str] = []
        for _ in range(LINES_LIMIT):
            line = await self._reader.readline()
            if not line.endswith(b"\n"):
                raise SmtpLost("the mail server closed the connection")
            found = REPLY.fullmatch(line.rstrip(b"\r\n"))
            if found is None:
                raise SmtpLost("the mail server does not speak SMTP")
            lines.append(found[3].decode("utf-8", "replace"))
            if found[2] != b"-":
                return Reply(int(found[1]), tuple(lines))
        raise SmtpLost("the mail server's answer has no end")

    async def encrypt(self, tls: ssl.SSLContext, host: str) -> "Wire":
        """The same connection under TLS. What was read before is thrown away: somebody on the way may have put it
        there for the encrypted part to be believed (CVE-2011-0411)."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(LINE_LIMIT_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            async with asyncio.timeout(self._timeout_s):
                transport = await loop.start_tls(self._writer.transport, protocol, tls, server_hostname=host)
        except TimeoutError:
            raise SmtpLost("the mail server did not finish the TLS handshake in time") from None
        except ssl.SSLError as error:
            raise SmtpUntrusted(_verdict(error)) from None
        except OSError as error:
            raise SmtpLost(_said(error)) from None
        if transport is None:
            raise SmtpLost("the mail server closed the connection")
        protocol.connection_made(transport)
        encrypted = asyncio.StreamWriter(transport, protocol, reader, loop)
        return Wire(reader, encrypted, self._timeout_s, beneath=self._writer)

    def hang_up(self) -> None:
        """Closes without a word."""
        self._writer.close()
        if self._beneath is not None:
            self._beneath.close()


async def connect(host: str, port: int, tls: ssl.SSLContext | None, timeout_s: float) -> Wire:
    """A connection, under TLS at once if there is a context. Raises SmtpLost, SmtpUntrusted."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls, limit=LINE_LIMIT_BYTES)
    except TimeoutError:
        raise SmtpLost("the mail server did not accept the connection in time") from None
    except ssl.SSLError as error:
        raise SmtpUntrusted(_verdict(error)) from None
    except OSError as error:
        raise SmtpLost(f"the mail server cannot be reached: {_said(error)}") from None
    return Wire(reader, writer, timeout_s)


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _verdict(error: ssl.SSLError) -> str:
    detail = getattr(error, "verify_message", "") or error.reason or "the handshake failed"
    return f"the mail server's TLS is not acceptable: {detail}"
