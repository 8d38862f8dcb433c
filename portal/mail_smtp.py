"""Mails by SMTP: Django's way, with more patience where hanging up would send a mail twice."""

import smtplib
import socket
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as DjangosBackend
from django.core.mail.message import utf8_charset_qp


@dataclass(frozen=True)
class Patience:
    """Seconds. `before`: until the mail's last byte is handed over, whatever the server says in how many pieces (and
    each answer has EMAIL_TIMEOUT); `to_take`: for it to say that it took the mail."""

    before: float
    to_take: float


# A server may look at a mail for long before it says that it took it: who hangs up earlier sends it again. Together
# with the parting it stays below the lease of a job (90 s), so that no other worker sends it meanwhile.
PATIENT = Patience(before=25, to_take=50)
HASTY = Patience(before=4, to_take=4)  # somebody waits for the page
SECONDS_TO_PART = 2  # who took the mail may part without a word


class Unanswered(Exception):
    """The server has the whole mail, and did not say whether it took it."""


class TooSlow(TimeoutError):
    """The talk took so long that the mail was not handed over."""


class _Talk:
    """What is added to both of smtplib's classes."""

    _until = 0.0  # of the whole talk before the mail is handed over; 0: that is over
    _is_telling = False
    _has_told = False

    def __init__(self, *args: Any, patience: Patience, **kwargs: Any) -> None:
        self.patience = patience
        super().__init__(*args, **kwargs)  # which connects

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._until = time.monotonic() + self.patience.before
        found: socket.socket = super()._get_socket(host, port, min(timeout, self.patience.before))  # type: ignore[misc]
        return found

    def getreply(self) -> Any:
        self._hurry()
        return super().getreply()  # type: ignore[misc]

    def data(self, msg: Any) -> Any:
        """Raises Unanswered when the connection breaks after the mail's last byte, TooSlow before."""
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
        self._hurry()
        super().send(s)  # type: ignore[misc]
        if self._is_telling and isinstance(s, bytes):  # commands are words, the mail is bytes
            self._has_told, self._until = True, 0.0
            self.sock.settimeout(self.patience.to_take)  # type: ignore[attr-defined]

    def _hurry(self) -> None:
        """No answer is waited for beyond the end of the whole. Raises TooSlow."""
        sock = getattr(self, "sock", None)
        if sock is None or not self._until:
            return
        left = self._until - time.monotonic()
        if left <= 0:
            self.close()  # type: ignore[attr-defined]
            raise TooSlow
        sock.settimeout(min(left, self.timeout))  # type: ignore[attr-defined]


class _Smtp(_Talk, smtplib.SMTP):
    pass


class _SmtpOverTls(_Talk, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangosBackend):
    """Raises what smtplib does, `Unanswered` and `TooSlow`. `hasty`: somebody waits for it."""

    def __init__(self, *args: Any, hasty: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patience = HASTY if hasty else PATIENT

    @property
    def connection_class(self) -> Any:
        return partial(_SmtpOverTls if self.use_ssl else _Smtp, patience=self.patience)

    def _send(self, email_message: EmailMessage) -> bool:
        # Seven bits: not every server on the way takes eight, and who rewrites a mail breaks its signature.
        email_message.encoding = email_message.encoding or utf8_charset_qp
        return bool(super()._send(email_message))  # type: ignore[misc]
