"""A real SMTP server on a free port: STARTTLS, SMTPS, AUTH, programmed answers. Keeps every mail and every command."""

import asyncio
import base64
import datetime as dt
import email
import email.policy
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Mail:
    """What came in with one DATA."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    connection: int
    is_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.data, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def text(self, kind: str = "plain") -> str:
        part = self.message.get_body((kind,))
        return "" if part is None else str(part.get_content())


@dataclass
class SmtpServer:
    """`answers` maps a verb (or `END` for the end of DATA) to replies given first, in order; `HANGUP` closes."""

    port: int = 0
    tls: ssl.SSLContext | None = None
    is_implicit_tls: bool = False
    offers: list[str] = field(default_factory=lambda: ["8BITMIME", "AUTH PLAIN LOGIN"])
    user: str | None = None
    password: str = ""
    answers: dict[str, list[str]] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    injected: bytes = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.add(writer)
        try:
            await Session(self, reader, writer, self.connections, self.is_implicit_tls).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            return
        finally:
            self.writers.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        """Closes every open connection, as a server that is restarted does."""
        for each in list(self.writers):
            each.close()


class HungUp(ConnectionError):
    """The server closed on purpose."""


class Session:
    """One connection."""

    def __init__(
        self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, tls: bool
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.number = number
        self.is_encrypted = tls
        self.is_signed_in = server.user is None
        self.sender = ""
        self.recipients: list[str] = []

    async def run(self) -> None:
        await self.say(self.programmed("CONNECT") or "220 test")
        while line := await self.reader.readline():
            command = line.decode().rstrip("\r\n")
            self.server.commands.append(command)
            verb = command.split(" ")[0].split(":")[0].upper()
            if verb == "QUIT":
                await self.say("221 bye")
                return
            await self.answer(verb, command)

    async def answer(self, verb: str, command: str) -> None:
        programmed = self.programmed(verb)
        if programmed is not None:
            await self.say(programmed)
            return
        match verb:
            case "EHLO":
                offers = list(self.server.offers)
                if self.server.tls is not None and not self.is_encrypted:
                    offers.append("STARTTLS")
                lines = ["test", *offers]
                await self.say("\r\n".join(f"250{'-' if each is not lines[-1] else ' '}{each}" for each in lines))
            case "STARTTLS" if self.server.tls is not None:
                await self.start_tls(self.server.tls)
            case "AUTH":
                await self.sign_in(command)
            case "MAIL" if not self.is_signed_in:
                await self.say("530 5.7.0 sign in first")
            case "MAIL":
                self.sender, self.recipients = between(command), []
                await self.say("250 ok")
            case "RCPT":
                self.recipients.append(between(command))
                await self.say("250 ok")
            case "DATA":
                await self.say("354 go on")
                await self.take()
            case _:
                await self.say("250 ok" if verb in ("HELO", "NOOP", "RSET") else "502 what?")

    async def take(self) -> None:
        lines: list[bytes] = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                raise HungUp
            lines.append(line[1:] if line.startswith(b".") else line)
        programmed = self.programmed("END")
        if programmed is None or programmed.startswith("KEEP"):
            self.server.mails.append(
                Mail(self.sender, tuple(self.recipients), b"".join(lines), self.number, self.is_encrypted)
            )
        await self.say((programmed or "250 2.0.0 Ok: queued as 4TEST1").removeprefix("KEEP "))

    async def sign_in(self, command: str) -> None:
        words = command.split(" ")
        if words[1] == "PLAIN":
            _, user, password = base64.b64decode(words[2]).decode().split("\0")
        else:
            await self.say("334 VXNlcm5hbWU6")
            user = base64.b64decode(await self.reader.readline()).decode()
            await self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(await self.reader.readline()).decode()
        self.is_signed_in = (user, password) == (self.server.user, self.server.password)
        await self.say("235 ok" if self.is_signed_in else "535 5.7.8 wrong")

    async def start_tls(self, tls: ssl.SSLContext) -> None:
        self.writer.write(b"220 go\r\n" + self.server.injected)
        await self.writer.drain()
        loop = asyncio.get_running_loop()
        self.reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(self.reader)
        transport = await loop.start_tls(self.writer.transport, protocol, tls, server_side=True)
        assert transport is not None
        protocol.connection_made(transport)
        self.server.writers.discard(self.writer)
        self.beneath = self.writer  # a writer that is forgotten closes its connection
        self.writer = asyncio.StreamWriter(transport, protocol, self.reader, loop)
        self.server.writers.add(self.writer)
        self.is_encrypted = True

    async def say(self, text: str) -> None:
        if text == "HANGUP":
            raise HungUp
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    def programmed(self, verb: str) -> str | None:
        answers = self.server.answers.get(verb)
        return answers.pop(0) if answers else None


def between(command: str) -> str:
    return command.split("<", 1)[1].split(">", 1)[0]


@asynccontextmanager
async def running_smtp(server: SmtpServer) -> AsyncIterator[SmtpServer]:
    """Serves until the block ends."""
    tls = server.tls if server.is_implicit_tls else None
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        server.hang_up()
        for _ in range(200):
            if not server.writers:
                break
            await asyncio.sleep(0.01)


def make_certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """A self-signed certificate for an address, and its key: (certificate, key) as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
