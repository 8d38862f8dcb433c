"""The member's page behind a signed link: what they say of a visit, and what became of it. No account, no script."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from bookings.models import Reservation
from bookings.words import clock, day_and_clock
from portal.access import public
from portal.middleware import reads_its_form
from reviews import links, rules
from reviews.actions import asking
from reviews.actions.limiting import TooOften, write_at_most
from reviews.actions.writing import Refused, Unfit
from reviews.links import Opened
from reviews.member_form import WriteForm
from reviews.member_words import NAMES, refusal_words, stale_words, too_late_words
from reviews.models import Report, Review
from reviews.models.review import LINK, TEXT_MOST
from reviews.selectors.asking import asked_of, may_write
from reviews.words import sum_words

_WHY = "opened from a mail: signed for the visit of one person, and shows nothing else"
View = Callable[..., HttpResponse]


def by_link(view: View) -> View:
    """Give the view the studio's language, unless this browser chose one; no search engine keeps the page."""

    @wraps(view)
    def opened(request: HttpRequest, studio: str, token: str) -> HttpResponse:
        visit = links.visit_of(token)
        if visit is None or visit.studio.slug != studio:
            raise Http404
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        language = chosen if chosen in dict(settings.LANGUAGES) else visit.studio.language
        with translation.override(language):
            response = view(request, visit, token)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Content-Language"] = language
        return response

    return opened


# The address is the proof, so that nobody without cookies loses what they wrote.
@csrf_exempt
@reads_its_form
@public(_WHY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def write(request: HttpRequest, visit: Reservation, token: str) -> HttpResponse:
    """Marks and words about one visit, until 14 days after it; from then on what was written, to be read."""
    now = timezone.now()
    try:
        found = links.opened(token, now)
    except links.Expired as expired:
        closed = too_late_words(visit) if now >= expired.until else stale_words()
        return _page(request, visit, token, HTTPStatus.NOT_FOUND, closed=closed, **_typed(request))
    if found is None:
        raise Http404
    if request.method == "POST":
        return _written(request, found, token, now=now)
    if request.method == "GET" and found.writes:
        asking.note_opened(visit, now=now)
    return _shown(request, found, token, now=now)


def _written(request: HttpRequest, found: Opened, token: str, *, now: datetime) -> HttpResponse:
    visit, sent = found.reservation, _sent(request)
    if not found.writes:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(request, visit, token, status, closed=stale_words(), **_typed(request))
    if sent is None:
        words = _(
            "This is far more than %(number)s characters, and was not read. Your words are still there when you go back"
            " in your browser: please shorten them, and send them again."
        ) % {"number": TEXT_MOST}
        return _shown(request, found, token, now=now, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said=words)
    form = WriteForm(asked_of(visit), sent)
    if not form.is_valid():
        return _shown(request, found, token, now=now, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        write_at_most(visit, marks=form.given(), text=form.cleaned_data["text"], source=LINK, now=now)
    except Refused as refused:
        closed = refusal_words(refused.refusal, visit)
        return _page(request, visit, token, HTTPStatus.UNPROCESSABLE_ENTITY, closed=closed, **_typed(request))
    except Unfit:  # the studio asks otherwise since this moment
        form, words = WriteForm(asked_of(visit), sent), _("Not sent yet: the questions have changed just now.")
        form.is_valid()
        return _shown(request, found, token, now=now, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY, said=words)
    except TooOften as too_often:
        return _too_often(request, found, token, form, too_often.again_at, now=now)
    return redirect("reviews:write", visit.studio.slug, token)


def _too_often(
    request: HttpRequest, found: Opened, token: str, form: WriteForm, again_at: datetime, *, now: datetime
) -> HttpResponse:
    words = _("You have changed this review very often. Nothing was lost: please send it again after %(moment)s.")
    moment = clock(again_at, found.reservation.location)
    status = HTTPStatus.TOO_MANY_REQUESTS
    response = _shown(request, found, token, now=now, form=form, status=status, said=words % {"moment": moment})
    response.headers["Retry-After"] = str(max(int((again_at - now).total_seconds()) + 1, 1))
    return response


def _shown(
    request: HttpRequest,
    found: Opened,
    token: str,
    *,
    now: datetime,
    form: WriteForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    said: str = "",
) -> HttpResponse:
    """The page as it is for this visit: the form, what was written, or why nothing can be."""
    visit, review = found.reservation, found.review
    if review is not None:
        review.reservation = visit
    if not found.writes:
        return _page(request, visit, token, status, review=review, until=found.until, reads_only=True)
    refusal = may_write(visit, has_review=review is not None, now=now)
    if refusal is not None and review is None:
        return _page(request, visit, token, status, closed=refusal_words(refusal, visit), **_typed(request))
    if refusal is None and form is None:
        form = WriteForm(asked_of(visit), initial=_as_written(review))
    more = {"form": form if refusal is None else None, "said": said, "is_open": refusal is None}
    return _page(request, visit, token, status, review=review, until=found.until, **more)


def _as_written(review: Review | None) -> dict[str, Any]:
    return {"text": review.text, **review.marks} if review else {}


def _typed(request: HttpRequest) -> dict[str, Any]:
    """What was sent and cannot be taken: shown, to be copied."""
    sent = _sent(request)
    return {"typed": rules.cleaned(sent.get("text", "")) if sent else ""}


def _sent(request: HttpRequest) -> QueryDict | None:
    """What the form says, without NULs, which PostgreSQL cannot store; None: it is more than is read."""
    try:
        sent = request.POST.copy()
    except RequestDataTooBig:
        return None
    for name, values in sent.lists():
        sent.setlist(name, [str(value).replace("\0", "") for value in values])
    return sent


def _page(request: HttpRequest, visit: Reservation, token: str, status: HTTPStatus, **more: Any) -> HttpResponse:
    review: Review | None = more.get("review")
    context = {
        "visit": visit,
        "token": token,
        "when": day_and_clock(visit.starts_at, visit.location),
        "is_asked": asking.is_asked(visit.member),
        "most": TEXT_MOST,
        **more,
    }
    if until := more.get("until"):
        context["until"] = day_and_clock(until, visit.location)
        weights = rules.weights_in_percent(review.weights if review else asked_of(visit))
        context["weights"] = [(NAMES[one], percent) for one, percent in weights.items()]
    if review is not None:
        context |= _what_became_of(review, visit)
    return render(request, "reviews/write.html", context, status=status)


def _what_became_of(review: Review, visit: Reservation) -> dict[str, Any]:
    reply = getattr(review, "response", None)
    case = None
    if review.hidden_at is not None:
        case = review.reports.filter(decision=Report.Decision.HIDDEN).order_by("-decided_at", "-id").first()
    return {
        "reply": reply if reply is not None and reply.stands else None,
        "replied": day_and_clock(reply.edited_at or reply.written_at, visit.location) if reply else "",
        "hiding_case": case,
        "hidden_on": day_and_clock(review.hidden_at, visit.location) if review.hidden_at else "",
        "sum": sum_words(review.arithmetic),
        "terms": [(NAMES[term.criterion], term.marks, term.weight) for term in review.arithmetic.terms],
        "written": day_and_clock(review.edited_at or review.written_at, visit.location),
    }


# The address is the proof, for mail programs too, which send such a form without having opened it (RFC 8058).
@csrf_exempt
@public(_WHY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def no_more(request: HttpRequest, visit: Reservation, token: str) -> HttpResponse:
    """Not to be asked after visits any more; and to take that back. Opening it changes nothing."""
    if links.is_for_reading(token):
        raise Http404
    if request.method == "POST":
        if request.POST.get("answer") == "ask":
            asking.ask_again(visit.member)
        else:
            asking.ask_no_more(visit.member, now=timezone.now())
        return redirect("reviews:no_more", visit.studio.slug, token)
    context = {"visit": visit, "token": token, "is_asked": asking.is_asked(visit.member)}
    return render(request, "reviews/no_more.html", context)
