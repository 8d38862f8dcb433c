"""What a member says of a visit: written at the studio through its API, nothing of it is kept here."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from marketplace.sandbox.running import store, visiting
from marketplace.sandbox.store import Row
from marketplace.sandbox.studio import Reply
from marketplace.sandbox.views import for_members
from marketplace.sandbox.visiting import BOOKING
from marketplace.sandbox.words import word

QUESTIONS: Mapping[str, Callable[[], str]] = {
    "class": lambda: word("How was the class?"),
    "teacher": lambda: word("How was the teacher?"),
    "place": lambda: word("How was the place?"),
    "welcome": lambda: word("How was the welcome?"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def review(request: HttpRequest, member: Row, number: str) -> HttpResponse:
    """Stars and words; and what the studio answered to them."""
    booking = store().row(f"{BOOKING} WHERE booking.id = ? AND member_id = ?", number, member["id"])
    if booking is None:
        raise Http404
    sent: dict[str, Any] = {}
    if request.method == "POST":
        stars = {name: request.POST.get(name, "") for name in QUESTIONS}
        marks = {name: int(given) for name, given in stars.items() if given in {"1", "2", "3", "4", "5"}}
        sent = {"marks": marks, "text": request.POST.get("text", "")}
        reply = visiting().review(member, booking, sent)
        if reply.is_good:
            messages.success(request, word("Sent to the studio. Thank you!"))
            return redirect("review", number)
        messages.error(request, word("Not sent: {why}").format(why=_why_not(reply)))
    asked = visiting().look_at_review(member, booking)
    return render(request, "sandbox/review.html", _page(booking, asked, sent))


def _page(booking: Row, asked: Reply, sent: dict[str, Any]) -> dict[str, Any]:
    written = asked.said.get("review") or {}
    marks, text = sent.get("marks", written.get("marks", {})), sent.get("text", written.get("text", ""))
    wanted = [one.get("criterion") for one in asked.said.get("asked") or []]
    questions = [(name, QUESTIONS[name](), marks.get(name)) for name in QUESTIONS if name in wanted]
    return {
        "booking": booking,
        "questions": questions,
        "stars": [5, 4, 3, 2, 1],
        "text": text,
        "written": written,
        "said": asked.said,
        "why_not": "" if asked.is_good else _why_not(asked),
    }


def _why_not(reply: Reply) -> str:
    errors = reply.said.get("errors")
    if isinstance(errors, dict) and errors.get("text") == "tooLarge":
        return word("the text is too long; up to 4000 characters go")
    return reply.why_not or word("no answer")
