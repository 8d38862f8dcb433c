"""What becomes of a mail that was not taken: why, in words for the operator, and whether it is tried again.

No word of the server's own: it may hold the address. Its numbers say enough.
"""

import errno
import re
import smtplib
import socket
import ssl

from anymail.exceptions import AnymailInvalidAddress, AnymailRecipientsRefused, AnymailRequestsAPIError

from portal.jobs import Away, GiveUp, InDoubt
from portal.mail_smtp import Unanswered

PERMANENT = 500  # of SMTP's answers: the ones from here on will not change
TOO_BIG = 552
# What a server says of us and not of the mail: log in first, with a better password, or we do not relay for you.
_OF_US = {530, 534, 535, 538}
_POLICY = "5.7."
_ENHANCED = re.compile(rb"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
_NO_KEY, _TOO_MANY, _BROKEN, _GATEWAY_TIMEOUT = {401, 403}, 429, 500, 504  # of HTTP's
_SERVICE_ENDS = 421  # of SMTP's: the server closes the connection

NO_ANSWER = "The mail server does not answer."
IN_DOUBT = "The mail {} did not say whether it took the mail: whoever reads it may have it already."


def meaning_of(error: Exception) -> tuple[Exception, bool]:
    """What the queue is told instead of `error`, and whether the server or provider as a whole is in trouble: it is not
    where this one address or mail is refused. What is no refusal stays as it is."""
    if isinstance(error, AnymailRecipientsRefused | AnymailInvalidAddress):
        return GiveUp("The mail provider refuses this address for good."), False
    if isinstance(error, AnymailRequestsAPIError):
        return _of_provider(error), True
    if isinstance(error, Unanswered):
        return InDoubt(IN_DOUBT.format("server")), True
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _of_address(*next(iter(error.recipients.values())))
    if isinstance(error, smtplib.SMTPResponseException):
        return _of_answer(error), True
    if isinstance(error, OSError):
        return Away(_why_away(error)), True
    return error, True


def is_silence(error: BaseException | None) -> bool:
    """Whether the other side did not answer in time, before it had the mail or behind it: the next mail would wait for
    as long."""
    while error is not None:
        if isinstance(error, TimeoutError) or {"ConnectTimeout", "ReadTimeout"} & {
            k.__name__ for k in type(error).__mro__
        }:
            return True
        error = error.__cause__ or error.__context__
    return False


def _of_address(code: int, words: bytes | str) -> tuple[Exception, bool]:
    numbers, enhanced = _numbers(code, words)
    if code in _OF_US or (code >= PERMANENT and enhanced.startswith(_POLICY)):
        return Away(f"The mail server does not let us send ({numbers})."), True
    if code >= PERMANENT:
        return GiveUp(f"The mail server refuses this address for good ({numbers})."), False
    return Away(f"The mail server does not take mails for this address now ({numbers})."), code == _SERVICE_ENDS


def _of_answer(error: smtplib.SMTPResponseException) -> Exception:
    code = error.smtp_code
    numbers, _enhanced = _numbers(code, error.smtp_error)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Away(f"The mail server refuses our login ({numbers}).")
    if isinstance(error, smtplib.SMTPSenderRefused) and code != TOO_BIG:
        return Away(f"The mail server refuses our sender's address ({numbers}).")
    is_of_mail = isinstance(error, smtplib.SMTPDataError | smtplib.SMTPSenderRefused)
    if is_of_mail and code >= PERMANENT and code not in _OF_US:
        return GiveUp(f"The mail server refuses this mail for good ({numbers}).")
    return Away(f"The mail server does not take mails now ({numbers}).")


def _of_provider(error: AnymailRequestsAPIError) -> Exception:
    code = error.status_code
    if code is None:
        return _of_silence(error)
    if code == _GATEWAY_TIMEOUT:
        return InDoubt(IN_DOUBT.format("provider"))
    if code in _NO_KEY:
        return Away(f"The mail provider refuses our key ({code}).")
    if code == _TOO_MANY or code >= _BROKEN:
        return Away(f"The mail provider does not take mails now ({code}).")
    return Away(f"The mail provider refuses the mail ({code}).")


def _of_silence(error: Exception) -> Exception:
    """No answer at all. Anymail's error is also one of the client's; the client's reason says whether there was ever a
    connection to ask on."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "ConnectTimeout" in kinds:
        return Away(NO_ANSWER)
    cause = error.__cause__
    reason = type(getattr(cause.args[0] if cause and cause.args else None, "reason", None)).__name__
    if "SSLError" in kinds or reason in {"NewConnectionError", "NameResolutionError"}:
        return Away("The mail provider cannot be reached.")
    return InDoubt(IN_DOUBT.format("provider"))


def _why_away(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server does not know what the settings ask for (EMAIL_TLS, EMAIL_USER)."
    if isinstance(error, ssl.SSLCertVerificationError):
        return "The mail server's certificate is not valid for its name."
    if isinstance(error, ssl.SSLError):
        return "The mail server and we find no common TLS."
    # smtplib says "disconnected" of a server that says nothing, too.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return NO_ANSWER
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "The mail server broke the connection."
    if isinstance(error, smtplib.SMTPException):
        return "The mail server says what we do not understand."
    if isinstance(error, socket.gaierror):
        return "The mail server's name is not known."
    return f"The mail server cannot be reached ({errno.errorcode.get(error.errno or 0, type(error).__name__)})."


def _numbers(code: int, words: bytes | str) -> tuple[str, str]:
    """ "550 5.1.1" and "5.1.1"; "550" and "" where the server says no more."""
    said = _ENHANCED.match(words if isinstance(words, bytes) else words.encode())
    enhanced = said[1].decode() if said else ""
    return f"{code} {enhanced}".strip(), enhanced
