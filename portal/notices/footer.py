"""Why somebody of the staff gets a mail, and where to change that."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.models import StaffLogin
from portal.notices.registry import NoticeKind


def footer_of(login: StaffLogin, kind: NoticeKind | None = None) -> str:
    """In the active language; `kind` None: the morning mail."""
    names = {"studio": " ".join(login.studio.name.split()), "kind": kind.label if kind else ""}
    if kind is None:
        why = _("Your morning mail from %(studio)s, because you have a login there.") % names
    elif kind.fixed:
        why = _(
            "From %(studio)s, because you have a login there: %(kind)s. It is about security and cannot be turned off."
        )
        why %= names
    else:
        why = _("From %(studio)s, because you have a login there: %(kind)s.") % names
    return "\n".join([why, _("Choose what you hear of, and how:"), choices_url(login)])


def choices_url(login: StaffLogin) -> str:
    return str(settings.SITE_URL) + reverse("portal:notices", args=[login.studio.slug])
