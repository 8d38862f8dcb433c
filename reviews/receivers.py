"""News of reviews that people are told by mail. Whether a mail still has a point is decided when it goes out."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from bookings.demo.plan import DEMO
from bookings.signals import demo_loaded
from portal.jobs import enqueue, enqueue_many
from portal.models import StaffLogin, Studio
from portal.notices.registry import is_pinned
from portal.notices.telling import readers
from reviews import kinds, tasks
from reviews.demo.load import furnish
from reviews.models import Report, Review
from reviews.signals import review_changed, review_decided, review_written


@receiver(review_written, dispatch_uid="reviews.mail_written")
def written(review: Review, now: datetime, **kwargs: Any) -> None:
    kind = kinds.kind_for(review.score)
    keys = {f"review {review.pk} written": {"review": review.pk, "kind": kind}}
    _tell(tasks.MAIL_WRITTEN, review, kind, keys)


@receiver(review_changed, dispatch_uid="reviews.mail_changed")
def changed(review: Review, replied: bool, now: datetime, **kwargs: Any) -> None:
    """Only where the studio has replied: it answered other words than stand there now (Q36)."""
    if replied:
        keys = {f"review {review.pk} changed {now.isoformat()}": {"review": review.pk}}
        _tell(tasks.MAIL_CHANGED, review, kinds.CHANGED, keys)


@receiver(review_decided, dispatch_uid="reviews.mail_decided")
def decided(review: Review, report: Report, now: datetime, **kwargs: Any) -> None:
    """Author and studio are told (P13, Q33)."""
    _tell(tasks.MAIL_DECIDED, review, kinds.DECIDED, {f"review case {report.pk}": {"report": report.pk}})
    enqueue(
        tasks.MAIL_DECIDED_AUTHOR,
        key=f"review case {report.pk} author",
        studio=review.studio,
        payload={"report": report.pk},
    )


def _tell(job: str, review: Review, kind: str, keys: dict[str, dict[str, Any]]) -> None:
    """One job for each reader of the kind who may see reviews of that location."""
    studio: Studio = review.studio
    if studio.is_practice:
        return
    jobs = {
        f"{key} {login.pk}": payload | {"login": login.pk}
        for login in readers(studio, kind)
        if _sees(login, review)
        for key, payload in keys.items()
    }
    enqueue_many(job, jobs, studio=studio)


def _sees(login: StaffLogin, review: Review) -> bool:
    return not is_pinned(login) or login.locations.filter(pk=review.reservation.location_id).exists()


@receiver(demo_loaded, dispatch_uid="reviews.demo")
def demo_is_reviewed(studio: Studio, now: datetime, **kwargs: Any) -> None:
    if studio.slug == DEMO.slug:
        furnish(studio, now=now)
