from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from portal.models.people import StaffLogin


class SavedView(models.Model):
    """A list as one person wants to find it again: the filters of a screen's address under a name."""

    login = models.ForeignKey(StaffLogin, models.CASCADE, related_name="saved_views")
    # The screen's own word: "members", "bookings".
    screen = models.SlugField(max_length=30)
    name = models.CharField(_("name"), max_length=40)
    # As `portal.saved_views.canonical` writes it; never empty, for that is the screen without filters.
    query = models.CharField(max_length=1000)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("login", "screen", Lower("name"), name="saved_view_name_once_per_screen"),
        ]

    def __str__(self) -> str:
        return self.name
