from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.models import Reservation, ScheduledSession
from marketplace.models.connection import Connection
from marketplace.models.contract import ContractTerms
from portal.models import Location, Member, StaffLogin, Studio


class Guest(models.Model):
    """A person as one marketplace knows them at one studio, and the member who they are here (Q23)."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="guests")
    member = models.ForeignKey(Member, models.PROTECT, related_name="guests")
    # What the marketplace calls them, and what we answer to it (`exerciserId`), so that it learns no number of ours.
    external_id = models.CharField(_("id at the marketplace"), max_length=100)
    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="guest_once_per_connection"),
            models.UniqueConstraint(fields=["id", "connection"], name="guest_of_connection"),
            models.CheckConstraint(condition=~Q(external_id=""), name="guest_has_their_id"),
        ]

    def __str__(self) -> str:
        return self.external_id


class VisitQuerySet(models.QuerySet["Visit"]):
    def booked(self) -> Self:
        return self.exclude(reservation=None)


class Visit(models.Model):
    """What a marketplace has said about one booking of its own, beside our reservation: the third axis.

    Each moment is what the marketplace told, by its own clock, kept whatever came before or after it: so the same
    messages in any order, any number of times, end as the same row. What it comes to (`rules.settlement`) is derived
    from it and from the reservation. Also the special pass of the booking: named after the marketplace, with 0 credits,
    never sold, open as long as the place is booked (I8, Q22).
    """

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="visits")
    # What the marketplace calls the booking; for one that was made by our API, what we answered.
    booking_ref = models.CharField(_("booking number"), max_length=100)
    # Unknown while only a cancellation or a check-in has arrived.
    guest = models.ForeignKey(Guest, models.PROTECT, null=True, related_name="visits")
    session = models.ForeignKey(ScheduledSession, models.SET_NULL, null=True, related_name="+")
    # None: not accepted, or not asked for yet.
    reservation = models.OneToOneField(Reservation, models.CASCADE, null=True, related_name="visit")
    # The contract's version on the day of the class, when it was booked.
    terms = models.ForeignKey(ContractTerms, models.PROTECT, null=True, related_name="+")
    pass_name = models.CharField(_("pass"), max_length=60)
    # What the marketplace said, and when by its clock that was.
    requested_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    # Whether it calls that cancellation late; None: it did not say.
    cancelled_late = models.BooleanField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    # Of that, what named this very booking; a check-in that named none may turn out to be of another one.
    named_at = models.DateTimeField(null=True)
    # Beyond what the member's plan covers, where it says so (Q19).
    additional = models.BooleanField(null=True)
    # Why it was not booked: the question of the rule that refused, and what it was told.
    refusal = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = VisitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "booking_ref"], name="visit_once_per_booking"),
            models.UniqueConstraint(fields=["id", "studio"], name="visit_of_studio"),
            models.CheckConstraint(condition=~Q(booking_ref=""), name="visit_has_its_booking"),
            models.CheckConstraint(
                condition=Q(reservation=None) | Q(requested_at__isnull=False, guest__isnull=False),
                name="booked_visit_was_requested",
            ),
        ]
        indexes = [models.Index(fields=["session"], name="visit_of_session")]

    def __str__(self) -> str:
        return self.booking_ref


class ConflictQuerySet(models.QuerySet["Conflict"]):
    def open(self) -> Self:
        return self.filter(settled_at=None)


class Conflict(models.Model):
    """Two sides say different things about a visit, and only a person can tell (Q11). Never decided by a machine."""

    class Kind(models.TextChoices):
        CANCELLED_AFTER_CHECK_IN = "cancelled_after_check_in", _("cancelled there after the check-in here")
        CHECK_IN_AFTER_CANCEL = "check_in_after_cancel", _("checked in there although it was cancelled")
        CHECK_IN_NOT_TAKEN = "check_in_not_taken", _("checked in there, not taken here")
        CHECK_IN_WITHOUT_BOOKING = "check_in_without_booking", _("checked in there without a booking here")
        CANCELLED_TOO_LATE = "cancelled_too_late", _("cancelled there after the start")

    class Verdict(models.TextChoices):
        """What the person said."""

        WAS_HERE = "was_here", _("was here")
        WAS_NOT_HERE = "was_not_here", _("was not here")
        DISPUTED = "disputed", _("disputed with the marketplace")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="conflicts")
    location = models.ForeignKey(Location, models.CASCADE, null=True, related_name="+")
    visit = models.ForeignKey(Visit, models.CASCADE, null=True, related_name="conflicts")
    guest = models.ForeignKey(Guest, models.CASCADE, null=True, related_name="conflicts")
    # The class that a check-in without a booking's number named.
    session = models.ForeignKey(ScheduledSession, models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=25, choices=Kind)
    # When, by the marketplace's clock, what it is about happened.
    about = models.DateTimeField()
    opened_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    verdict = models.CharField(max_length=12, choices=Verdict, blank=True)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "kind"], condition=Q(visit__isnull=False), name="one_conflict_of_a_kind_per_visit"
            ),
            models.UniqueConstraint(
                fields=["guest", "kind", "about"], condition=Q(visit=None), name="one_conflict_per_check_in"
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None, verdict="") | (Q(settled_at__isnull=False) & ~Q(verdict="")),
                name="settled_conflict_has_its_verdict",
            ),
        ]
        indexes = [models.Index(fields=["studio", "-opened_at"], condition=Q(settled_at=None), name="conflict_open")]

    def __str__(self) -> str:
        return f"{self.kind} {self.visit_id or self.guest_id}"


class GivenAnswer(models.Model):
    """The answer to a write under an `Idempotency-Key`: the same again for 24 hours. `status` None: being worked on."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    # Of method, path, query and body: another request under the same key is a mistake of the caller.
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="one_answer_per_key")]
        indexes = [models.Index(fields=["created_at"], name="given_answer_age")]

    def __str__(self) -> str:
        return self.key
