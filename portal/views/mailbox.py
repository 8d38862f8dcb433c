"""`/mail/`: the mails that stayed in the house, without a mail server and of practice studios. The operator's alone."""

from functools import wraps
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp_replace, csp_update
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from portal.access import View, public
from portal.admin_site import is_operator
from portal.mailbox import kept_mail, kept_mails, mails_go_out
from portal.models import KeptMail

ON_A_PAGE = 50
# A mail can do nothing but be looked at, and open its links beside it: it is what somebody may have typed somewhere.
OF_A_MAIL: dict[str, list[str] | None] = {
    **dict.fromkeys(("script-src", "img-src", "font-src", "connect-src", "manifest-src")),  # as "default-src"
    "default-src": [NONE],
    "style-src": ["'unsafe-inline'"],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


def operators_page(view: View) -> View:
    """For who runs the installation; a page that does not exist for everybody else."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not is_operator(request):
            raise Http404
        response = view(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    return public("the operator's: asks for a superuser by itself")(guarded)


@operators_page
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """The newest first; with `q` those in whose address or subject the words stand."""
    words = request.GET.get("q", "")[:100].replace("\0", "")
    page = Paginator(kept_mails(words), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"title": _("Mails"), "page": page, "q": words, "go_out": mails_go_out()}
    return render(request, "portal/mail.html", admin.site.each_context(request) | context)


@operators_page
@require_safe
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]
def mail_shown(request: HttpRequest, mail: int) -> HttpResponse:
    """One mail: its heads, its HTML in a frame of its own, its text."""
    found = _found(mail)
    context = {"title": found.subject, "mail": found}
    return render(request, "portal/mail_shown.html", admin.site.each_context(request) | context)


@operators_page
@require_safe
@xframe_options_sameorigin
@csp_replace(OF_A_MAIL)  # type: ignore[arg-type]
def mail_html(request: HttpRequest, mail: int) -> HttpResponse:
    """The HTML as it was sent, for the frame: no script, no picture, nothing of ours within its reach."""
    found = _found(mail)
    if not found.html:
        raise Http404
    return HttpResponse(found.html)


def _found(pk: int) -> KeptMail:
    found = kept_mail(pk)
    if found is None:
        raise Http404
    return found
