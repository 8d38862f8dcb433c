"""Copying a week of the schedule into another one."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings.actions import Refused, schedule
from bookings.schedule_forms.copy import CopyWeekForm
from bookings.selectors.timetable import WEEK
from bookings.views.schedule import monday_of_word, week_word
from bookings.views.schedule_plan import Look, fingerprint, is_confirmed, look_at
from bookings.words import refusal_words
from portal.access import StudioRequest, locations_for, studio_view
from portal.locations import location_choice
from portal.once import once
from portal.roles import Right


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def copy_week(request: StudioRequest) -> HttpResponse:
    """From one week into another: what would be made and what is skipped is told first."""
    choice, now = location_choice(request), timezone.now()
    today = min((place.local_day(now) for place in choice.visible), default=now.date())
    monday = monday_of_word(request.GET.get("from", ""), today)
    first = {"from_day": monday, "to_day": _next_free(monday, today)}
    form = CopyWeekForm(request.POST if request.method == "POST" else None, login=request.login, initial=first)
    back = f"{reverse('bookings:schedule', args=[request.studio.slug])}?week={week_word(monday)}"
    context: dict[str, Any] = {"form": form, "back": back, "show_places": len(choice.visible) > 1}
    if not form.is_bound:
        return render(request, "bookings/schedule_copy.html", context)
    if not form.is_valid():
        return render(request, "bookings/schedule_copy.html", context, status=422)
    wish = (request.studio, form.cleaned_data["from_day"], form.cleaned_data["to_day"], form.locations)
    place = (form.locations or locations_for(request.login))[0]
    look = look_at(schedule.plan_week_copy(*wish, now=now), place)
    if not look.refused and look.made and is_confirmed(request):
        try:
            done = schedule.copy_week(*wish, by=request.login, now=now)
        except Refused as refusal:
            look = Look(refused=refusal_words(refusal.decision, place))
        else:
            number = len(done.made)
            words = ngettext("%(number)d session is copied.", "%(number)d sessions are copied.", number)
            messages.success(request, words % {"number": number})
            return redirect(f"{reverse('bookings:schedule', args=[request.studio.slug])}?week={week_word(wish[2])}")
    words = ngettext("Copy %(number)d session", "Copy %(number)d sessions", look.made) % {"number": look.made}
    context |= {"look": look, "fingerprint": fingerprint(request.POST), "confirm": words}
    context["nothing"] = _("Nothing is left to copy: all of it is there already, or skipped.")
    return render(request, "bookings/schedule_copy.html", context, status=422 if look.refused else 200)


def _next_free(monday: date, today: date) -> date:
    """The week that is meant most often: the one after, and never one that has passed."""
    this_week = today - timedelta(days=today.weekday())
    return max(monday, this_week) + WEEK
