"""News of reviews that people are told by mail. Whether a mail still has a point is decided when it goes out."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.dispatch import receiver

from bookings.demo.plan import DEMO
from bookings.signals import demo_loaded
from portal.jobs import enqueue, enqueue_many
from portal.models import Studio
from portal.notices.telling import readers
from reviews import kinds, tasks
from reviews.demo.load import furnish
from reviews.mails import sees
from reviews.models import Report, Review
from reviews.signals import review_changed, review_decided, review_written


@receiver(review_written, dispatch_uid="reviews.mail_written")
def written(review: Review, now: datetime, **kwargs: Any) -> None:
    kind = kinds.kind_for(review.score)
    _tell(tasks.MAIL_WRITTEN, review, kind, f"review {review.pk} written", {"review": review.pk, "kind": kind})


@receiver(review_changed, dispatch_uid="reviews.mail_changed")
def changed(review: Review, before: Decimal, replied: bool, now: datetime, **kwargs: Any) -> None:
    """Where the studio has replied, to other words than stand there now (Q36), and where it has become a low one.

    Once a day for each review, however often its author changes it: the mail shows it as it is when it goes out.
    """
    day = review.reservation.location.local_day(now).isoformat()
    if replied:
        _tell(tasks.MAIL_CHANGED, review, kinds.CHANGED, f"review {review.pk} changed {day}", {"review": review.pk})
    elif kinds.kind_for(before) != kinds.kind_for(review.score) == kinds.LOW:
        payload = {"review": review.pk, "kind": kinds.LOW, "became": True}
        _tell(tasks.MAIL_WRITTEN, review, kinds.LOW, f"review {review.pk} low {day}", payload)


@receiver(review_decided, dispatch_uid="reviews.mail_decided")
def decided(review: Review, report: Report, now: datetime, **kwargs: Any) -> None:
    """Author and studio are told (P13, Q33)."""
    _tell(tasks.MAIL_DECIDED, review, kinds.DECIDED, f"review case {report.pk}", {"report": report.pk})
    enqueue(
        tasks.MAIL_DECIDED_AUTHOR,
        key=f"review case {report.pk} author",
        studio=review.studio,
        payload={"report": report.pk},
    )


def _tell(job: str, review: Review, kind: str, key: str, payload: dict[str, Any]) -> None:
    """One job for each reader of the kind who may see reviews of that location."""
    studio: Studio = review.studio
    if studio.is_practice:
        return
    jobs = {
        f"{key} {login.pk}": payload | {"login": login.pk} for login in readers(studio, kind) if sees(login, review)
    }
    enqueue_many(job, jobs, studio=studio)


@receiver(demo_loaded, dispatch_uid="reviews.demo")
def demo_is_reviewed(studio: Studio, now: datetime, **kwargs: Any) -> None:
    if studio.slug == DEMO.slug:
        furnish(studio, now=now)
