"""A mail server of the tests' own: it speaks SMTP with TLS, keeps what it takes, and refuses what it is told to."""

from __future__ import annotations

import contextlib
import datetime as dt
import email
import email.policy
import ipaddress
import pathlib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.serving import free_port

USER, PASSWORD = "dieu-phoi", "thu/bi mat@1"


class Kept:
    """What the server took (`mails`, each with its addresses), and the addresses it does not know."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.unknown: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.unknown:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append((list(envelope.rcpt_tos), message))
        return "250 OK"


def make_certificate(folder: pathlib.Path) -> pathlib.Path:
    """A certificate for this machine with its key, in one file; who trusts the file trusts the server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@contextlib.contextmanager
def serving(certificate: pathlib.Path, *, from_the_first_byte: bool) -> Iterator[tuple[str, Kept]]:
    """The server while it runs: `host:port`, and what it keeps. It asks for a sign-in, and for STARTTLS where TLS comes later."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    kept = Kept()

    def known(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        is_known = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_known, handled=False)

    tls: dict[str, Any] = (
        {"ssl_context": context, "auth_require_tls": False}
        if from_the_first_byte
        else {"tls_context": context, "require_starttls": True}
    )
    controller = Controller(
        kept, hostname="127.0.0.1", port=free_port(), authenticator=known, auth_required=True, **tls
    )
    controller.start()
    try:
        yield f"localhost:{controller.port}", kept
    finally:
        controller.stop()
