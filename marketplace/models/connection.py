import json
from datetime import datetime
from typing import Self
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models import CalendarItem
from marketplace.models.marketplace import Marketplace
from portal.encryption import cipher
from portal.models import Location, Studio

PURPOSE = "marketplace.connection"


def default_kinds() -> list[str]:
    """Single classes and workshops (Q25)."""
    return [CalendarItem.Kind.CLASS, CalendarItem.Kind.WORKSHOP]


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def told(self) -> Self:
        """Those whose marketplace hears of changes: we speak with it, and it sells, or holds what it has sold."""
        return (
            self.filter(state__in=[Connection.State.LIVE, Connection.State.PAUSED])
            .exclude(marketplace__shape=Marketplace.Shape.CHECK_IN)
            .exclude(marketplace__adapter="")
        )


class Connection(models.Model):
    """One studio at one marketplace: what lets them talk, how far they have come, and whether it answers.

    Credentials and secrets are stored encrypted, so a copy of the database alone opens nothing.
    """

    class State(models.TextChoices):
        SETTING_UP = "setting_up", _("being set up")
        LIVE = "live", _("live")
        PAUSED = "paused", _("paused: sells nothing, keeps what is sold")
        ENDED = "ended", _("ended")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="connections")
    marketplace = models.ForeignKey(Marketplace, models.PROTECT, related_name="connections")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.SETTING_UP)
    # The kinds of items that go there; a course series never does (I12).
    kinds = ArrayField(models.CharField(max_length=12), default=default_kinds)
    # Where it is called, and the name under which the marketplace calls us; empty where the shape needs none.
    address = models.URLField(_("address"), max_length=300, blank=True)
    client_id = models.CharField(_("client id"), max_length=100, blank=True)
    # Names it in the address to which the marketplace sends its messages.
    hook = models.UUIDField(default=uuid4, unique=True, editable=False)
    # Sealed: what we call with (a JSON object), and what the marketplace proves itself with. The previous secret is
    # good until its time is over, so that changing it loses no call.
    sealed_credentials = models.TextField(blank=True, editable=False)
    sealed_secret = models.TextField(blank=True, editable=False)
    sealed_previous_secret = models.TextField(blank=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    # The stages of I1, each with its moment; empty: not there yet.
    contracted_on = models.DateField(_("contract signed"), null=True, blank=True)
    added_at = models.DateTimeField(_("add-on switched on"), null=True, blank=True)
    activated_at = models.DateTimeField(_("activated by the operator"), null=True, blank=True)
    allowed_at = models.DateTimeField(_("classes allowed"), null=True, blank=True)
    first_synced_at = models.DateTimeField(_("first sync"), null=True, blank=True)
    first_booked_at = models.DateTimeField(_("first booking"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # Whether it answers: calls that failed in a row, and until when it is left alone after that.
    failures = models.PositiveIntegerField(default=0, editable=False)
    quiet_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Since when it does not accept our credentials; empty: it does.
    locked_out_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Since when it is known that it is late, and people were told; empty: it is not.
    late_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["studio", "marketplace"], name="one_connection_per_marketplace"),
            models.UniqueConstraint(fields=["client_id"], condition=~Q(client_id=""), name="client_id_once"),
            models.UniqueConstraint(fields=["id", "studio"], name="connection_of_studio"),
            models.CheckConstraint(condition=~Q(kinds__contains=["course"]), name="no_course_at_a_marketplace"),
            models.CheckConstraint(
                condition=~Q(state__in=["live", "paused"]) | Q(activated_at__isnull=False),
                name="live_connection_was_activated",
            ),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False) | (~Q(state="ended") & Q(ended_at=None)),
                name="ended_connection_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(sealed_previous_secret="", previous_secret_until=None)
                | (~Q(sealed_previous_secret="") & Q(previous_secret_until__isnull=False)),
                name="previous_secret_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.marketplace_id} {self.studio_id}"

    @property
    def is_told(self) -> bool:
        """Its marketplace hears of changes, as `ConnectionQuerySet.told` has it."""
        return self.state in {self.State.LIVE, self.State.PAUSED}

    @property
    def credentials(self) -> dict[str, str]:
        """What we call the marketplace with, by the names that its adapter knows."""
        return json.loads(_open(self.sealed_credentials)) if self.sealed_credentials else {}

    @credentials.setter
    def credentials(self, values: dict[str, str]) -> None:
        self.sealed_credentials = _seal(json.dumps(values)) if values else ""

    @property
    def secret(self) -> str:
        return _open(self.sealed_secret)

    @secret.setter
    def secret(self, value: str) -> None:
        self.sealed_secret = _seal(value)

    def secrets(self, now: datetime) -> list[str]:
        """With which the marketplace may prove itself now, the current one first."""
        is_good = self.previous_secret_until is not None and now < self.previous_secret_until
        sealed = [self.sealed_secret, self.sealed_previous_secret if is_good else ""]
        return [_open(one) for one in sealed if one]


class ConnectedLocation(models.Model):
    """A location of the studio as the marketplace calls it."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="locations")
    location = models.ForeignKey(Location, models.CASCADE, related_name="connected")
    external_id = models.CharField(_("its id there"), max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "location"], name="location_once_per_connection"),
            models.UniqueConstraint(fields=["connection", "external_id"], name="location_id_once_per_connection"),
            models.CheckConstraint(condition=~Q(external_id=""), name="connected_location_has_its_id"),
        ]

    def __str__(self) -> str:
        return self.external_id


def _seal(text: str) -> str:
    return cipher(PURPOSE).encrypt(text.encode()).decode() if text else ""


def _open(sealed: str) -> str:
    return cipher(PURPOSE).decrypt(sealed.encode()).decode() if sealed else ""
