"""Help: the answers that the product ships and the operator edits, and the tickets that studios open (P14)."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.models.people import StaffLogin, User
from portal.models.studio import Studio


class Answer(models.Model):
    """One question and its answer in one language, as Markdown.

    The shipped text is loaded after each migration (`portal.support.shipped`); one that the operator has edited stays
    as edited.
    """

    slug = models.SlugField(_("address"), max_length=60)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    title = models.CharField(_("question"), max_length=200)
    text = models.TextField(_("answer"), max_length=20_000, help_text=_("Markdown."))
    # Other words under which somebody looks for it.
    words = models.CharField(_("search words"), max_length=500, blank=True)
    topic = models.SlugField(_("topic"), max_length=30)
    # Names of addresses ("bookings:check_ins") or of an app's ("invoicing:") for whose pages it comes first.
    pages = models.JSONField(_("pages"), default=list, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_shown = models.BooleanField(_("shown"), default=True)
    # SHA-256 of the shipped text that was loaded last; empty: the operator's own.
    shipped_hash = models.CharField(max_length=64, blank=True, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "slug", "language"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["slug", "language"], name="answer_once_per_language"),
        ]

    def __str__(self) -> str:
        return self.title


class TicketQuerySet(models.QuerySet["Ticket"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def waiting(self) -> Self:
        """Open, and the last word is the studio's."""
        return self.open().filter(answered_at=None)


class Ticket(models.Model):
    """A question of a studio to the operator, under a reference number that both sides name (P14)."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="tickets")
    # "T-4711-K": unique in the installation, easy to say on the telephone.
    reference = models.CharField(_("reference"), max_length=20, unique=True)
    login = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    subject = models.CharField(_("subject"), max_length=150)
    # What it is about, filled in by the page it was asked from; empty where that says nothing.
    page = models.CharField(_("page"), max_length=500, blank=True)
    month = models.DateField(_("month"), null=True, blank=True)
    member_number = models.CharField(_("member number"), max_length=40, blank=True)
    log_reference = models.CharField(_("log reference"), max_length=100, blank=True)
    opened_at = models.DateTimeField(_("opened"))
    # When the operator last answered, with nothing asked since.
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    # When who asked, or an owner or manager, opened the last answer; empty: it is still to be read.
    seen_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-opened_at", "-id"]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["studio", "-id"], name="ticket_of_studio"),
            models.Index(
                fields=["id"], condition=Q(closed_at__isnull=True, answered_at__isnull=True), name="ticket_waiting"
            ),
            models.Index(
                fields=["login"],
                condition=Q(answered_at__isnull=False, seen_at__isnull=True),
                name="ticket_to_be_read",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class TicketMessage(models.Model):
    """One message of a ticket: by the studio, or by the operator."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="messages")
    text = models.TextField(_("message"), max_length=10_000)
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    operator = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # Who wrote it, should the login be gone.
    by_operator = models.BooleanField(default=False)
    written_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.pk}"


class TicketFile(models.Model):
    """What was attached to a message. Never shown in the page, only given back as a download."""

    message = models.ForeignKey(TicketMessage, models.CASCADE, related_name="files")
    name = models.CharField(max_length=150)
    size = models.PositiveIntegerField()  # bytes
    content = models.BinaryField()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.name
