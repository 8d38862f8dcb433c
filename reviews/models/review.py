from datetime import datetime, timedelta
from typing import Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from bookings.models import Reservation
from bookings.rules import Attendance
from portal.models import Change, Studio
from reviews import rules

TEXT_MOST = 4000  # characters
COUNTS_FOR = timedelta(days=365)
LINK = "link"  # the source of what came by our mail
_DISPUTED = (~Q(reservation__attendance=Attendance.CHECKED_IN) | Q(doubt__isnull=False)) & Q(settled_at=None)


class ReviewQuerySet(models.QuerySet["Review"]):
    def shown(self) -> Self:
        return self.filter(hidden_at=None)

    def disputed(self) -> Self:
        """Of visits that are none any more, by the desk's word, or of authors in doubt, and not settled;
        `Review.is_disputed` (Q34)."""
        return self.filter(_DISPUTED)

    def with_waits(self) -> Self:
        """Each with `waits`: shown, disputed, and the operator has not said that it fell since there is a doubt."""
        cases = apps.get_model("reviews", "Report")
        since = Q(review__doubted_at=None) | Q(decided_at__gte=F("review__doubted_at"))
        fell = cases._default_manager.filter(since, review=OuterRef("pk"), decision="visit_fell")
        waits = Q(hidden_at=None) & _DISPUTED & ~Exists(fell)
        return self.annotate(waits=ExpressionWrapper(waits, output_field=models.BooleanField()))

    def waiting(self) -> Self:
        """Whose visit or author the operator has to decide about."""
        return self.with_waits().filter(waits=True)

    def mended(self) -> Self:
        """Hidden, and changed by their author since: the operator looks whether they are shown again."""
        return self.filter(edited_at__gt=F("hidden_at"))

    def visited(self) -> Self:
        """Of visits and authors that stand, or about which the operator has decided that they do (Q34)."""
        return self.filter(~_DISPUTED)

    def counted(self, now: datetime) -> Self:
        """Those that make the studio's mean: shown, of visits that stand, of the last 12 months; `Review.excluded`."""
        return self.shown().visited().filter(written_at__gt=now - COUNTS_FOR, written_at__lte=now)

    def unanswered(self) -> Self:
        """Shown, and without a reply that stands."""
        return self.shown().filter(Q(response=None) | Q(response__withdrawn_at__isnull=False))


class Review(models.Model):
    """What a member wrote about a visit: one for each attended reservation, within 14 days (P11, Q34).

    Nobody deletes one, PostgreSQL included (P13, migration 0002). Who wrote it is the reservation's member.
    """

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="reviews")
    reservation = models.OneToOneField(Reservation, models.PROTECT, related_name="review")
    # Marks from 1 to 5 by criterion, and the studio's weights when it was written.
    marks = models.JSONField()
    weights = models.JSONField()
    # What `rules.score` makes of them.
    score = models.DecimalField(_("score"), max_digits=3, decimal_places=2)
    text = models.TextField(_("review"), max_length=TEXT_MOST, blank=True)
    # The road it came by: "link", or a marketplace's word.
    source = models.SlugField(max_length=30, default=LINK)
    # The line of the studio's log that makes it doubtful who wrote (`rules.authorship`); it stays when it is settled.
    doubt = models.ForeignKey(Change, models.PROTECT, null=True, related_name="+")
    # Since when it is in doubt: what the operator found before does not answer it.
    doubted_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(_("written"))
    edited_at = models.DateTimeField(_("changed"), null=True)
    # Set while hidden; the case is a `Report`.
    hidden_at = models.DateTimeField(_("hidden"), null=True)
    # The operator has found that the member was there and wrote this, whatever reservation and log say.
    settled_at = models.DateTimeField(_("settled"), null=True)
    # The author was scrubbed (Q39): marks and score stay, the words went.
    scrubbed_at = models.DateTimeField(null=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-written_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["id", "studio"], name="review_of_studio"),
            models.CheckConstraint(condition=Q(score__gte=1, score__lte=5), name="score_from_1_to_5"),
        ]
        indexes = [
            models.Index(fields=["studio", "-written_at"], name="review_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.score}"

    @property
    def arithmetic(self) -> rules.Arithmetic:
        return rules.score(self.marks, self.weights)

    @property
    def is_mended(self) -> bool:
        """One of `ReviewQuerySet.mended`."""
        return self.hidden_at is not None and self.edited_at is not None and self.edited_at > self.hidden_at

    @property
    def is_disputed(self) -> bool:
        """One of `ReviewQuerySet.disputed`."""
        return self.settled_at is None and (self.is_doubted or self.has_no_visit)

    @property
    def is_doubted(self) -> bool:
        """Whether the studio had a hand in the address that wrote it, settled or not."""
        return self.doubt_id is not None

    @property
    def has_no_visit(self) -> bool:
        """Whether the desk says by now that nobody was there."""
        return self.reservation.attendance != Attendance.CHECKED_IN

    def excluded(self, now: datetime) -> rules.Excluded | None:
        """Why it does not count for the mean; None: it does. The twin of `ReviewQuerySet.counted`."""
        if self.hidden_at is not None:
            return rules.Excluded.HIDDEN
        if self.is_disputed:
            return rules.Excluded.DISPUTED
        return rules.Excluded.OLD if self.written_at <= now - COUNTS_FOR else None


class ReviewVersion(models.Model):
    """How a review read before its author changed it."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="versions")
    marks = models.JSONField()
    score = models.DecimalField(max_digits=3, decimal_places=2)
    text = models.TextField(blank=True)
    written_at = models.DateTimeField()
    replaced_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.review_id} {self.written_at:%Y-%m-%d %H:%M}"
