"""What the marketplace's own staff see: how it works, what it believes, what went over the wire, what it will pay."""

from datetime import date, datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.sandbox import moments, switches
from marketplace.sandbox.environment import environment
from marketplace.sandbox.running import how, store, visiting
from marketplace.sandbox.statement import Line, Visit, as_csv, lines
from marketplace.sandbox.visiting import BOOKING
from marketplace.sandbox.words import word

SHOWN = 100
COMING = "SELECT * FROM class WHERE starts_at > ? AND stand = 'on' ORDER BY starts_at, name LIMIT 30"


@require_http_methods(["GET", "HEAD", "POST"])
def board(request: HttpRequest) -> HttpResponse:
    """All switches, in one form."""
    if request.method == "POST":
        store().set(switches.to_store(request.POST.dict()))
        messages.success(request, word("Saved."))
        return redirect("operator")
    page = {
        "how": how(),
        "ways": switches.WAYS,
        "faults": switches.FAULTS,
        "differences": switches.DIFFERENCES,
        "queue": store().rows("SELECT * FROM message WHERE state <> 'sent' ORDER BY due_at DESC LIMIT 20"),
        "coming": store().rows(COMING, moments.written(moments.now())),
        "active": store().row("SELECT count(*) AS number FROM booking WHERE state IN ('asked', 'booked')"),
    }
    return render(request, "sandbox/operator.html", page)


@require_POST
def burst(request: HttpRequest) -> HttpResponse:
    """Cancel everything that is booked from now on, at once."""
    active = f"{BOOKING} WHERE state IN ('asked', 'booked') AND class.starts_at > ?"
    found = store().rows(active, moments.written(moments.now()))
    count = visiting().cancel_all(found)
    messages.success(request, word("{count} bookings were cancelled at once.").format(count=count))
    return redirect("operator")


@require_POST
def race(request: HttpRequest) -> HttpResponse:
    """Whoever has no place in this class yet asks for one, all in the same moment."""
    name = request.POST.get("class", "")
    if store().row("SELECT 1 FROM class WHERE id = ? AND stand = 'on'", name) is None or how().way == switches.CHECK_IN:
        raise Http404
    free = (
        "SELECT * FROM member WHERE id NOT IN "
        "(SELECT member_id FROM booking WHERE class_id = ? AND state IN ('asked', 'booked', 'waiting'))"
    )
    members = store().rows(free, name)
    count = visiting().race(members, name)
    told = word("{count} of {all} got a place or wait for the answer.").format(count=count, all=len(members))
    messages.success(request, told)
    return redirect("operator")


@require_POST
def clear(request: HttpRequest) -> HttpResponse:
    store().clear()
    messages.success(request, word("Everything is forgotten."))
    return redirect("operator")


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """Our copy of the timetable, and when we were told what stands in it."""
    since = moments.written(moments.now().replace(hour=0, minute=0, second=0))
    rows = store().rows("SELECT * FROM class WHERE starts_at >= ? ORDER BY starts_at, name LIMIT 500", since)
    return render(request, "sandbox/catalogue.html", {"rows": rows})


@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    last = int(before) if before.isascii() and before.isdigit() and len(before) < 15 else 10**15
    rows = store().rows("SELECT * FROM call WHERE id < ? ORDER BY id DESC LIMIT ?", last, SHOWN)
    return render(request, "sandbox/calls.html", {"rows": rows, "more": rows[-1]["id"] if len(rows) == SHOWN else None})


@require_safe
def statement(request: HttpRequest) -> HttpResponse:
    month = _month(request)
    found = _lines(month)
    page = {"lines": found, "month": month, "total": sum(line.net for line in found), "how": how()}
    return render(request, "sandbox/statement.html", {**page, "differences": switches.DIFFERENCES})


@require_safe
def statement_file(request: HttpRequest) -> HttpResponse:
    month = _month(request)
    name = f"fitpass-one-{month:%Y-%m}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(as_csv(_lines(month)), content_type="text/csv; charset=utf-8", headers=headers)


def _month(request: HttpRequest) -> date:
    """The month asked for as `2026-11`, else this one."""
    try:
        asked = datetime.strptime(request.GET.get("month", ""), "%Y-%m")  # noqa: DTZ007 - a month has no zone
        return asked.date()
    except ValueError:
        return moments.now().astimezone(environment().zone).date().replace(day=1)


def _lines(month: date) -> list[Line]:
    over = store().rows(f"{BOOKING} WHERE class.ends_at < ?", moments.written(moments.now()))
    visits = [
        Visit(
            booking=row["id"],
            member=row["member_id"],
            name=f"{row['first_name']} {row['last_name']}",
            location=row["location"],
            class_name=row["name"],
            starts_at=start,
            state=row["state"],
            checked_in=bool(row["checked_in_at"]),
            additional=bool(row["additional"]),
        )
        for row in over
        if (start := moments.read(row["starts_at"])) is not None
    ]
    set_ = how()
    return lines(visits, month=month, rates=set_.rates, differences=set_.differences, zone=environment().zone)
