"""What a member holds of marketplaces: who they are there (Q23, Q39). Their visits go with their reservations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.actions.forgetting import forget
from marketplace.models import Conflict, Guest, Visit
from portal.members.holdings import Exported, Holding, People, Preview
from portal.models import Member, StaffLogin


class Guests(Holding):
    key, label, position = "guests", gettext_lazy("Marketplaces"), 40

    def preview(self, merged: Member, kept: Member) -> Preview:
        return Preview(str(self.label), merged.guests.count())

    def lock(self, merged: Member, kept: Member, moved: Any = None) -> Any:
        wanted = Guest.objects.filter(member__in=(merged, kept)).order_by("pk")
        return list(wanted.select_for_update().values_list("pk", flat=True))

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        moved = list(merged.guests.order_by("pk").values_list("pk", flat=True))
        Guest.objects.filter(pk__in=moved).update(member=kept)
        return moved

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        Guest.objects.filter(pk__in=moved, member=kept).update(member=merged)
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        columns = (("marketplace", _("Marketplace")), ("id", _("Id at the marketplace")), ("since", _("Since")))
        guests = Guest.objects.filter(member__in=members).select_related("connection__marketplace").order_by("pk")
        rows = ((one.connection.marketplace.name, one.external_id, one.created_at) for one in guests)
        visits = Visit.objects.filter(guest__member__in=members).order_by("pk")
        said = (
            ("marketplace", _("Marketplace")),
            ("booking", _("Booking number")),
            ("requested_at", _("Booked at")),
            ("cancelled_at", _("Cancelled at")),
            ("confirmed_at", _("Confirmed at")),
            ("pass", _("Pass")),
        )
        names = ("connection__marketplace__name", "booking_ref", "requested_at", "cancelled_at", "confirmed_at")
        return [
            Exported("marketplaces", columns, rows),
            Exported("marketplace_visits", said, list(visits.values_list(*names, "pass_name"))),
        ]

    def let_go(self, members: Sequence[Member], *, by: StaffLogin, now: datetime) -> int:
        """Bookings that are to come are the reservations' to end."""
        return 0

    def scrub(self, people: People, *, now: datetime) -> None:
        """Nobody finds the person by the marketplace's id or by ours again: who comes back is somebody new. What was
        sent about them is emptied.
        """
        guests = Guest.objects.filter(member__in=people.members)
        forget(list(guests), emails=people.emails)
        Conflict.objects.open().filter(guest__in=guests, visit=None).delete()
        guests.update(external_id=Concat(Value("deleted-"), Cast(F("pk"), CharField())), key=RandomUUID())
