"""How mails leave the house, from the environment: a provider, a mail server, or not at all (docs/running.md)."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured

# Backends of django-anymail that need no further package. Amazon's SES takes mails by SMTP, too.
PROVIDERS = (
    "brevo", "mailersend", "mailgun", "mailjet", "mailtrap", "mandrill", "postal", "postmark", "resend", "scaleway",
    "sendgrid", "sparkpost", "unisender_go",
)  # fmt: skip
KEEPING = "portal.mailbox.KeepingBackend"
SMTP = "portal.mail_smtp.EmailBackend"
OVER_TLS = 465  # the port where TLS begins at once
# Seconds for a provider's connection and answer. Who hangs up earlier does not know whether the mail went out; together
# they stay below the lease of a job.
TIMEOUTS = (10, 60)


def backend_of(environ: Mapping[str, str]) -> str:
    """Django's EMAIL_BACKEND. Raises ImproperlyConfigured for a provider that nobody knows."""
    provider = environ.get("EMAIL_PROVIDER", "").strip().lower()
    if not provider:
        return SMTP if environ.get("EMAIL_HOST") else KEEPING
    if provider not in PROVIDERS or find_spec(f"anymail.backends.{provider}") is None:
        raise ImproperlyConfigured(f"EMAIL_PROVIDER is none of {', '.join(PROVIDERS)}.")
    return f"anymail.backends.{provider}.EmailBackend"


def anymail_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Django's ANYMAIL: what the environment says as ANYMAIL_<NAME>, such as ANYMAIL_POSTMARK_SERVER_TOKEN."""
    given = {
        name.removeprefix("ANYMAIL_"): value for name, value in environ.items() if name.startswith("ANYMAIL_") and value
    }
    return {"REQUESTS_TIMEOUT": TIMEOUTS, **given}
