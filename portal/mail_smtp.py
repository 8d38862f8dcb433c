"""Mails by SMTP: Django's way, with more patience where hanging up would send a mail twice."""

import smtplib
import time
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as DjangosBackend
from django.core.mail.message import utf8_charset_qp

# A server may look at a mail for as long before it says that it took it: who hangs up earlier sends it again.
# Together with what comes before it stays below the lease of a job.
SECONDS_TO_TAKE = 50
SECONDS_BEFORE = 25  # for everything up to the mail itself; each single answer has EMAIL_TIMEOUT
SECONDS_TO_PART = 2  # who took the mail may part without a word


class Unanswered(Exception):
    """The server has the whole mail, and did not say whether it took it."""


class TooSlow(TimeoutError):
    """The talk took so long that the mail was not begun."""


class _Talk:
    """What is added to both of smtplib's classes."""

    _began = 0.0
    _is_telling = False
    _has_told = False

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        self._began = time.monotonic()
        return super().connect(*args, **kwargs)  # type: ignore[misc]

    def data(self, msg: Any) -> Any:
        """Raises Unanswered when the connection breaks after the mail's last byte, TooSlow before its first."""
        if time.monotonic() - self._began > SECONDS_BEFORE:
            self.close()  # type: ignore[attr-defined]
            raise TooSlow
        self._is_telling = True
        try:
            answer = super().data(msg)  # type: ignore[misc]
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            if self._has_told and not isinstance(error, smtplib.SMTPResponseException):
                raise Unanswered from error
            raise
        finally:
            self._is_telling = self._has_told = False
        self.sock.settimeout(SECONDS_TO_PART)  # type: ignore[attr-defined]
        return answer

    def send(self, s: Any) -> None:
        super().send(s)  # type: ignore[misc]
        if self._is_telling and isinstance(s, bytes):  # commands are words, the mail is bytes
            self._has_told = True
            self.sock.settimeout(SECONDS_TO_TAKE)  # type: ignore[attr-defined]


class _Smtp(_Talk, smtplib.SMTP):
    pass


class _SmtpOverTls(_Talk, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangosBackend):
    """Raises what smtplib does, `Unanswered` and `TooSlow`."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SmtpOverTls if self.use_ssl else _Smtp

    def _send(self, email_message: EmailMessage) -> bool:
        # Seven bits: not every server on the way takes eight, and who rewrites a mail breaks its signature.
        email_message.encoding = email_message.encoding or utf8_charset_qp
        return bool(super()._send(email_message))  # type: ignore[misc]
