"""The studio for practice: in and out with one click, and what is to be practised there (N12)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.demo import evening
from bookings.demo.practice import enter, make, remove
from bookings.practice_words import TASK_WORDS, seconds_words
from bookings.selectors.practising import practice_of, training_of
from portal.access import StudioRequest, studio_view
from portal.models import Studio
from portal.roles import Right


@studio_view(Right.VIEW_TODAY)
@require_safe
def practice(request: StudioRequest) -> HttpResponse:
    """Of a real studio: what there is to look around in. Of the practice itself: what one has learnt there."""
    if request.studio.is_practice:
        return _training(request)
    found = practice_of(request.studio)
    context = {
        "practice": found,
        "may_make": _may_make(request),
        "has_login": found is not None and found.logins.filter(user=request.login.user, is_active=True).exists(),
    }
    return render(request, "bookings/practice.html", context)


@studio_view(Right.MANAGE_SETTINGS, by_password=True)
@require_POST
def practice_make(request: StudioRequest) -> HttpResponse:
    """Make it, or bring it up to today, and go there."""
    studio = _real(request)
    if not _may_make(request):
        raise PermissionDenied
    made = make(studio, by=request.login, now=timezone.now())
    return redirect("bookings:practice", made.slug)


@studio_view(Right.VIEW_TODAY, by_password=True)
@require_POST
def practice_enter(request: StudioRequest) -> HttpResponse:
    """Somebody who came to the studio later gets their login there, too."""
    found = practice_of(_real(request))
    if found is None:
        return redirect("bookings:practice", request.studio.slug)  # which says that there is none
    enter(found, request.login)
    return redirect("bookings:practice", found.slug)


@studio_view(Right.MANAGE_SETTINGS, by_password=True)
@require_POST
def practice_remove(request: StudioRequest) -> HttpResponse:
    """Out with one click, from either side of the door."""
    studio, login = request.studio, request.login
    if studio.practice_of is not None:
        studio = studio.practice_of
        found = studio.logins.filter(user=login.user, is_active=True).first()
        if found is None or Right.MANAGE_SETTINGS not in found.rights:
            raise PermissionDenied
        login = found
    if login.locations.exists():
        raise PermissionDenied
    if remove(studio, by=login, now=timezone.now()):
        messages.success(request, _("The practice studio is gone, with everybody in it. Your own studio is as it was."))
    return redirect("portal:studio", studio.slug)


@studio_view(Right.CHECK_IN)
@require_POST
def practice_evening(request: StudioRequest) -> HttpResponse:
    """Three minutes in which bookings arrive and somebody cancels late."""
    if not request.studio.is_practice:
        messages.warning(request, _("That is for the practice studio. Here nothing was changed."))
        return redirect("bookings:practice", request.studio.slug)
    evening.begin(request.studio, now=timezone.now())
    messages.success(request, _("The evening has begun: for three minutes something happens every ten seconds."))
    return redirect("bookings:check_ins", request.studio.slug)


def _training(request: StudioRequest) -> HttpResponse:
    training = training_of(request.login)
    context = {
        "training": training,
        "tasks": [(one, *TASK_WORDS[one.task]) for one in training.tasks],
        "pace": seconds_words(training.seconds),
        "home": request.studio.practice_of,
        "may_check_in": request.may(Right.CHECK_IN),
        "may_remove": request.may(Right.MANAGE_SETTINGS),
    }
    return render(request, "bookings/training.html", context)


def _may_make(request: StudioRequest) -> bool:
    return request.may(Right.MANAGE_SETTINGS) and not request.login.locations.exists()


def _real(request: StudioRequest) -> Studio:
    """The practice has none of its own."""
    if request.studio.is_practice:
        raise Http404
    return request.studio
