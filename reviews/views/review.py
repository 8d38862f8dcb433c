"""One review: how its score came about, what it changes, and the studio's reply (P11, P12, Q35, Q36)."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import StudioRequest, studio_view
from portal.locations import location_choice
from portal.models import Change
from portal.roles import Right
from reviews import rules
from reviews.actions.reporting import NotReported, report
from reviews.actions.responding import NotTaken, edit, respond, withdraw_response
from reviews.forms.replying import ReplyForm, ReportForm
from reviews.models import Response, ResponseVersion, Review, Rule
from reviews.rules.warnings import addresses_in, phones_in
from reviews.selectors.naming import named_in
from reviews.selectors.one import changes_of, next_unanswered, standing_of, visit_state
from reviews.views.shown import Shown, the_review, zone_of
from reviews.words import NO_REPLY_WORDS, NO_REPORT_WORDS, criterion_words, doubt_words, excluded_words, sum_words

METHODS = ["GET", "HEAD", "POST"]
PREVIEW, SEND, ANYWAY = "preview", "send", "anyway"


@dataclass(frozen=True)
class Warned:
    """What a reply holds that readers should not see: each list as it stands in the text."""

    phones: tuple[str, ...]
    addresses: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.phones, *self.addresses, *self.names)


@dataclass(frozen=True)
class Told:
    """One step of the reply's history; `text` None: it was withdrawn."""

    at: datetime
    who: str
    text: str | None
    marked: bool = False


@studio_view(Right.ANSWER_REVIEWS)
@require_http_methods(METHODS)
def review(request: StudioRequest, review: int) -> HttpResponse:
    """The page; a POST shows the reply as it would stand, or sends it."""
    choice, now = location_choice(request), timezone.now()
    found = the_review(request, review, choice)
    if request.method != "POST":
        return render(request, "reviews/review.html", _context(request, found, now=now))
    form = ReplyForm(request.POST)
    if not form.is_valid():
        return _again(request, found, form, now=now)
    text, do = form.cleaned_data["text"], request.POST.get("do", SEND)
    warned = warned_of(text, found)
    if do == PREVIEW:
        return _page(request, _context(request, found, form, now=now, preview=text, warned=warned))
    agreed = do == ANYWAY and set(warned.all) <= set(request.POST.getlist("warned"))
    if warned.all and not agreed:
        return _again(request, found, form, now=now, warned=warned)
    return _send(request, found, form, now=now)


@studio_view(Right.ANSWER_REVIEWS)
@require_POST
def review_withdraw(request: StudioRequest, review: int) -> HttpResponse:
    """Take the reply back; writing it again puts it back."""
    found, now = the_review(request, review, location_choice(request)), timezone.now()
    try:
        withdraw_response(found, by=request.login, now=now)
        messages.success(request, _("Withdrawn. “Reply withdrawn” stands in its place; you can send the words again."))
    except NotTaken as no:
        messages.warning(request, str(NO_REPLY_WORDS[no.reason]))
    return _done(request, found, now=now)


@studio_view(Right.ANSWER_REVIEWS)
@require_http_methods(METHODS)
def review_report(request: StudioRequest, review: int) -> HttpResponse:
    """Name the rule and say why; the operator decides (P13)."""
    choice, now = location_choice(request), timezone.now()
    found = the_review(request, review, choice)
    form = ReportForm(request.POST or None)
    if form.is_bound and form.is_valid():
        rule, reason = form.cleaned_data["rule"], form.cleaned_data["reason"]
        try:
            report(found, Rule(rule), reason, by=request.login, now=now)
        except NotReported as no:
            form.add_error(None, str(NO_REPORT_WORDS[no.reason]))
        else:
            messages.success(
                request, _("Reported. The operator decides, and you are told. Until then it stays as it is.")
            )
            return redirect("reviews:review", request.studio.slug, found.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    no_report = _no_report(found)
    context = {
        "shown": Shown(found, zone_of(choice.visible)),
        "form": form,
        "no": NO_REPORT_WORDS[no_report] if no_report else "",
        "crumbs": [*_crumbs(request), (_("Review"), reverse("reviews:review", args=[request.studio.slug, found.pk]))],
    }
    return render(request, "reviews/review_report.html", context, status=status)


def warned_of(text: str, found: Review) -> Warned:
    """What of the reply's words deserves a second look. One query."""
    names = named_in(text, found.studio, but=found.reservation.member)
    return Warned(phones_in(text), addresses_in(text), tuple(names))


def _send(request: StudioRequest, found: Review, form: ReplyForm, *, now: datetime) -> HttpResponse:
    """Put the words under the review, in place of those that this person saw there."""
    text, seen = form.cleaned_data["text"], rules.number(request.POST.get("seen", ""))
    try:
        if seen is not None:
            response = edit(found, text, by=request.login, now=now, seen=seen)
        else:
            response = respond(found, text, by=request.login, now=now)
    except NotTaken as no:
        if no.reason is not rules.NoReply.ANSWERED or no.response is None or no.response.text != text:
            found = the_review(request, found.pk, request.location_choice)
            return _again(request, found, form, now=now, no=str(NO_REPLY_WORDS[no.reason]))
        response = no.response  # the same words, sent twice
    messages.success(request, _sent_words(response, now=now, zone=zone_of(request.location_choice.visible)))
    return _done(request, found, now=now)


def _sent_words(response: Response, *, now: datetime, zone: ZoneInfo) -> str:
    if not response.is_free(now):
        return _("Your reply stands below the review, marked as edited.")
    until = (response.written_at + rules.FREE_FOR).astimezone(zone)
    words = {"moment": f"{date_format(until, 'SHORT_DATE_FORMAT')}, {date_format(until, 'TIME_FORMAT')}"}
    return _("Your reply stands below the review. Until %(moment)s a change leaves no mark.") % words


def _again(request: StudioRequest, found: Review, form: ReplyForm, *, now: datetime, **more: Any) -> HttpResponse:
    """The page once more with what was typed."""
    context = _context(request, found, form, now=now, **more)
    return _page(request, context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _done(request: StudioRequest, found: Review, *, now: datetime) -> HttpResponse:
    """The reply as it is by now, or the way to its page without script."""
    if not _wants_part(request):
        return redirect("reviews:review", request.studio.slug, found.pk)
    return _page(request, _context(request, the_review(request, found.pk, request.location_choice), now=now))


def _page(request: StudioRequest, context: dict[str, Any], status: int = HTTPStatus.OK) -> HttpResponse:
    """The whole of it, or what the form changed: the reply."""
    name = "reviews/review.html" + ("#reply" if _wants_part(request) else "")
    return render(request, name, context | {"is_part": _wants_part(request)}, status=status)


def _wants_part(request: StudioRequest) -> bool:
    return request.method == "POST" and bool(request.htmx) and not request.htmx.boosted


def _context(
    request: StudioRequest, found: Review, form: ReplyForm | None = None, *, now: datetime, **more: Any
) -> dict[str, Any]:
    choice, slug = request.location_choice, request.studio.slug
    zone = zone_of(choice.visible)
    response: Response | None = getattr(found, "response", None)
    versions = _versions(response)
    stands = response is not None and response.stands
    next_one, waiting = next_unanswered(request.studio, choice.visible, after=found)
    reports = list(found.reports.select_related("reported_by__user"))
    shares = rules.weights_in_percent(found.weights)
    return {
        "shown": Shown(found, zone),
        "zone": zone,
        "terms": [(criterion_words(term.criterion), term, shares[term.criterion]) for term in found.arithmetic.terms],
        "sum_words": sum_words(found.arithmetic),
        "standing": standing_of(found, now=now, zone=zone, locations=choice.visible),
        "excluded": excluded_words(found, now=now),
        "doubt": doubt_words(found),
        "visit_state": visit_state(found, now=now),
        "versions": list(found.versions.all()),
        "response": response,
        "stands": stands,
        "seen": versions[0].pk if stands and versions else "",
        "form": _form(form, response),
        "history": _history(versions, changes_of(found)),
        "is_free": response is not None and response.is_free(now),
        "free_until": response and response.written_at + rules.FREE_FOR,
        "reports": reports,
        "may_report": _no_report(found) is None,
        "may_see_bookings": request.may(Right.VIEW_BOOKINGS),
        "may_see_members": request.may(Right.VIEW_MEMBERS),
        "next_url": reverse("reviews:review", args=[slug, next_one]) if next_one else "",
        "waiting": waiting,
        "crumbs": _crumbs(request),
        "warned": None,
        **more,
    }


def _form(form: ReplyForm | None, response: Response | None) -> ReplyForm:
    """What was typed, or a new one with the words that stand or stood. A form that is not folded away has the key."""
    shown = form or ReplyForm(initial={"text": response.text if response else ""})
    if form is not None or response is None or not response.stands:
        shown.fields["text"].widget.attrs["data-key"] = "r"
    return shown


def _crumbs(request: StudioRequest) -> list[tuple[str, str]]:
    return [(_("Reviews"), reverse("reviews:reviews", args=[request.studio.slug]))]


def _no_report(found: Review) -> rules.NoReport | None:
    return rules.may_report(hidden=found.hidden_at is not None, has_open_case=found.has_open_case)  # type: ignore[attr-defined]


def _versions(response: Response | None) -> list[ResponseVersion]:
    return [] if response is None else list(response.versions.select_related("by__user"))


def _history(versions: list[ResponseVersion], changes: list[Change]) -> list[Told]:
    """All texts that the reply had and when it was withdrawn, newest first."""
    told = [Told(one.written_at, _who(one.by), one.text, one.marked) for one in versions]
    told += [Told(one.occurred_at, _who(one.by), None) for one in changes if one.kind == "reply_withdrawn"]
    return sorted(told, key=lambda one: one.at, reverse=True)


def _who(login: Any) -> str:
    return login.user.name if login else _("a login that was deleted")
