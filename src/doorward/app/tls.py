"""TLS of our own ports: certificate and key from files or from the configuration itself, read again at every reload."""

import ssl
import tempfile
from base64 import b64decode
from binascii import Error as NotBase64
from pathlib import Path

from doorward.config.model_serve import TlsConfig, TlsSource
from doorward.errors import Misconfigured


class UnusableCertificate(Misconfigured):
    """The certificate or its key cannot be used."""


def make_context(config: TlsConfig, where: str) -> ssl.SSLContext | None:
    """A server's context (TLS 1.2 or newer, Python's ciphers); None where no certificate is configured.

    `where` is the dotted path for messages. Raises UnusableCertificate.
    """
    if not config.is_on:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_chain(context, config, where)
    return context


def load_chain(context: ssl.SSLContext, config: TlsConfig, where: str) -> None:
    """Certificate and key for connections from now on: renewed files take effect without a restart.

    Raises UnusableCertificate; then the context serves with what it has.
    """
    with tempfile.TemporaryDirectory(prefix="doorward-tls-") as folder:
        cert = _file(config.cert, Path(folder) / "cert.pem", f"{where}.cert")
        key = _file(config.key, Path(folder) / "key.pem", f"{where}.key")
        try:
            context.load_cert_chain(cert, key, password=_no_password)
        except ssl.SSLError as error:
            reason = error.reason or "not PEM"
            raise UnusableCertificate(f"{where}: certificate and key do not work together ({reason}).") from None
        except OSError as error:
            raise UnusableCertificate(f"{where}: {error.strerror}: {error.filename or cert}") from None


def _file(source: TlsSource, place: Path, where: str) -> Path:
    """OpenSSL reads files only, so what the configuration holds becomes one for a moment (in a folder of mode 0700)."""
    if source.path:
        return Path(source.path)
    if source.base64 is None:
        raise UnusableCertificate(f"{where}: give a path or base64.")
    try:
        place.write_bytes(b64decode(source.base64.reveal(), validate=True))
    except NotBase64:
        raise UnusableCertificate(f"{where}.base64 is not base64.") from None
    return place


def _no_password() -> str:
    """OpenSSL would ask on the terminal; a server has none."""
    return ""
