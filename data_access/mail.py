"""Mail to agencies, through the server that `SMTP_URL` names: always over TLS, but for one on this machine."""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import logging
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from data_access.settings import Settings
from files import letter_file

TIMEOUT_SECONDS: Final = 20
LOCAL: Final = ("localhost", "127.0.0.1", "::1")

_log = logging.getLogger("agreements.mail")

Failure = Literal["no_connection", "sign_in_refused", "address_refused", "message_refused"]
"""Why a mail did not go; the catalog has words under `reporting.failed_<code>`."""


class NotSentError(Exception):
    """A mail did not go. `code` says why; `is_lasting` whether the next one would fail likewise."""

    def __init__(self, code: Failure, *, is_lasting: bool = False) -> None:
        super().__init__(code)
        self.code: Failure = code
        self.is_lasting = is_lasting


@dataclasses.dataclass(frozen=True)
class Mail:
    """A mail with one letter: a plain text, and the same as a DOCX under `file_name`."""

    to: tuple[str, ...]
    subject: str
    text: str
    file_name: str
    letter: bytes


class Mailer:
    """A connection that is made when it is first needed, kept for the next mail, and made anew after it broke."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None

    def send(self, mail: Mail) -> None:
        """Hand a mail over to the server. Raises `NotSentError`; the log has the server's own words."""
        message = _message(mail, sender=self._settings.mail_from)
        try:
            refused = self._connected().send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise self._failed("address_refused", error) from error
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            if isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected):
                raise self._failed("message_refused", error) from error
            self.close()
            raise self._failed("no_connection", error, is_lasting=True) from error
        if refused:  # of several addresses some: who was left out has to be known
            raise self._failed("address_refused", refused)

    def close(self) -> None:
        """Leave the server."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            try:
                self._server = _connect(self._settings.smtp_url)
            except smtplib.SMTPAuthenticationError as error:
                raise self._failed("sign_in_refused", error, is_lasting=True) from error
            except (smtplib.SMTPException, OSError) as error:
                raise self._failed("no_connection", error, is_lasting=True) from error
        return self._server

    def _failed(self, code: Failure, why: object, *, is_lasting: bool = False) -> NotSentError:
        _log.warning("a mail did not go: %s (%s)", code, repr(why)[:500])
        return NotSentError(code, is_lasting=is_lasting)


@contextlib.contextmanager
def mailer(settings: Settings) -> Iterator[Mailer]:
    """A mailer for some mails; its connection ends with the block."""
    found = Mailer(settings)
    try:
        yield found
    finally:
        found.close()


def _connect(url: str) -> smtplib.SMTP:
    """`smtps`: TLS from the first byte. `smtp`: STARTTLS, without which nothing is said to any but a server on this machine."""
    parts = urlsplit(url)
    host, context = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo()
        if parts.scheme == "smtp" and (host not in LOCAL or server.has_extn("starttls")):
            server.starttls(context=context)
            server.ehlo()
        if parts.username is not None:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _message(mail: Mail, *, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, ", ".join(mail.to)
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain=sender.rpartition("@")[2].strip("> ") or None)
    message["Auto-Submitted"] = "auto-generated"  # no answering machine answers
    message.set_content(mail.text)
    maintype, _, subtype = letter_file.MIME.partition("/")
    message.add_attachment(mail.letter, maintype=maintype, subtype=subtype, filename=mail.file_name)
    return message
