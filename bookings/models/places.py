from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models import Location


class Room(models.Model):
    location = models.ForeignKey(Location, models.CASCADE, related_name="rooms")
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["location", "name"], name="room_name_once_per_location"),
            models.UniqueConstraint(fields=["id", "location"], name="room_of_location"),
        ]

    def __str__(self) -> str:
        return self.name


class Spot(models.Model):
    """A numbered place in a room. `fill_order` is the order in which free spots are given out (Q29)."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="spots")
    label = models.CharField(_("label"), max_length=10)
    fill_order = models.PositiveSmallIntegerField(_("fill order"))
    is_blocked = models.BooleanField(_("blocked"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "label"], name="spot_label_once_per_room"),
            models.UniqueConstraint(
                fields=["room", "fill_order"], name="spot_order_once_per_room", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return self.label
