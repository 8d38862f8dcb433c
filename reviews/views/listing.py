"""All reviews that members wrote, with what they say together (P11)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.sources import source_name
from portal.access import StudioRequest, studio_view
from portal.downloads import CSV, XLSX, Cell, Column, Table, download, file_name
from portal.locations import LocationChoice, location_choice
from portal.roles import Right
from portal.saved_views import canonical, saved_views
from reviews.member_words import NAMES
from reviews.rules import CRITERIA, Spread
from reviews.selectors import listing as listed
from reviews.selectors.asking import reviewable
from reviews.selectors.listing import Filters
from reviews.selectors.one import next_unanswered
from reviews.selectors.overall import Year, year_of
from reviews.views.shown import Shown, zone_of
from reviews.words import doubt_words, score_words

CHART = 100  # height of the line's picture; a score of 1 lies at the bottom, 5 at the top


@dataclass(frozen=True)
class Point:
    """A month of the line: `x` from 0 to 1300, `y` from the top; None: no review counts. `path`: on from the last."""

    first: date
    spread: Spread
    x: int
    y: int | None
    before: tuple[int, int] | None
    current: bool

    @property
    def label(self) -> str:
        return date_format(self.first, "M")

    @property
    def mean(self) -> str:
        return score_words(self.spread.mean) if self.spread.count else "–"


@studio_view(Right.ANSWER_REVIEWS)
@require_safe
def reviews(request: StudioRequest) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    zone, filters = zone_of(choice.shown), Filters.of(request.GET.dict())
    found = listed.reviews_of(request.studio, filters, locations=choice.shown, zone=zone, now=now)
    page = Paginator(found, listed.PER_PAGE).get_page(request.GET.get("page"))
    year = year_of(request.studio, now, zone=zone, locations=choice.shown)
    next_one, waiting = next_unanswered(request.studio, choice.shown)
    context: dict[str, Any] = {
        "filters": filters,
        "page": page,
        "rows": [Shown(review, zone) for review in listed.furnished(page.object_list)],
        "year": year,
        "points": points_of(year),
        "bars": _bars(year.spread),
        "summary": _summary(year),
        "answer_rate": _percent(year.answered, year.shown),
        "waiting": waiting,
        "next_url": reverse("reviews:review", args=[request.studio.slug, next_one]) if next_one else "",
        "chips": _chips(filters),
        "classes": listed.classes_of(request.studio, choice.shown),
        "teachers": listed.teachers_of(request.studio, choice.shown),
        "views": saved_views(request, "reviews"),
        "may_export": request.may(Right.EXPORT),
        "downloads": [_file_url(request, kind) for kind in (CSV, XLSX)],
    }
    if not page.paginator.count:
        context["coming"], until = reviewable(request.studio, now, locations=choice.shown)
        context["until"] = until and until.astimezone(zone)
    return render(request, "reviews/reviews.html", context)


@studio_view(Right.EXPORT)
@require_safe
def reviews_file(request: StudioRequest, file_kind: str) -> HttpResponseBase:
    """Exactly those that the list shows under the same address, on all its pages."""
    if not request.may(Right.ANSWER_REVIEWS):
        raise PermissionDenied
    choice, now = location_choice(request), timezone.now()
    zone = zone_of(choice.shown)
    found = listed.reviews_of(
        request.studio, Filters.of(request.GET.dict()), locations=choice.shown, zone=zone, now=now
    )
    rows = (Shown(review, zone) for review in listed.furnished(found).iterator(chunk_size=1000))
    with_contact = request.may(Right.SEE_CONTACT)
    table = Table(_("Reviews"), _columns(with_contact=with_contact), _rows(rows, with_contact=with_contact))
    return download(table, name=_file_name(choice, request, now.astimezone(zone).date(), file_kind), kind=file_kind)


def points_of(year: Year) -> list[Point]:
    """The line of monthly means; it has a gap where a month has none."""
    points: list[Point] = []
    for at, month in enumerate(year.months):
        mean = month.spread.mean
        y = None if mean is None else round(CHART - (mean - 1) * CHART / 4)
        last = points[-1] if points else None
        before = (last.x, last.y) if last is not None and last.y is not None else None
        points.append(Point(month.first, month.spread, 100 * at + 50, y, before, at == len(year.months) - 1))
    return points


def _bars(spread: Spread) -> list[tuple[int, int, int]]:
    """Stars, how many reviews round to them, and their share in percent; five stars first."""
    return [
        (stars, number, round(100 * number / spread.count) if spread.count else 0)
        for stars, number in reversed(list(enumerate(spread.stars, start=1)))
    ]


def _percent(part: int, whole: int) -> int | None:
    """Whole percent: 100 of all alone, 0 of none alone; None of nothing."""
    if part in (0, whole):
        return (100 if part else 0) if whole else None
    return min(max(round(100 * part / whole), 1), 99)


def _summary(year: Year) -> str:
    """The line in words, for those who do not see it."""
    known = [month for month in year.months if month.spread.mean is not None]
    if not known:
        return _("No review counts in the last 12 months.")
    best = max(known, key=lambda month: month.spread.mean or Decimal(0))
    worst = min(known, key=lambda month: month.spread.mean or Decimal(0))
    return _(
        "Mean of each of the last 12 months: highest %(best)s in %(best_month)s, lowest %(worst)s in %(worst_month)s."
    ) % {
        "best": score_words(best.spread.mean),
        "best_month": date_format(best.first, "YEAR_MONTH_FORMAT"),
        "worst": score_words(worst.spread.mean),
        "worst_month": date_format(worst.first, "YEAR_MONTH_FORMAT"),
    }


def _chips(filters: Filters) -> list[tuple[str, str, bool]]:
    return [
        ("unanswered", _("Not answered"), filters.unanswered),
        ("low", _("3 or less"), filters.low),
        ("disputed", _("In doubt"), filters.disputed),
        ("hidden", _("Hidden"), filters.hidden),
    ]


def _file_url(request: StudioRequest, kind: str) -> str:
    query = canonical(request.GET.urlencode())
    address = reverse("reviews:reviews_file", args=[request.studio.slug, kind])
    return f"{address}?{query}" if query else address


def _file_name(choice: LocationChoice, request: StudioRequest, today: date, kind: str) -> str:
    return file_name("reviews", choice.chosen.slug if choice.chosen else request.studio.slug, today, kind=kind)


def _columns(*, with_contact: bool) -> list[Column]:
    member = [Column(_("Member number")), Column(_("Member"))] if with_contact else []
    return [
        Column(_("Written")),
        Column(_("Score")),
        *[Column(str(NAMES[one])) for one in CRITERIA],
        Column(_("Class")),
        Column(_("Teacher")),
        Column(_("Location")),
        Column(_("Visit")),
        *member,
        Column(_("Source")),
        Column(_("Changed")),
        Column(_("Visit disputed")),
        Column(_("Author in doubt")),
        Column(_("Hidden because")),
        Column(_("Review")),
        Column(_("Reply state")),
        Column(_("Reply")),
    ]


def _rows(rows: Iterator[Shown], *, with_contact: bool) -> Iterator[list[Cell]]:
    for row in rows:
        review, visit = row.review, row.review.reservation
        stands = row.response is not None and row.response.stands
        yield [
            row.written_at,
            review.score,
            *[review.marks.get(one) for one in CRITERIA],
            visit.session.item.name,
            visit.session.teacher.name if visit.session.teacher else None,
            visit.location.name,
            row.visited_at,
            *([visit.member.number, visit.member.name] if with_contact else []),
            source_name(review.source) if review.source != "link" else _("own link"),
            row.edited_at,
            review.is_disputed and review.has_no_visit,
            doubt_words(review) or None,
            row.rule or None,
            row.text or None,
            row.reply_words,
            row.response.text if stands else None,
        ]
