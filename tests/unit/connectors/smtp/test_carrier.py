"""The carrier against a real SMTP server: what arrives, over which connection, and what each answer means."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from doorward.connectors.letters import Letter
from doorward.connectors.smtp.carrier import SmtpCarrier
from doorward.connectors.smtp.settings import Sender
from doorward.connectors.smtp.settings import SmtpServer as Server
from doorward.courier.model import Channel, TemplateType
from doorward.courier.rendering import RenderedMessage
from doorward.delivery.contract import Delivered, Discard, Retry, Snooze
from smtp_server import SmtpServer, make_certificate, running_smtp, server_tls

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SENDER = Sender("no-reply@example.org", "Döörward", {"X-Team": "people"})


def letter(recipient: str = "ada@example.org", *, subject: str = "Use code 123456", id_: UUID | None = None) -> Letter:
    words = RenderedMessage(subject, "Zeile für Zeile\n.ein Punkt\n", "<p>Zeile für Zeile</p>")
    return Letter(
        id_ or uuid4(), TemplateType.RECOVERY_CODE_VALID, Channel.EMAIL, recipient, {}, words, AT, lambda: True
    )


def plain(server: SmtpServer) -> Server:
    return Server("127.0.0.1", server.port, is_implicit_tls=False, is_plain=True, tls=None)


@asynccontextmanager
async def carrying(server: SmtpServer, settings: Server | None = None) -> AsyncIterator[SmtpCarrier]:
    carrier = SmtpCarrier(settings or plain(server), SENDER)
    try:
        yield carrier
    finally:
        await carrier.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return make_certificate(tmp_path)


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


async def test_mail_arrives_whole() -> None:
    async with running_smtp(SmtpServer()) as server, carrying(server) as carrier:
        sent = letter()
        outcome = await carrier.carry(sent)
    assert isinstance(outcome, Delivered)
    assert outcome.external_id == "4TEST1"
    [mail] = server.mails
    assert (mail.sender, mail.recipients) == ("no-reply@example.org", ("ada@example.org",))
    message = mail.message
    assert message["From"] == "Döörward <no-reply@example.org>"
    assert message["To"] == "ada@example.org"
    assert message["Message-ID"] == f"<{sent.id}@example.org>"
    assert message["X-Team"] == "people"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert mail.text().replace("\r", "") == "Zeile für Zeile\n.ein Punkt\n"
    assert mail.text("html").strip() == "<p>Zeile für Zeile</p>"
    assert mail.data.isascii()


async def test_a_repeated_mail_keeps_its_message_id() -> None:
    async with running_smtp(SmtpServer()) as server, carrying(server) as carrier:
        same = uuid4()
        await carrier.carry(letter(id_=same))
        await carrier.carry(letter(id_=same))
    first, second = server.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.message["Date"] == second.message["Date"]


async def test_one_connection_serves_many_mails() -> None:
    async with running_smtp(SmtpServer()) as server, carrying(server) as carrier:
        for _ in range(5):
            assert isinstance(await carrier.carry(letter()), Delivered)
    assert server.connections == 1
    assert len(server.mails) == 5
    assert server.commands[-1] == "QUIT"


async def test_a_connection_that_the_server_closed_is_replaced() -> None:
    async with running_smtp(SmtpServer()) as server, carrying(server) as carrier:
        await carrier.carry(letter())
        server.answers["MAIL"] = ["HANGUP"]
        assert isinstance(await carrier.carry(letter()), Delivered)
        server.answers["MAIL"] = ["421 4.4.2 idle for too long"]
        assert isinstance(await carrier.carry(letter()), Delivered)
    assert server.connections == 3
    assert len(server.mails) == 3


async def test_starttls(certificate: tuple[Path, Path]) -> None:
    server = SmtpServer(tls=server_tls(*certificate), user="ada", password="p:ss w\u00f6rd")
    async with running_smtp(server):
        settings = replace(
            plain(server), is_plain=False, tls=trusting(certificate[0]), user="ada", password="p:ss w\u00f6rd"
        )
        async with carrying(server, settings) as carrier:
            assert isinstance(await carrier.carry(letter()), Delivered)
    assert server.mails[0].is_encrypted
    assert [each.split(" ")[0] for each in server.commands[:4]] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


async def test_words_put_in_before_the_handshake_are_not_believed(certificate: tuple[Path, Path]) -> None:
    server = SmtpServer(tls=server_tls(*certificate), injected=b"250-evil\r\n250 AUTH PLAIN\r\n")
    async with running_smtp(server):
        settings = replace(plain(server), is_plain=False, tls=trusting(certificate[0]))
        async with carrying(server, settings) as carrier:
            outcome = await carrier.carry(letter())
    # Thrown away, or taken for a damaged handshake: never read as part of what is encrypted.
    assert isinstance(outcome, Delivered | Snooze | Retry)
    assert all(mail.is_encrypted for mail in server.mails)


async def test_smtps_and_auth_login(certificate: tuple[Path, Path]) -> None:
    server = SmtpServer(
        tls=server_tls(*certificate), is_implicit_tls=True, user="ada", password="geheim", offers=["AUTH LOGIN"]
    )
    async with running_smtp(server):
        settings = Server(
            "127.0.0.1",
            server.port,
            is_implicit_tls=True,
            is_plain=False,
            tls=trusting(certificate[0]),
            user="ada",
            password="geheim",
        )
        async with carrying(server, settings) as carrier:
            assert isinstance(await carrier.carry(letter()), Delivered)
    assert server.mails[0].is_encrypted


@pytest.mark.parametrize("offers_tls", [False, True])
async def test_mail_never_leaves_in_the_clear_unless_told_so(
    certificate: tuple[Path, Path], *, offers_tls: bool
) -> None:
    """A server without STARTTLS, or with a certificate that nobody vouches for."""
    server = SmtpServer(tls=server_tls(*certificate) if offers_tls else None)
    async with running_smtp(server):
        settings = replace(plain(server), is_plain=False, tls=ssl.create_default_context())
        async with carrying(server, settings) as carrier:
            outcome = await carrier.carry(letter())
    assert isinstance(outcome, Snooze)
    assert outcome.code == "smtp_untrusted"
    assert outcome.pause is not None
    assert outcome.pause.scope == "destination"
    assert server.mails == []
    assert not any(each.startswith("MAIL") for each in server.commands)


async def test_a_wrong_password_rests_the_server_and_shows_nothing() -> None:
    server = SmtpServer(user="ada", password="right")
    async with running_smtp(server):
        settings = replace(plain(server), user="ada", password="wrong-secret")
        async with carrying(server, settings) as carrier:
            outcome = await carrier.carry(letter())
    assert isinstance(outcome, Snooze)
    assert outcome.code == "smtp_auth_refused"
    assert "wrong-secret" not in repr(outcome)


@pytest.mark.parametrize(
    ("verb", "answer", "kind", "code"),
    [
        ("RCPT", "450 4.2.0 greylisted, come back", Retry, "smtp_450"),
        ("RCPT", "550 5.1.1 <ada@example.org> nobody here", Discard, "smtp_550"),
        ("END", "451 4.3.0 later", Retry, "smtp_451"),
        ("END", "554 5.7.1 looks like spam", Discard, "smtp_554"),
        ("CONNECT", "554 5.3.2 closed", Retry, "smtp_554"),
        ("MAIL", "553 5.7.1 not your address", Snooze, "smtp_mail_refused"),
        ("EHLO", "421 4.3.2 shutting down", Retry, "smtp_421"),
        ("CONNECT", "HTTP/1.1 400 Bad Request", Retry, "smtp_lost"),
    ],
)
async def test_answers(verb: str, answer: str, kind: type, code: str) -> None:
    async with running_smtp(SmtpServer(answers={verb: [answer]})) as server, carrying(server) as carrier:
        outcome = await carrier.carry(letter())
    assert isinstance(outcome, kind)
    assert getattr(outcome, "code", None) == code
    assert "ada@example.org" not in repr(outcome)
    assert not getattr(outcome, "may_have_applied", False)


async def test_a_connection_lost_after_the_mail_may_have_delivered_it() -> None:
    async with running_smtp(SmtpServer(answers={"END": ["HANGUP"]})) as server, carrying(server) as carrier:
        outcome = await carrier.carry(letter())
    assert isinstance(outcome, Retry)
    assert outcome.may_have_applied


async def test_a_server_that_is_not_there() -> None:
    async with running_smtp(SmtpServer()) as server:
        settings = plain(server)
    carrier = SmtpCarrier(settings, SENDER)
    outcome = await carrier.carry(letter())
    assert isinstance(outcome, Retry)
    assert outcome.http_status is None
    assert not outcome.may_have_applied


@pytest.mark.parametrize(
    "recipient",
    [
        "ada@example.org>\r\nRCPT TO:<eve@example.org",
        "ada@example.org\nBcc: eve@example.org",
        "no address",
        "two@at@signs.example",
        "@example.org",
        "a" * 400 + "@example.org",
        "",
    ],
)
async def test_what_is_no_address_never_reaches_the_server(recipient: str) -> None:
    async with running_smtp(SmtpServer()) as server, carrying(server) as carrier:
        outcome = await carrier.carry(letter(recipient))
    assert isinstance(outcome, Discard)
    assert outcome.code == "bad_address"
    assert server.commands == []


async def test_a_subject_cannot_become_a_header() -> None:
    async with running_smtp(SmtpServer()) as server, carrying(server) as carrier:
        await carrier.carry(letter(subject="Hello\r\nBcc: eve@example.org\r\n\r\nnew body"))
    message = server.mails[0].message
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: eve@example.org new body"


async def test_domains_beyond_ascii_are_written_as_dns_has_them() -> None:
    async with running_smtp(SmtpServer()) as server, carrying(server) as carrier:
        assert isinstance(await carrier.carry(letter("ada@b\u00fccher.example")), Delivered)
    assert server.mails[0].recipients == ("ada@xn--bcher-kva.example",)


async def test_names_beyond_ascii_need_a_server_that_takes_them() -> None:
    async with running_smtp(SmtpServer()) as server, carrying(server) as carrier:
        refused = await carrier.carry(letter("ad\u00e4@example.org"))
        assert isinstance(refused, Discard)
        server.offers.append("SMTPUTF8")
        # the next conversation hears the new offer
        outcome = await carrier.carry(letter("ad\u00e4@example.org"))
    assert isinstance(outcome, Delivered)
    assert "MAIL FROM:<no-reply@example.org> SMTPUTF8" in server.commands
    assert server.mails[0].recipients == ("ad\u00e4@example.org",)


async def test_who_lost_the_lease_sends_nothing() -> None:
    async with running_smtp(SmtpServer()) as server, carrying(server) as carrier:
        outcome = await carrier.carry(replace(letter(), is_held=lambda: False))
    assert isinstance(outcome, Retry)
    assert server.commands == []


async def test_a_private_address_is_refused_where_that_is_asked_for() -> None:
    async with (
        running_smtp(SmtpServer()) as server,
        carrying(server, replace(plain(server), refuses_private=True)) as c,
    ):
        outcome = await c.carry(letter())
    assert isinstance(outcome, Snooze)
    assert "disallow_private_ip_ranges" in outcome.reason
    assert server.commands == []
