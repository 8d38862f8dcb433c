"""Reviews of the demo studio, of visits in its timetable: with replies, a report, a hidden and a disputed one."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from django.db import connection, transaction

from bookings.actions import Refused, mark_no_show, revert_check_in
from bookings.models import Reservation
from bookings.sources import OWN
from portal.changes import record_changes
from portal.models import StaffLogin, Studio, User
from portal.roles import Preset
from reviews import rules
from reviews.actions.deciding import open_case
from reviews.actions.reporting import report
from reviews.demo.words import (
    DISPUTED,
    HIDDEN,
    HIDDEN_REASON,
    REPORT_REASON,
    REPORTED,
    SAID,
    Said,
)
from reviews.models import Report, Response, ResponseVersion, Review, ReviewPolicy, Rule
from reviews.selectors.asking import weights_for

# Of the newest visits none is reviewed yet; the two that a person looks at stand among the newest.
QUIET, HOURS_TO_REPLY = timedelta(hours=3), 20
RECENT = timedelta(days=2)

_ASKED_LONG_AGO = """
INSERT INTO reviews_reviewinvitation (studio_id, reservation_id, invited_at)
SELECT studio_id, id, ends_at + interval '4 hours' FROM bookings_reservation
WHERE studio_id = %s AND attendance = 'checked_in' AND ends_at > %s AND ends_at < %s
ON CONFLICT DO NOTHING
"""


def furnish(studio: Studio, *, now: datetime) -> int:
    """Make the reviews of a demo studio that has none; how many. The same studio, day and hour give the same rows."""
    if studio.reviews.exists():
        return 0
    dice = Random(f"{studio.slug} reviews {now:%Y-%m-%d}")  # noqa: S311 - invents words, keeps no secrets
    with transaction.atomic():
        policy, _made = ReviewPolicy.objects.get_or_create(studio=studio)
        visits = _visits(studio, dice, now=now)
        special = [HIDDEN, REPORTED, DISPUTED][: len(visits)]
        said = [*special, *SAID][: len(visits)]
        made = [
            _review(visit, one, policy, dice, now=now, is_special=number < len(special))
            for number, (visit, one) in enumerate(zip(visits, said, strict=False))
        ]
        reviews = Review.objects.bulk_create(made)
        record_changes(
            [(one, {}, {"score": one.score}) for one in reviews],
            "written",
            studio=studio,
            by=None,
            now=now,
            by_word="link",
        )
        _reply(studio, list(zip(reviews, said, strict=True)), now=now)
        _look_at(studio, reviews[: len(special)], now=now)
        with connection.cursor() as cursor:
            cursor.execute(_ASKED_LONG_AGO, [studio.pk, now - rules.OPEN_FOR, now - timedelta(days=1)])
    return len(reviews)


def _visits(studio: Studio, dice: Random, *, now: datetime) -> list[Reservation]:
    """Visits to be reviewed, of as many members: first of the last two days and of our own members, then any."""
    attended = studio.reservations.attended().filter(ends_at__lt=now - QUIET, session__cancelled_at=None)
    attended = attended.select_related("session").order_by("pk")
    recent = list(attended.filter(ends_at__gt=now - RECENT, source__in=OWN)[:200])
    others = list(attended.filter(ends_at__lte=now - RECENT).values_list("pk", flat=True))
    dice.shuffle(recent)
    dice.shuffle(others)
    wanted = attended.filter(pk__in=others[: 2 * len(SAID)])
    return _one_each([*recent[:3], *sorted(wanted, key=lambda visit: others.index(visit.pk))])


def _one_each(visits: Sequence[Reservation]) -> list[Reservation]:
    return list({visit.member_id: visit for visit in reversed(visits)}.values())[::-1]


def _review(
    visit: Reservation, said: Said, policy: ReviewPolicy, dice: Random, *, now: datetime, is_special: bool
) -> Review:
    """Written some hours or days after the visit, and not in the future."""
    weights = weights_for(visit, policy)
    marks = {one.value: mark for one, mark in zip(rules.CRITERIA, said.marks, strict=True) if one in weights}
    after = timedelta(minutes=dice.randint(40, 160 if is_special else 5 * 24 * 60))
    return Review(
        studio=visit.studio,
        reservation=visit,
        marks=marks,
        weights=weights,
        score=rules.score(marks, weights).score,
        text=said.text,
        source="link" if visit.source in OWN else visit.source,
        written_at=min(visit.ends_at + after, now - timedelta(minutes=dice.randint(20, 170))),
    )


def _reply(studio: Studio, said: Sequence[tuple[Review, Said]], *, now: datetime) -> None:
    by = _who(studio)
    replies = Response.objects.bulk_create(
        Response(
            studio=studio,
            review=review,
            text=one.reply,
            written_at=min(review.written_at + timedelta(hours=HOURS_TO_REPLY), now),
            written_by=by,
        )
        for review, one in said
        if one.reply
    )
    ResponseVersion.objects.bulk_create(
        ResponseVersion(response=reply, text=reply.text, by=by, written_at=reply.written_at) for reply in replies
    )
    record_changes([(reply.review, {}, {}) for reply in replies], "replied", studio=studio, by=by, now=now)


def _look_at(studio: Studio, special: Sequence[Review], *, now: datetime) -> None:
    """The hidden, the reported and the disputed one, by the deeds that make them so."""
    by, operator = _who(studio), User.objects.filter(is_superuser=True).order_by("pk").first()
    if by is None or operator is None or len(special) < 3:
        return
    hidden, reported, disputed = special
    open_case(hidden, Report.Decision.HIDDEN, Rule.CONTACT, HIDDEN_REASON, operator=operator, now=now)
    report(reported, Rule.INSULT, REPORT_REASON, by=by, now=now)
    with suppress(Refused):  # too long ago to be corrected: a timetable without visits of these days
        revert_check_in(disputed.reservation, action_id=uuid4(), by=by, now=now)
        mark_no_show(disputed.reservation, action_id=uuid4(), by=by, now=now)


def _who(studio: Studio) -> StaffLogin | None:
    """Who answers at the studio: the manager, else the owner."""
    logins = studio.logins.filter(is_active=True, preset__in=(Preset.MANAGER, Preset.OWNER))
    return logins.order_by("preset", "pk").first()
