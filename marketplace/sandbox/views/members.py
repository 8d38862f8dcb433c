from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from marketplace.sandbox.environment import environment
from marketplace.sandbox.running import store, visiting
from marketplace.sandbox.store import Row
from marketplace.sandbox.views import for_members, member_of, tell


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Whom do you want to be? Ten members, and no password."""
    if member_of(request) is not None:
        return redirect("classes")
    return render(request, "sandbox/home.html", {"members": store().rows("SELECT * FROM member ORDER BY id")})


@require_POST
def log_in(request: HttpRequest) -> HttpResponse:
    name = request.POST.get("member", "")
    if store().row("SELECT 1 FROM member WHERE id = ?", name) is None:
        raise Http404
    request.session["member"] = name
    return redirect("classes")


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return redirect("home")


@require_safe
@for_members
def studio(request: HttpRequest, member: Row) -> HttpResponse:
    return render(request, "sandbox/studio.html", {"places": environment().locations})


@require_POST
@for_members
def door(request: HttpRequest, member: Row) -> HttpResponse:
    """Check in at the door without a booking."""
    location = request.POST.get("location", "")
    if location not in environment().locations:
        raise Http404
    tell(request, visiting().come(member, location))
    return redirect("studio")
