"""What the operator sees of reviews: reports and disputed visits that wait, and figures."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, Min, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.selectors.history import local_month
from portal.models import Studio
from portal.operator import needs, parts, statistics
from portal.operator.needs import Need
from portal.operator.parts import Line, Part
from portal.operator.statistics import Counted, Measure
from reviews.models import Report, Review
from reviews.selectors.overall import overall
from reviews.words import score_words

MEASURES = [
    Measure("score", gettext_lazy("Reviews, mean"), per="reviews", decimals=2),
    Measure("reviews", gettext_lazy("Reviews")),
]


def reports(now: datetime) -> Iterable[Need]:
    yield Need(
        word="reports",
        label=gettext_lazy("Reports about reviews"),
        note=gettext_lazy("A studio names a rule; you decide, with a reason for author and studio."),
        url=_list("report", "open"),
        urgent=True,
        **Report.objects.open()
        .filter(studio__practice_of=None)
        .aggregate(count=Count("pk"), oldest=Min("reported_at")),
    )


def disputed(now: datetime) -> Iterable[Need]:
    """Reviews of visits that the desk took back since, and of authors in doubt (Q34): not counted until decided."""
    yield Need(
        word="disputed",
        label=gettext_lazy("Reviews whose visit or author is in doubt"),
        note=gettext_lazy(
            "The check-in was taken back, or the studio changed the address that wrote. Not counted until you decide."
        ),
        url=_list("review", "disputed"),
        **Review.objects.waiting()
        .filter(studio__practice_of=None)
        .aggregate(count=Count("pk"), oldest=Min("written_at")),
    )


def mended(now: datetime) -> Iterable[Need]:
    """Hidden reviews that their authors changed since: only the operator shows them again."""
    yield Need(
        word="mended",
        label=gettext_lazy("Hidden reviews that were changed since"),
        url=_list("review", "mended"),
        **Review.objects.mended()
        .filter(studio__practice_of=None)
        .aggregate(count=Count("pk"), oldest=Min("edited_at")),
    )


def _list(model: str, state: str) -> str:
    return f"{reverse(f'admin:reviews_{model}_changelist')}?state={state}"


def written(first: date, after: date, now: datetime) -> Counted:
    """Sum and number of the scores that count, by the local month in which they were written. One query."""
    day, midnight = timedelta(days=1), datetime.min.time()
    rows = (
        Review.objects.shown()
        .visited()
        .filter(
            written_at__gte=datetime.combine(first, midnight, UTC) - day,
            written_at__lt=datetime.combine(after, midnight, UTC) + day,
        )
    )
    found: Counted = defaultdict(dict)
    grouped = rows.values("studio_id", month=local_month("written_at", "reservation__location__zone")).order_by()
    for row in grouped.annotate(score=Sum("score"), number=Count("pk")):
        if first <= row["month"] < after:
            found[row["studio_id"], row["month"]] = {"score": row["score"], "reviews": row["number"]}
    return found


def of_studio(studio: Studio, now: datetime) -> Part:
    found = overall(studio, now)
    waiting = Report.objects.open().filter(studio=studio).count()
    lines = [
        Line(_("Mean of 12 months"), f"{score_words(found.mean)} ({found.count})" if found.count else "-"),
        Line(_("Reports waiting"), str(waiting), _list("report", "open") if waiting else ""),
    ]
    return Part("reviews", _("Reviews"), lines)


def register() -> None:
    needs.register(reports, place=20)
    needs.register(disputed, place=25)
    needs.register(mended, place=26)
    parts.register(of_studio, place=60)
    statistics.register("reviews", written, MEASURES, place=20)
