from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from marketplace.sandbox import moments
from marketplace.sandbox.environment import environment
from marketplace.sandbox.running import store, visiting
from marketplace.sandbox.store import Row
from marketplace.sandbox.views import for_members, tell
from marketplace.sandbox.visiting import ACTIVE, BOOKING, DAYS_AHEAD

SHOWN = """
    SELECT * FROM class WHERE starts_at >= ? AND starts_at < ? AND (? = '' OR location = ?)
        AND (stand <> 'withdrawn' OR EXISTS (SELECT 1 FROM booking
            WHERE class_id = class.id AND member_id = ? AND state IN ('booked', 'waiting', 'asked')))
    ORDER BY starts_at, name
"""


@require_safe
@for_members
def classes(request: HttpRequest, member: Row) -> HttpResponse:
    """The classes of the next days. Each visit asks the studio, where this marketplace asks at all."""
    now = moments.now()
    answered = visiting().look(now=now)
    location = request.GET.get("location", "")
    until = moments.written(now + timedelta(days=DAYS_AHEAD))
    found = store().rows(SHOWN, moments.written(now), until, location, location, member["id"])
    mine = "SELECT class_id, state FROM booking WHERE member_id = ? AND state IN ('asked', 'booked', 'waiting')"
    states = {row["class_id"]: row["state"] for row in store().rows(mine, member["id"])}
    shown: list[tuple[Any, list[dict[str, Any]]]] = []
    for row in found:
        start = moments.read(row["starts_at"])
        day = start.astimezone(environment().zone).date() if start else None
        if not shown or shown[-1][0] != day:
            shown.append((day, []))
        shown[-1][1].append({**dict(row), "mine": states.get(row["id"], "")})
    page = {"days": shown, "location": location, "places": environment().locations, "answered": answered}
    return render(request, "sandbox/classes.html", page)


@require_safe
@for_members
def one_class(request: HttpRequest, member: Row, name: str) -> HttpResponse:
    """One class, and whether this member may book it: the studio is asked now."""
    reply = visiting().look_at(name, member)
    member_now = store().row("SELECT * FROM member WHERE id = ?", member["id"]) or member
    row = store().row("SELECT * FROM class WHERE id = ?", name)
    if row is None:
        raise Http404
    mine = _mine(member_now, name)
    page = {"row": row, "mine": mine, "reply": reply, **_may(reply.data)}
    return render(request, "sandbox/one_class.html", page)


@require_POST
@for_members
def book(request: HttpRequest, member: Row, name: str) -> HttpResponse:
    if _mine(member, name) is None:
        tell(request, visiting().book(member, name))
    return redirect("one_class", name)


@require_POST
@for_members
def wait(request: HttpRequest, member: Row, name: str) -> HttpResponse:
    if _mine(member, name) is None:
        tell(request, visiting().wait(member, name))
    return redirect("one_class", name)


@require_POST
@for_members
def come(request: HttpRequest, member: Row, name: str) -> HttpResponse:
    """Check in for a class without a booking: what a marketplace can do that books nothing."""
    row = store().row("SELECT * FROM class WHERE id = ?", name)
    if row is None:
        raise Http404
    tell(request, visiting().come(member, row["location"], name))
    return redirect("one_class", name)


def _mine(member: Row, name: str) -> Row | None:
    marks = ", ".join("?" * len(ACTIVE))
    sql = f"{BOOKING} WHERE member_id = ? AND class_id = ? AND state IN ({marks}) ORDER BY asked_at DESC"
    return store().row(sql, member["id"], name, *ACTIVE)


def _may(answer: Any) -> dict[str, Any]:
    """What the studio said about this member and this class: may they book, may they wait, and why not."""
    said = answer.get("attendeeBookingDetails") if isinstance(answer, dict) else None
    eligibility = said.get("eligibility") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(eligibility, dict):
        return {"asked": False}
    add, line = eligibility.get("addToClassEligibility") or {}, eligibility.get("addToWaitlistEligibility") or {}
    found = {"asked": True, "may_book": add.get("eligible") is True, "may_wait": line.get("eligible") is True}
    return found | {"why_not": add.get("reason") or "", "position": said.get("waitlistPosition")}
