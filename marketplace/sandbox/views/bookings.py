from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from marketplace.sandbox import moments
from marketplace.sandbox.running import store, visiting
from marketplace.sandbox.store import Row
from marketplace.sandbox.switches import PULL
from marketplace.sandbox.views import for_members, tell
from marketplace.sandbox.visiting import ACTIVE, BOOKING

SHOWN = 60


@require_safe
@for_members
def bookings(request: HttpRequest, member: Row) -> HttpResponse:
    """What is to come first, then what was."""
    moment = moments.now()
    visit = visiting()
    visit.give_up(now=moment)
    visit.agree(member, now=moment)
    now = moments.written(moment)
    last_first = f"{BOOKING} WHERE member_id = ? ORDER BY class.starts_at DESC, booking.rowid DESC LIMIT ?"
    mine = store().rows(last_first, member["id"], SHOWN)
    upcoming = [row for row in mine if row["state"] in ACTIVE and (row["ends_at"] or "") >= now]
    past = [row for row in mine if row not in upcoming]
    page = {"upcoming": upcoming[::-1], "past": past, "now": now, "waits": any(r["state"] == "asked" for r in mine)}
    return render(request, "sandbox/bookings.html", page)


@require_POST
@for_members
def cancel(request: HttpRequest, member: Row, number: str) -> HttpResponse:
    booking = _mine(member, number)
    if booking["state"] in ACTIVE:
        tell(request, visiting().cancel(booking))
    return redirect("bookings")


@require_POST
@for_members
def check_in(request: HttpRequest, member: Row, number: str) -> HttpResponse:
    booking = _mine(member, number)
    if booking["state"] == "booked" and not booking["checked_in_at"]:
        tell(request, visiting().check_in(booking))
    return redirect("bookings")


@require_POST
@for_members
def check_out(request: HttpRequest, member: Row, number: str) -> HttpResponse:
    booking, visit = _mine(member, number), visiting()
    if visit.how.way == PULL and booking["checked_in_at"]:
        tell(request, visit.take_back_check_in(booking))
    return redirect("bookings")


def _mine(member: Row, number: str) -> Row:
    found = store().row(f"{BOOKING} WHERE booking.id = ? AND member_id = ?", number, member["id"])
    if found is None:
        raise Http404
    return found
