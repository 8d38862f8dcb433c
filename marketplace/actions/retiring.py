"""Retiring old workarounds in one step, and taking that back in one (I13)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from marketplace.selectors.old_passes import free_to_get, held, looking_like_passes
from marketplace.selectors.retirements import RESTORED, RETIRED, restored, retirements
from packages.actions import archive_package, expire_all, restore_package, revive_all
from packages.models import Package, Purchase
from portal.changes import record_change
from portal.models import Change, StaffLogin, Studio


class NotRetired(Exception):
    """It was taken back already, or never was."""


@dataclass(frozen=True)
class Retired:
    """What one step did."""

    change: Change
    packages: int
    purchases: int


@dataclass(frozen=True)
class Restored:
    """What came back, and what was changed since and so stays: packages by name, purchases with their members."""

    packages: int
    purchases: int
    kept_packages: list[Package]
    kept_purchases: list[Purchase]


def retire(
    studio: Studio, packages: Collection[int], *, reason: str, day: date, by: StaffLogin | None, now: datetime
) -> Retired | None:
    """Take these packages off sale and end what members got of them for nothing; None: nothing of it was left.

    Only what looks like a marketplace's pass is touched, whatever was asked for. Reservations that use one keep it
    (Q7). One transaction: of two at once, the second finds nothing left. `reason`: for the ledger; `day`: today there.
    """
    with transaction.atomic():
        wanted = sorted(looking_like_passes(studio).keys() & set(packages))
        # Who sells one of them waits here, and then finds it off sale; purchases are locked after their packages.
        list(Package.objects.select_for_update().filter(studio=studio, pk__in=wanted).order_by("pk"))
        on_sale = list(free_to_get(studio, wanted).order_by("pk"))
        for package in on_sale:
            archive_package(package, by=by, now=now)
        purchases = expire_all(held(studio, wanted, day=day), reason=reason, by=by, now=now)
        if not on_sale and not purchases:
            return None
        after = {"packages": [one.pk for one in on_sale], "purchases": [one.pk for one in purchases]}
        change = record_change(studio, RETIRED, studio=studio, by=by, now=now, after=after)
        return Retired(change, len(on_sale), len(purchases))


def restore(studio: Studio, retirement: int, *, by: StaffLogin | None, now: datetime) -> Restored:
    """Take a retirement back, all but what was changed since. Raises NotRetired: of two at once, the second."""
    with transaction.atomic():
        found = retirements(studio).select_for_update(of=("self",)).filter(pk=retirement).first()
        if found is None or restored(studio, [found.pk]):
            raise NotRetired
        packages = list(
            studio.packages.filter(pk__in=found.after["packages"]).select_for_update(of=("self",)).order_by("pk")
        )
        gone = studio.purchases.filter(pk__in=found.after["purchases"]).select_related("member", "package")
        purchases = list(gone.select_for_update(of=("self",)).order_by("pk"))
        back = {one for one in packages if one.archived_at == found.occurred_at}
        usable = {one for one in purchases if one.expired_at == found.occurred_at and one.refunded_at is None}
        for package in sorted(back, key=lambda one: one.pk):
            restore_package(package, by=by, now=now)
        revive_all(Purchase.objects.filter(pk__in=[one.pk for one in usable]), by=by, now=now)
        after = {"retirement": found.pk, "packages": len(back), "purchases": len(usable)}
        record_change(studio, RESTORED, studio=studio, by=by, now=now, after=after)
        return Restored(
            len(back),
            len(usable),
            [one for one in packages if one not in back],
            [one for one in purchases if one not in usable],
        )
