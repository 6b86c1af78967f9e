"""TLS of our own port: which versions and ciphers a client may have."""

import ssl
import subprocess
from pathlib import Path

import pytest

from doorward.app.tls import make_context
from doorward.config.model_serve import TlsConfig, TlsSource

WEAK = ("RC4", "DES", "MD5", "NULL", "EXPORT", "anon", "ADH", "AECDH")


@pytest.fixture
def served(tmp_path: Path) -> ssl.SSLContext:
    """A server's context with a certificate of its own."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    subprocess.run([*command, "-subj", "/CN=id", "-keyout", key, "-out", cert], check=True, capture_output=True)
    config = TlsConfig(cert=TlsSource(path=str(cert)), key=TlsSource(path=str(key)))
    context = make_context(config, "serve.public.tls")
    assert context is not None
    return context


def spoken(server: ssl.SSLContext, least: ssl.TLSVersion, most: ssl.TLSVersion) -> str | None:
    """The version that a client of these agrees on with the server."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    # Old versions need old ciphers: the server, not the client, has to be who refuses.
    client.set_ciphers("ALL:@SECLEVEL=0")
    client.minimum_version, client.maximum_version = least, most
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server)
    for _ in range(4):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return theirs.version()


def test_the_newest_is_preferred(served: ssl.SSLContext) -> None:
    assert spoken(served, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert spoken(served, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_nothing_older_than_1_2_is_spoken(served: ssl.SSLContext) -> None:
    assert served.minimum_version is ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        spoken(served, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)


def test_only_strong_ciphers_are_offered(served: ssl.SSLContext) -> None:
    offered = served.get_ciphers()
    assert offered
    assert not [each["name"] for each in offered if any(weak in each["name"] for weak in WEAK)]
    assert min(each["strength_bits"] for each in offered) >= 128
    assert served.options & ssl.OP_NO_COMPRESSION
