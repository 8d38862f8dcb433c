"""The mails of reviews, as jobs send them: the rows are read as they are when the mail goes out."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from bookings.rules import Attendance
from bookings.words import day_and_clock, short_day
from portal import mail
from portal.models import Job, StaffLogin
from portal.notices.registry import is_pinned
from portal.notices.telling import notify, reader
from reviews import kinds, links
from reviews.actions.asking import is_asked
from reviews.models import Report, Review, ReviewInvitation
from reviews.selectors import authorship
from reviews.selectors.asking import may_write, policy_of

_VISIT = ("reservation__member", "reservation__location", "reservation__session__item", "studio")


def send_invitation(job: Job, *, now: datetime) -> bool:
    """Ask for a review, unless the visit is none any more, was reviewed, or its member wants no such mail.

    Who is not written to was not asked: the visit's invitation goes, so that it stands in no later one's way.
    """
    together = ("studio", "reservation__member", "reservation__location", "reservation__session__item")
    found = ReviewInvitation.objects.select_related(*together).filter(pk=job.payload["invitation"]).first()
    if found is None:
        return False
    if not _is_wanted(found, now=now):
        if found.opened_at is None:  # a job that runs twice: the first mail has arrived, and its link stays good
            found.delete()
        return False
    visit, place, address = found.reservation, found.reservation.location, address_asked(found)
    token = links.token_for(found)
    stop = settings.SITE_URL + reverse("reviews:no_more", args=[found.studio.slug, token])
    with translation.override(found.studio.language):
        context = {
            "member": visit.member,
            "item": visit.session.item.name,
            "when": day_and_clock(visit.starts_at, place),
            "until": day_and_clock(links.open_until(visit), place),
            "link": settings.SITE_URL + reverse("reviews:write", args=[found.studio.slug, token]),
            "stop": stop,
        }
    return mail.send(
        job,
        to=address,
        studio=found.studio,
        template="reviews/mail/invitation.txt",
        context=context,
        unsubscribe=stop,
    )


def _is_wanted(invitation: ReviewInvitation, *, now: datetime) -> bool:
    """Whether there is still something to ask, and somebody. A first review is refused what the rule refuses."""
    visit, member = invitation.reservation, invitation.reservation.member
    if not address_asked(invitation):
        return False
    if visit.attendance != Attendance.CHECKED_IN or may_write(visit, has_review=False, now=now) is not None:
        return False
    if Review.objects.filter(reservation=visit).exists() or not policy_of(invitation.studio).invites:
        return False
    return bool(member.email) and member.scrubbed_at is None and is_asked(member)


def address_asked(invitation: ReviewInvitation) -> str:
    """The address that is asked for the review: the member's, or one that they had; "" where the log knows it not."""
    return authorship.address_asked(invitation.reservation, invitation.address)


def send_written(job: Job, *, now: datetime) -> bool:
    """Tell one of the staff that there is a review; nothing of one that was hidden meanwhile, or that became low and is
    no longer. One that has become low since it was written is told by the job about that."""
    found = _review(job.payload["review"])
    if found is None:
        return False
    kind = kinds.kind_for(found.score)
    if kind != job.payload["kind"] and (kind == kinds.LOW or job.payload.get("became")):
        return False
    return _tell(job, found, kind, "written", now=now)


def send_changed(job: Job, *, now: datetime) -> bool:
    """Tell one of the staff that a review reads otherwise than the one they replied to."""
    found = _review(job.payload["review"])
    return found is not None and _tell(job, found, kinds.CHANGED, "changed", now=now)


def send_decided(job: Job, *, now: datetime) -> bool:
    """Tell one of the staff what the operator decided, and why."""
    case = _case(job)
    return case is not None and _tell(job, case.review, kinds.DECIDED, "decided", now=now, case=case)


def send_decided_to_author(job: Job) -> bool:
    """Tell the author what became of their review, where an address is known."""
    case = _case(job)
    if case is None or case.review.scrubbed_at is not None or case.review.studio.is_practice:
        return False
    review = case.review
    visit = review.reservation
    link = reverse("reviews:write", args=[review.studio.slug, links.reading_token_for(visit)])
    with translation.override(review.studio.language):
        context = _about(review) | {"case": case, "member": visit.member, "link": settings.SITE_URL + link}
    context["operator"] = mail.operator_address()
    asked = ReviewInvitation.objects.select_related("reservation__member", "studio").filter(reservation=visit).first()
    to = (asked and address_asked(asked)) or visit.member.email
    template = "reviews/mail/decided_author.txt"
    return mail.send(job, to=to, studio=review.studio, template=template, context=context)


def _tell(job: Job, review: Review, kind: str, template: str, *, now: datetime, **more: Any) -> bool:
    login: StaffLogin | None = reader(job.payload["login"])
    if login is None or login.studio_id != review.studio_id or not sees(login, review):
        return False
    with translation.override(login.mail_language):
        context = _about(review) | more
    path = reverse("reviews:review", args=[review.studio.slug, review.pk])
    file = f"reviews/mail/{template}.txt"
    return notify(job, login=login, kind=kind, template=file, context=context, path=path, now=now)


def sees(login: StaffLogin, review: Review) -> bool:
    """Whether the login may look at reviews of that location."""
    return not is_pinned(login) or login.locations.filter(pk=review.reservation.location_id).exists()


def _about(review: Review) -> dict[str, Any]:
    visit = review.reservation
    place = visit.location
    return {
        "review": review,
        "item": visit.session.item.name,
        "place": place.name,
        "when": day_and_clock(visit.starts_at, place),
        "on": short_day(review.written_at, place),
        "until": day_and_clock(links.open_until(visit), place),
    }


def _review(pk: int) -> Review | None:
    return Review.objects.shown().select_related(*_VISIT).filter(pk=pk).first()


def _case(job: Job) -> Report | None:
    together = ("review", *(f"review__{one}" for one in _VISIT))
    return Report.objects.select_related(*together).filter(pk=job.payload["report"]).first()
