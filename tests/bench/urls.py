"""Tresen's routes, and two that only the benchmark has: a bare insert to compare with, and `reserve` over HTTP.

Booking has no screen yet; the route calls the action as a screen would.
"""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from bookings import actions
from portal.access import public, studio_view
from portal.roles import Right
from tests.bench.models import Note


def _insert(request: HttpRequest) -> HttpResponse:
    Note.objects.create(words=str(uuid4()), at=timezone.now())
    return HttpResponse("ok")


@public("Inserts one row and looks at nobody: what Django costs by itself.")
@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    return _insert(request)


@public("Inserts one row for whoever is logged in, as the least that a view with a login does.")
def insert_for_user(request: HttpRequest) -> HttpResponse:
    return _insert(request) if request.user.is_authenticated else HttpResponse(status=403)


@studio_view(Right.BOOK)
def reserve(request: Any) -> HttpResponse:
    session = get_object_or_404(request.studio.sessions, pk=request.POST["session"])
    member = get_object_or_404(request.studio.members, pk=request.POST["member"])
    try:
        done = actions.reserve(
            session,
            member,
            source="desk",
            action_id=UUID(request.POST["action_id"]),
            by=request.login,
            now=timezone.now(),
        )
    except actions.Refused as refused:
        step = refused.decision.refusal
        return JsonResponse({"refused": step and step.question}, status=409)
    return JsonResponse({"reservation": done.reservation.pk})


urlpatterns = [
    path("bench/insert", insert),
    path("bench/insert-for-user", insert_for_user),
    path("bench/<slug:studio>/reserve", reserve),
    path("", include("config.urls")),
]
