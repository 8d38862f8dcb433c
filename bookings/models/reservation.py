from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models.places import Spot
from bookings.models.schedule import ScheduledSession
from packages.models import Purchase
from packages.rules import Count, CountFacts, Verdict, counts
from portal.models import Location, Member, StaffLogin, Studio

# Written out: a check-in's answer asks this of one row, and to compose it took longer than to ask it.
_ATTENDED_BY_THE_MEMBER = """
  FROM bookings_reservation visit
 WHERE visit.attendance = 'checked_in' AND visit.member_id = bookings_reservation.member_id
"""
FIRST_HERE = f"""bookings_reservation.booking = 'booked' AND NOT EXISTS (
SELECT {_ATTENDED_BY_THE_MEMBER} AND visit.location_id = bookings_reservation.location_id AND (
  bookings_reservation.attendance <> 'checked_in'
  OR (visit.starts_at, visit.id) < (bookings_reservation.starts_at, bookings_reservation.id)))"""
VISITS_ELSEWHERE = f"""
SELECT count(*) {_ATTENDED_BY_THE_MEMBER} AND visit.location_id <> bookings_reservation.location_id
   AND visit.starts_at < bookings_reservation.starts_at"""

# Whether the marketplace that booked it made the tick. Asked only of its guests whom no login has ticked.
TICKED_THERE = """
  CASE WHEN bookings_reservation.attendance = 'checked_in' AND bookings_reservation.checked_in_by_id IS NULL
    AND bookings_reservation.source NOT IN ('direct', 'desk', 'import') THEN coalesce((
  SELECT event.by_word = bookings_reservation.source FROM bookings_reservationevent event
   WHERE event.reservation_id = bookings_reservation.id AND event.kind = 'checked_in'
   ORDER BY event.id DESC LIMIT 1), false) ELSE false END"""


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def active(self) -> Self:
        return self.filter(booking=rules.Booking.BOOKED)

    def attended(self) -> Self:
        return self.filter(attendance=rules.Attendance.CHECKED_IN)

    def unpaid(self) -> Self:
        """That nothing pays for although their item is not free (Q1); the twin of `Reservation.is_unpaid`."""
        return self.filter(purchase=None).exclude(assigned="free")

    def overlapping(self, starts_at: datetime, ends_at: datetime) -> Self:
        """Those at the same time as this; one that ends when another starts is not.

        No session is longer than a day. Saying so lets the index on a member's starts find them without reading years.
        """
        return self.filter(
            starts_at__gt=starts_at - timedelta(days=1), starts_at__lt=ends_at, ends_at__gt=starts_at
        ).order_by("-starts_at")

    # Any: django-stubs does not see what a method of a queryset annotates, and refuses its use in values().
    def with_state(self, now: datetime) -> Any:
        """Annotate `state_word`, the twin of `rules.state_of` for lists."""
        grace = F("location__grace_minutes") * Value(timedelta(minutes=1))
        return self.annotate(
            state_word=Case(
                When(attendance=rules.Attendance.CHECKED_IN, then=Value(rules.State.CHECKED_IN)),
                When(booking=rules.Booking.LATE_CANCELLED, then=Value(rules.State.LATE_CANCELLED)),
                When(booking=rules.Booking.CANCELLED, excused=True, then=Value(rules.State.EXCUSED)),
                When(booking=rules.Booking.CANCELLED, then=Value(rules.State.CANCELLED)),
                When(session__cancelled_at__isnull=False, then=Value(rules.State.SESSION_CANCELLED)),
                When(attendance=rules.Attendance.NO_SHOW, then=Value(rules.State.NO_SHOW)),
                When(starts_at__gt=now, then=Value(rules.State.BOOKED)),
                When(ends_at__gt=Value(now) - grace, then=Value(rules.State.NO_CHECK_IN)),
                default=Value(rules.State.NO_SHOW),
                output_field=models.CharField(),
            )
        )

    def with_first_visit(self) -> Any:
        """Annotate `first_here`, the star, and `visits_elsewhere`, as in "new here, 6 visits at Centrum" (Q14).

        `first_here`: no *attended* visit at this location before this one. A row without a tick has its star until any
        visit at the location was attended; the attended first visit keeps it for ever. Cancelled rows have none.
        `visits_elsewhere`: attended visits at the studio's other locations that began before this one.
        """
        return self.annotate(
            first_here=RawSQL(FIRST_HERE, (), output_field=models.BooleanField()),  # noqa: S611
            visits_elsewhere=RawSQL(VISITS_ELSEWHERE, (), output_field=models.IntegerField()),  # noqa: S611
        )

    def with_ticked_there(self) -> Any:
        """Annotate `ticked_there`: the marketplace checked its guest in, no person did."""
        return self.annotate(ticked_there=RawSQL(TICKED_THERE, (), output_field=models.BooleanField()))  # noqa: S611

    def with_count(self, now: datetime) -> Any:
        """Annotate `count_word`, the twin of `packages.rules.counts` for lists and sums (K6)."""
        grace = F("location__grace_minutes") * Value(timedelta(minutes=1))
        return self.annotate(
            count_word=Case(
                When(purchase=None, then=Value(Verdict.NOT_COUNTED)),
                When(
                    booking=rules.Booking.LATE_CANCELLED,
                    purchase__version__late_cancel_uses=True,
                    session__cancelled_at=None,
                    then=Value(Verdict.COUNTED),
                ),
                When(~Q(booking=rules.Booking.BOOKED), then=Value(Verdict.NOT_COUNTED)),
                When(attendance=rules.Attendance.CHECKED_IN, then=Value(Verdict.COUNTED)),
                When(session__cancelled_at__isnull=False, then=Value(Verdict.NOT_COUNTED)),
                When(attendance=rules.Attendance.NO_SHOW, then=Value(Verdict.COUNTED)),
                When(ends_at__lte=Value(now) - grace, then=Value(Verdict.COUNTED)),
                default=Value(Verdict.NOT_YET),
                output_field=models.CharField(),
            )
        )

    def due_for_sweep(self, now: datetime) -> Self:
        """Booked, without a tick, and past the end plus the location's grace: no-shows that bear no stamp yet."""
        grace = F("location__grace_minutes") * Value(timedelta(minutes=1))
        return self.filter(
            booking=rules.Booking.BOOKED,
            attendance=rules.Attendance.UNKNOWN,
            session__cancelled_at__isnull=True,
            # Bounded first by the index on `ends_at`, then by each location's grace.
            ends_at__lte=now,
        ).filter(ends_at__lte=Value(now) - grace)


class Reservation(models.Model):
    """One member's place in one session, on two axes: booking and attendance (settlement lives in marketplace).

    `studio`, `location`, `starts_at` and `ends_at` repeat the session's, so that lists, the sweep and first visits
    read one index. A composite foreign key with ON UPDATE CASCADE (migration 0003) keeps them equal.
    """

    class Booking(models.TextChoices):
        BOOKED = rules.Booking.BOOKED, _("Booked")
        CANCELLED = rules.Booking.CANCELLED, _("Cancelled")
        LATE_CANCELLED = rules.Booking.LATE_CANCELLED, _("Late cancel")

    class Attendance(models.TextChoices):
        UNKNOWN = rules.Attendance.UNKNOWN, _("Not recorded")
        CHECKED_IN = rules.Attendance.CHECKED_IN, _("Checked in")
        NO_SHOW = rules.Attendance.NO_SHOW, _("No-show")

    class Deadline(models.TextChoices):
        """Who set the cancellation deadline (Q20)."""

        CONTRACT = rules.Origin.CONTRACT, _("by contract")
        ITEM = rules.Origin.ITEM, _("set on the class")
        LOCATION = rules.Origin.LOCATION, _("set at the location")
        STUDIO = rules.Origin.STUDIO, _("set by the studio")

    class Assigned(models.TextChoices):
        """How it came to what it uses."""

        FREE = "free", _("free at booking")
        RULE = "rule", _("by the rule")
        HAND = "hand", _("by hand")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="reservations")
    session = models.ForeignKey(ScheduledSession, models.PROTECT, related_name="reservations")
    member = models.ForeignKey(Member, models.PROTECT, related_name="reservations")
    location = models.ForeignKey(Location, models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # A word, never a reference: "direct", "desk", "import", or a marketplace's ("wellpass").
    source = models.SlugField(_("source"), max_length=30)
    spot = models.ForeignKey(Spot, models.SET_NULL, null=True, blank=True, related_name="+")
    booking = models.CharField(max_length=16, choices=Booking.choices, default=Booking.BOOKED)
    # None where an import did not say.
    booked_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    excused = models.BooleanField(default=False)
    deadline_at = models.DateTimeField()
    deadline_from = models.CharField(max_length=10, choices=Deadline.choices)
    # Free cancellation until then, whatever the deadline says: the class was moved or has another teacher (Q27).
    waived_until = models.DateTimeField(null=True, blank=True)
    attendance = models.CharField(max_length=12, choices=Attendance.choices, default=Attendance.UNKNOWN)
    checked_in_at = models.DateTimeField(null=True, blank=True)
    checked_in_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, blank=True, related_name="+")
    # What it uses (K3); none: free, or unpaid. The marketplaces' own passes are theirs (Q21).
    purchase = models.ForeignKey(Purchase, models.PROTECT, null=True, blank=True, related_name="reservations")
    assigned = models.CharField(max_length=5, choices=Assigned.choices, default=Assigned.FREE)
    # The path of the rule's choice, as it was (K7): `bookings.selectors.wallet.assignment_of`; empty for what was free.
    choice = models.JSONField(default=dict, blank=True)
    # In `flagged`: a marketplace says something else than we do, and a person has to say how it was (Q11).
    CONFLICT = "conflict"
    # Why a person should look at this row ("cancelled and checked in"); empty: nothing to see.
    flagged = models.CharField(max_length=200, blank=True)
    # What the system that an import came from calls this reservation; finds it again in the next file.
    external_ref = models.CharField(max_length=150, blank=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["session"]),
            models.Index(fields=["studio", "starts_at"]),
            models.Index(
                fields=["member", "location", "starts_at"],
                condition=Q(attendance=rules.Attendance.CHECKED_IN),
                name="reservation_attended",
            ),
            models.Index(
                fields=["ends_at"],
                condition=Q(booking=rules.Booking.BOOKED, attendance=rules.Attendance.UNKNOWN),
                name="reservation_to_sweep",
            ),
            models.Index(fields=["member", "-starts_at"], name="reservation_of_member"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "member"],
                condition=Q(booking=rules.Booking.BOOKED),
                name="one_active_reservation_per_member_and_session",
            ),
            models.UniqueConstraint(
                fields=["studio", "source", "external_ref"],
                condition=~Q(external_ref=""),
                name="one_reservation_per_external_ref",
            ),
            models.UniqueConstraint(
                fields=["session", "spot"],
                condition=Q(booking=rules.Booking.BOOKED, spot__isnull=False),
                name="one_reservation_per_spot",
            ),
            models.CheckConstraint(
                condition=Q(attendance=rules.Attendance.CHECKED_IN, checked_in_at__isnull=False)
                | (~Q(attendance=rules.Attendance.CHECKED_IN) & Q(checked_in_at__isnull=True)),
                name="checked_in_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(booking=rules.Booking.BOOKED) | Q(attendance=rules.Attendance.UNKNOWN),
                name="only_booked_is_attended",
            ),
            models.CheckConstraint(
                condition=Q(booking=rules.Booking.BOOKED) | Q(cancelled_at__isnull=False),
                name="cancelled_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def free_until(self) -> datetime:
        """Until when giving the place up costs nothing: the deadline, or longer where the class was changed (Q27)."""
        waived = min(self.waived_until or self.deadline_at, self.starts_at)
        return max(self.deadline_at, waived)

    @property
    def is_waived(self) -> bool:
        return self.free_until != self.deadline_at

    @property
    def free_until_because(self) -> str:
        """Who says so: the deadline's origin, or the change of the class."""
        return str(_("because the class was changed")) if self.is_waived else self.get_deadline_from_display()

    @property
    def correction_until(self) -> datetime:
        """Until when this reservation can be corrected (Q4)."""
        return self.location.correction_until(self.starts_at, self.ends_at)

    @property
    def standing(self) -> rules.Standing:
        return rules.Standing(
            booking=rules.Booking(self.booking),
            attendance=rules.Attendance(self.attendance),
            excused=self.excused,
            session_cancelled=self.session.cancelled_at is not None,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            grace=self.location.grace,
        )

    @property
    def is_unpaid(self) -> bool:
        """A visit that nothing pays for although the item is not free (Q1)."""
        return self.purchase_id is None and self.assigned != self.Assigned.FREE

    @property
    def count_facts(self) -> CountFacts:
        return CountFacts(
            has_purchase=self.purchase is not None,
            session_cancelled_at=self.session.cancelled_at,
            cancelled_at=self.cancelled_at,
            cancelled_late=self.booking == rules.Booking.LATE_CANCELLED,
            late_cancel_uses=self.purchase is not None and self.purchase.version.late_cancel_uses,
            checked_in_at=self.checked_in_at,
            marked_no_show=self.attendance == rules.Attendance.NO_SHOW,
            over_at=self.ends_at + self.location.grace,
        )

    def count(self, now: datetime) -> Count:
        """Whether it counts against its purchase, with the path (K6)."""
        return counts(self.count_facts, now=now)

    def state(self, now: datetime) -> rules.State:
        return rules.state_of(self.standing, now=now)


class ReservationEvent(models.Model):
    """One thing that happened to a reservation. Rows are appended and never changed (`design.md`, fact 3).

    PostgreSQL refuses to change or delete one (migration 0004), but for two cases: a login that is deleted leaves its
    events with `by` empty, and an import that is undone takes its own `imported` events with it.
    """

    class Kind(models.TextChoices):
        RESERVED = "reserved", _("booked")
        WITHDRAWN = "withdrawn", _("booking taken back")
        CHECKED_IN = "checked_in", _("checked in")
        CHECK_IN_REVERTED = "check_in_reverted", _("check-in taken back")
        NO_SHOW = "no_show", _("marked as no-show")
        NO_SHOW_REVERTED = "no_show_reverted", _("no-show taken back")
        CANCELLED = "cancelled", _("cancelled")
        REINSTATED = "reinstated", _("cancellation taken back")
        ASSIGNED = "assigned", _("purchase changed")
        IMPORTED = "imported", _("imported")
        SPOT_CHANGED = "spot_changed", _("has another spot")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # Made by the client, so that a retry is the same action (`design.md`, "What stays live").
    action_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    # Who it was when no person acted: "sweep", "import", a marketplace.
    by_word = models.CharField(max_length=30, blank=True)
    # booking, attendance, excused before and after, as words; what an undo restores.
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    # Restricted, not protected: an import that is taken back goes with all its events.
    undoes = models.OneToOneField("self", models.RESTRICT, null=True, related_name="undone_by")
    # The studio's pulse at that moment: what a reception tab asks "anything newer than 4711?" with.
    version = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["studio", "version"]),
            models.Index(fields=["reservation", "id"]),
            models.Index(fields=["studio", "-occurred_at", "-id"], name="reservation_event_log"),
        ]
        constraints = [models.UniqueConstraint(fields=["studio", "action_id"], name="one_event_per_action")]

    def __str__(self) -> str:
        return f"{self.kind} {self.reservation_id}"


class Pulse(models.Model):
    """The studio's version number, raised by the last statement of every change; commits come in its order."""

    studio = models.OneToOneField(Studio, models.CASCADE, primary_key=True, related_name="pulse")
    version = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.version}"
