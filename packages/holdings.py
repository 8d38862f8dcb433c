"""What a member holds of packages: purchases with their holds and their ledger (Q23, Q32, Q39)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from packages.models import Hold, LedgerEntry, Purchase
from portal.downloads import Cell
from portal.members.holdings import Exported, Holding, People, Preview
from portal.models import Member, StaffLogin


class Purchases(Holding):
    # After whatever locks sessions: those are locked before purchases.
    key, label, position = "purchases", gettext_lazy("Purchases"), 30

    def preview(self, merged: Member, kept: Member) -> Preview:
        return Preview(str(self.label), merged.purchases.count())

    def lock(self, merged: Member, kept: Member, moved: Any = None) -> Any:
        wanted = Purchase.objects.filter(member__in=(merged, kept)).order_by("pk")
        return list(wanted.select_for_update().values_list("pk", flat=True))

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        """All of them, with the moment at which each was bought: the rule looks at them in that order (Q5)."""
        moved = list(merged.purchases.order_by("pk").values_list("pk", flat=True))
        Purchase.objects.filter(pk__in=moved).update(member=kept)
        return moved

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        """Back they go; visits of the other person that use them are the reservations' to settle."""
        Purchase.objects.filter(pk__in=moved, member=kept).update(member=merged)
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        columns = (
            ("package", _("Package")),
            ("purchased_at", _("Bought")),
            ("price", _("Price")),
            ("currency", _("Currency")),
            ("uses", _("Uses")),
            ("expires_on", _("Last day")),
            ("expired_at", _("Expired by hand")),
            ("refunded_at", _("Refunded")),
            ("refunded", _("Refunded amount")),
            ("holds", _("On hold")),
        )
        entries = (
            ("at", _("When")),
            ("package", _("Package")),
            ("kind", _("What")),
            ("uses", _("Uses")),
            ("before", _("Before")),
            ("after", _("After")),
            ("reason", _("Reason")),
        )
        return [
            Exported("purchases", columns, _purchases(members)),
            Exported("purchase_log", entries, _entries(members)),
        ]

    def let_go(self, members: Sequence[Member], *, by: StaffLogin, now: datetime) -> int:
        """What is left of a purchase stays owed until somebody refunds it; nothing of it is to come by itself."""
        return 0

    def scrub(self, people: People, *, now: datetime) -> None:
        """The rows stay, for the sums; words that people wrote and what another system called them go."""
        purchases = Purchase.objects.filter(member__in=people.members)
        LedgerEntry.objects.filter(purchase__in=purchases).exclude(reason="").update(reason="")
        Hold.objects.filter(purchase__in=purchases).exclude(reason="").update(reason="")
        purchases.exclude(external_ref="").update(external_ref="")


def _purchases(members: Sequence[Member]) -> Iterable[Sequence[Cell]]:
    bought = Purchase.objects.filter(member__in=members).select_related("package").prefetch_related("holds")
    for one in bought.order_by("purchased_at", "pk"):
        yield (
            one.package.name,
            one.purchased_at,
            one.price,
            one.currency,
            one.uses,
            one.expires_on,
            one.expired_at,
            one.refunded_at,
            one.refunded,
            "; ".join(f"{hold.first_on} - {hold.last_on or ''}" for hold in one.holds.all()),
        )


def _entries(members: Sequence[Member]) -> Iterable[Sequence[Cell]]:
    entries = LedgerEntry.objects.filter(purchase__member__in=members).select_related("purchase__package")
    for one in entries.order_by("pk"):
        yield (
            one.occurred_at,
            one.purchase.package.name,
            one.get_kind_display(),
            one.uses,
            _told(one.before),
            _told(one.after),
            one.reason,
        )


def _told(values: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in values.items())
