"""How people come to a login, and how they show at the desk who they are."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from portal.models.people import StaffLogin, Teacher
from portal.models.studio import Location, Studio
from portal.roles import PRESET_WORDS, Preset

PRESETS = [(preset.value, PRESET_WORDS[preset]) for preset in Preset]


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> "InvitationQuerySet":
        """Neither accepted nor withdrawn; the link may have run out."""
        return self.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)


class Invitation(models.Model):
    """A login that waits for its person: who holds the secret link may take it, once and for seven days (Q37).

    Only the hash of the secret is kept. Each new link is a new `link` number, and the one before it is dead.
    """

    LIVES = timedelta(days=7)
    LATE = timedelta(days=3)

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    name = models.CharField(_("name"), max_length=100)
    preset = models.CharField(_("preset"), max_length=10, choices=PRESETS)
    locations = models.ManyToManyField(Location, blank=True, verbose_name=_("pinned to"), related_name="+")
    teaches_as = models.ForeignKey(Teacher, models.SET_NULL, null=True, blank=True, related_name="+")
    invited_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    invited_at = models.DateTimeField()
    # The link that works now: its number, the SHA-256 of its secret (empty before the mail is made), its age.
    link = models.PositiveSmallIntegerField(default=1)
    secret_hash = models.CharField(max_length=64, blank=True)
    link_made_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_as = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-invited_at", "-id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                "studio",
                Lower("email"),
                name="one_open_invitation_per_address",
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["secret_hash"], name="invitation_secret_once", condition=~Q(secret_hash="")
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def runs_out_at(self) -> datetime:
        return self.link_made_at + self.LIVES

    def has_run_out(self, now: datetime) -> bool:
        return now >= self.runs_out_at

    def is_late(self, now: datetime) -> bool:
        """Nobody came for three days: the mail may lie among the unwanted."""
        return now - self.link_made_at >= self.LATE


class LoginWish(models.Model):
    """A second login that a manager asks for and an owner grants or not (Q37)."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="login_wishes")
    email = models.EmailField(_("e-mail"))
    name = models.CharField(_("name"), max_length=100)
    preset = models.CharField(_("preset"), max_length=10, choices=PRESETS)
    locations = models.ManyToManyField(Location, blank=True, verbose_name=_("pinned to"), related_name="+")
    teaches_as = models.ForeignKey(Teacher, models.SET_NULL, null=True, blank=True, related_name="+")
    why = models.CharField(_("what for"), max_length=300, blank=True)
    asked_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    # Set when it was granted; decided without it is declined, or withdrawn by who asked.
    invitation = models.OneToOneField(Invitation, models.SET_NULL, null=True, related_name="wish")
    is_granted = models.BooleanField(default=False)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-asked_at", "-id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                "studio", Lower("email"), name="one_open_wish_per_address", condition=Q(decided_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.email


class DeskPin(models.Model):
    """What a person types at the desk to act under their own name; as safe as a few digits are, so for desk work only.

    A row of its own: the hash is read when a PIN is typed and at no other time. The tries are counted here, in
    PostgreSQL, where no flushed cache forgets them (S9).
    """

    login = models.OneToOneField(StaffLogin, models.CASCADE, related_name="pin")
    digits = models.CharField(max_length=128)  # a password hash
    set_at = models.DateTimeField()
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.login)
