"""How a person comes to a login: asked for, invited, accepted."""

from http import HTTPStatus

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import login as log_in
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import StudioRequest, public, studio_view
from portal.models import Invitation, LoginWish, User
from portal.once import once
from portal.roles import Right
from portal.staff import desk, invitations, selectors
from portal.staff.forms import AcceptForm, AskForm, DeclineForm, InviteForm
from portal.staff.rules import StaffRefused
from portal.staff.words import WHY_WORDS
from portal.views.staff import refused, zone_of

FORM = ["GET", "HEAD", "POST"]


def _origin(request: HttpRequest) -> str:
    return request.build_absolute_uri("/")


def _back(request: StudioRequest) -> HttpResponse:
    return redirect("portal:staff", request.studio.slug)


@studio_view(Right.MANAGE_LOGINS)
@require_http_methods(FORM)
@once
def staff_invite(request: StudioRequest) -> HttpResponse:
    form = InviteForm(request.POST if request.method == "POST" else None, studio=request.studio)
    if request.method == "POST" and form.is_valid():
        wanted = form.wanted()
        try:
            invitations.invite(request.studio, wanted, by=request.login, now=timezone.now(), origin=_origin(request))
        except StaffRefused as error:
            form.add_error(None, str(WHY_WORDS[error.why]))
        else:
            messages.success(request, _("A mail with a link is on its way to %(email)s.") % {"email": wanted.email})
            return _back(request)
    return _form(request, "portal/staff_invite.html", form)


def _form(request: StudioRequest, template: str, form: InviteForm) -> HttpResponse:
    context = {"form": form, "presets": selectors.presets(), "rights": selectors.rights_table()}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, template, context, status=status)


def _invitation(request: StudioRequest, pk: int) -> Invitation:
    return get_object_or_404(request.studio.invitations.all(), pk=pk)


@studio_view(None, post=Right.MANAGE_LOGINS)
@require_POST
def staff_invitation_resend(request: StudioRequest, invitation: int) -> HttpResponse:
    found = _invitation(request, invitation)
    try:
        invitations.resend(found, by=request.login, now=timezone.now(), origin=_origin(request))
    except StaffRefused as error:
        refused(request, error)
    else:
        words = _("A new link is on its way to %(email)s. The one before no longer works.")
        messages.success(request, words % {"email": found.email})
    return _back(request)


@studio_view(None, post=Right.MANAGE_LOGINS)
@require_POST
def staff_invitation_link(request: StudioRequest, invitation: int) -> HttpResponse:
    """Show a new link, once: mails land in spam."""
    found, now = _invitation(request, invitation), timezone.now()
    try:
        secret = invitations.show_link(found, by=request.login, now=now)
    except StaffRefused as error:
        refused(request, error)
        return _back(request)
    link = request.build_absolute_uri(reverse("accept_invitation", args=[secret]))
    context = {"found": found, "link": link, "until": now + Invitation.LIVES, "zone": zone_of(request)}
    return render(request, "portal/staff_link.html", context)


@studio_view(None, post=Right.MANAGE_LOGINS)
@require_POST
def staff_invitation_withdraw(request: StudioRequest, invitation: int) -> HttpResponse:
    found = _invitation(request, invitation)
    try:
        invitations.withdraw(found, by=request.login, now=timezone.now())
    except StaffRefused as error:
        refused(request, error)
    else:
        messages.success(request, _("Withdrawn: the link no longer works."))
    return _back(request)


@studio_view(Right.REQUEST_LOGINS)
@require_http_methods(FORM)
@once
def staff_ask(request: StudioRequest) -> HttpResponse:
    """Q37: who may not give logins asks the owner for one."""
    form = AskForm(request.POST if request.method == "POST" else None, studio=request.studio)
    if request.method == "POST" and form.is_valid():
        try:
            invitations.ask(
                request.studio,
                form.wanted(),
                why=form.cleaned_data["why"],
                by=request.login,
                now=timezone.now(),
                origin=_origin(request),
            )
        except StaffRefused as error:
            form.add_error(None, str(WHY_WORDS[error.why]))
        else:
            messages.success(request, _("The owner has been asked. You get a mail with the answer."))
            return _back(request)
    return _form(request, "portal/staff_ask.html", form)


def _wish(request: StudioRequest, pk: int) -> LoginWish:
    return get_object_or_404(selectors.open_wishes(request.studio), pk=pk)


@studio_view(None, post=Right.MANAGE_LOGINS)
@require_POST
def staff_wish_grant(request: StudioRequest, wish: int) -> HttpResponse:
    found = _wish(request, wish)
    try:
        invitations.grant(found, by=request.login, now=timezone.now(), origin=_origin(request))
    except StaffRefused as error:
        refused(request, error)
    else:
        messages.success(request, _("A mail with a link is on its way to %(email)s.") % {"email": found.email})
    return _back(request)


@studio_view(Right.MANAGE_LOGINS)
@require_http_methods(FORM)
def staff_wish_decline(request: StudioRequest, wish: int) -> HttpResponse:
    found = _wish(request, wish)
    form = DeclineForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            invitations.decline(found, reason=form.cleaned_data["reason"], by=request.login, now=timezone.now())
        except StaffRefused as error:
            refused(request, error)
        else:
            messages.success(request, _("Declined. Who asked gets your reason by mail."))
        return _back(request)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "portal/staff_decline.html", {"found": found, "form": form}, status=status)


@studio_view(None, post=Right.REQUEST_LOGINS)
@require_POST
def staff_wish_withdraw(request: StudioRequest, wish: int) -> HttpResponse:
    """It is needed no more; the log says who took it back."""
    try:
        invitations.take_back(_wish(request, wish), by=request.login, now=timezone.now())
    except StaffRefused as error:
        refused(request, error)
    return _back(request)


@public("opened from the mail that invites; the secret in the address is the key, and it is tried in a limited way")
@sensitive_post_parameters("password")
@require_http_methods(FORM)
def accept_invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Set name and password, or, with a login from elsewhere, add this studio to it."""
    if not ratelimit.consume(request, action="accept"):
        return _accept_page(request, None, status=HTTPStatus.TOO_MANY_REQUESTS)
    found = invitations.find(secret, now=timezone.now())
    if found is None:
        return _accept_page(request, None, status=HTTPStatus.NOT_FOUND)
    if request.user.is_authenticated:
        return _accept_known(request, found)
    form = AcceptForm(request.POST if request.method == "POST" else None, invitation=found)
    if request.method == "POST" and form.is_valid():
        try:
            given = form.cleaned_data
            user = invitations.join(found, name=given["name"], password=given["password"], now=timezone.now())
        except IntegrityError:
            form.add_error(None, _("This address has a login already. Log in with it, and you can accept."))
        except StaffRefused:
            return _accept_page(request, None, status=HTTPStatus.NOT_FOUND)
        else:
            log_in(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
            return redirect("portal:studio", found.studio.slug)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return _accept_page(request, found, form=form, status=status)


def _accept_known(request: HttpRequest, found: Invitation) -> HttpResponse:
    """Only the person with the invited address, and only who gave the password of this session."""
    user: User = request.user  # type: ignore[assignment]
    is_theirs = user.email.lower() == found.email.lower() and not desk.studio_of_desk(request.session)
    if request.method == "POST" and is_theirs:
        try:
            invitations.accept(found, user, now=timezone.now())
        except StaffRefused as error:
            messages.error(request, str(WHY_WORDS[error.why]))
        return redirect("portal:studio", found.studio.slug)
    return _accept_page(request, found, is_theirs=is_theirs)


def _accept_page(
    request: HttpRequest,
    found: Invitation | None,
    *,
    form: AcceptForm | None = None,
    is_theirs: bool = False,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = {
        "found": found,
        "form": form,
        "is_theirs": is_theirs,
        "wait": status == HTTPStatus.TOO_MANY_REQUESTS,
        "login_url": f"{reverse('account_login')}?next={request.path}",
    }
    response = render(request, "portal/accept_invitation.html", context, status=status)
    add_never_cache_headers(response)
    return response
