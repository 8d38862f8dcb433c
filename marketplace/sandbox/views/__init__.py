"""Pages for members and for the marketplace's operator, and the door for the studio's messages."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.timezone import localtime

from marketplace.sandbox import moments
from marketplace.sandbox.running import how, store
from marketplace.sandbox.store import Row
from marketplace.sandbox.visiting import Outcome
from marketplace.sandbox.words import word

RECENT = 12
# Whose rule said until when a booking could be cancelled free of charge.
RULES = {
    "contract": "By our contract with the studio.",
    "class": "By the rule of this class.",
    "location": "By the rule of this location.",
    "studio": "By the rule of the studio.",
    "classChanged": "The class was changed, so it is free.",
}
STAFF = {"operator", "catalogue", "calls", "statement"}

# How each outcome of a member's wish is told, and whether it is good news.
TOLD = {
    "asked": ("Sent to the studio. It decides now.", True),
    "booked": ("Booked.", True),
    "waiting": ("You are on the waiting list.", True),
    "refused": ("Not booked: {why}", False),
    "unanswered": ("The studio does not answer. Try again.", False),
    "cancelled": ("Cancelled in time.", True),
    "late_cancelled": ("Cancelled late. It was free until {until}.", False),
    "not_cancelled": ("Not cancelled: {why}", False),
    "checked_in": ("Checked in. Enjoy your class!", True),
    "not_checked_in": ("Not checked in: {why}", False),
    "taken_back": ("Check-in taken back.", True),
    "not_taken_back": ("Not taken back: {why}", False),
    "came": ("Checked in at the door.", True),
}


def context(request: HttpRequest) -> dict[str, Any]:
    """What every page shows around itself."""
    recent = "SELECT * FROM call ORDER BY id DESC LIMIT ?"
    found = {"me": member_of(request), "way": how().way, "recent": store().rows(recent, RECENT)}
    tab = request.resolver_match.url_name if request.resolver_match else ""
    return found | {
        "faults_on": len(how().faults),
        "tab": tab,
        "operator": tab in STAFF,
        "languages": settings.LANGUAGES,
    }


def member_of(request: HttpRequest) -> Row | None:
    return store().row("SELECT * FROM member WHERE id = ?", request.session.get("member", ""))


def for_members(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Gives the view the member; whoever is nobody yet chooses first."""

    @wraps(view)
    def found(request: HttpRequest, *words: Any, **named: Any) -> HttpResponse:
        member = member_of(request)
        return redirect("home") if member is None else view(request, member, *words, **named)

    return found


def tell(request: HttpRequest, outcome: Outcome) -> None:
    text, is_good = TOLD[outcome.kind]
    said = word(text).format(why=word(outcome.text), until=local(outcome.text))
    if outcome.rule in RULES:
        said += " " + word(RULES[outcome.rule])
    (messages.success if is_good else messages.error)(request, said)


def local(text: str) -> str:
    """A moment by the studio's clock, as people read it; any other text as it is."""
    moment = moments.read(text)
    return text if moment is None else date_format(localtime(moment), "D j M, H:i")
