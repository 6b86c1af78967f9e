"""TLS on our own port: real certificates, a renewed one at a reload, and sentences where it cannot be."""

import ssl
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from doorward.app.tls import UnusableCertificate, load_chain, make_context
from doorward.config.model_serve import TlsConfig, TlsSource
from doorward.config.secrets import Secret

WHERE = "serve.public.tls"


def certificate(folder: Path, name: str) -> TlsConfig:
    """A self-signed certificate for 127.0.0.1."""
    folder.mkdir(exist_ok=True)
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return TlsConfig(cert=TlsSource(path=str(cert)), key=TlsSource(path=str(key)))


def in_place(config: TlsConfig) -> TlsConfig:
    """The same by value."""
    cert, key = (Path(each.path).read_bytes() for each in (config.cert, config.key))
    return TlsConfig(
        cert=TlsSource(base64=Secret(b64encode(cert).decode())), key=TlsSource(base64=Secret(b64encode(key).decode()))
    )


def handshake(server: ssl.SSLContext, trusted: str) -> str:
    """The name in the certificate that a client who trusts `trusted` is shown."""
    client = ssl.create_default_context(cafile=trusted)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    for _ in range(4):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = theirs.getpeercert()
    assert shown is not None
    return str(shown["subject"])


def test_by_file_and_by_value(tmp_path: Path) -> None:
    config = certificate(tmp_path, "first")
    for each in (config, in_place(config)):
        context = make_context(each, WHERE)
        assert context is not None
        assert "first" in handshake(context, config.cert.path)


def test_a_renewed_certificate_is_shown_from_then_on(tmp_path: Path) -> None:
    config = certificate(tmp_path, "old")
    context = make_context(config, WHERE)
    assert context is not None
    load_chain(context, certificate(tmp_path, "new"), WHERE)
    assert "new" in handshake(context, config.cert.path)


def test_none_without_a_certificate() -> None:
    assert make_context(TlsConfig(), WHERE) is None


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (TlsConfig(cert=TlsSource(path="/nowhere/cert.pem"), key=TlsSource(path="/nowhere/key.pem")), "No such file"),
        (TlsConfig(cert=TlsSource(path="/etc/hostname"), key=TlsSource(path="/etc/hostname")), "do not work together"),
        (TlsConfig(cert=TlsSource(path="/etc/hostname")), r"serve\.public\.tls\.key: give a path"),
        (TlsConfig(cert=TlsSource(base64=Secret("?"))), "is not base64"),
    ],
)
def test_what_cannot_be_used_is_said(config: TlsConfig, text: str) -> None:
    with pytest.raises(UnusableCertificate, match=text):
        make_context(config, WHERE)


def test_certificate_and_key_of_two_pairs(tmp_path: Path) -> None:
    one, other = certificate(tmp_path / "a", "a"), certificate(tmp_path / "b", "b")
    with pytest.raises(UnusableCertificate, match="do not work together"):
        make_context(TlsConfig(cert=one.cert, key=other.key), WHERE)
