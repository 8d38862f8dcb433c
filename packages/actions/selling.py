"""Making packages, changing their terms, and selling them."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max

from packages.actions.ledger import ActionIdReused, Done, Kind, NotPossible, Reason, done_before, enter
from packages.models import Package, PackageVersion, Purchase
from portal.changes import changed_values, record_change
from portal.members.merging import locked_kept
from portal.models import Member, StaffLogin, Studio

TERMS = ["uses", "valid_for", "valid_unit", "valid_until", "price", "currency", "tax_rate", "late_cancel_uses"]


def make_package(
    studio: Studio, *, name: str, terms: Mapping[str, Any], by: StaffLogin | None, now: datetime
) -> Package:
    """Put a package on sale. `terms` are the fields of its first version."""
    with transaction.atomic():
        package = Package.objects.create(studio=studio, name=name)
        PackageVersion.objects.create(package=package, number=1, made_at=now, made_by=by, **terms)
        record_change(package, "created", studio=studio, by=by, now=now, after={"name": name, **terms})
        return package


def change_package(
    package: Package, *, name: str, terms: Mapping[str, Any], by: StaffLogin | None, now: datetime
) -> PackageVersion:
    """Change the terms from now on: a sold version stays, and a new one takes its place; an unsold one is changed."""
    with transaction.atomic():
        package = Package.objects.select_for_update().select_related("studio").get(pk=package.pk)
        old = package.versions.select_for_update().first()
        assert old is not None  # noqa: S101 - a package is made with its first version
        new = PackageVersion(**{field: terms.get(field, getattr(old, field)) for field in TERMS}, package=package)
        before, after = changed_values(old, new, TERMS)
        if package.name != name:
            before["name"], after["name"] = package.name, name
            package.name = name
            package.save(update_fields=["name"])
        if not after:
            return old
        if after.keys() != {"name"}:
            new.made_at, new.made_by = now, by
            if old.purchases.exists():
                new.number = old.number + 1
                new.save(force_insert=True)
                after["version"] = new.number
            else:
                new.pk, new.number = old.pk, old.number
                new.save(force_update=True)
            old = new
        record_change(package, "changed", studio=package.studio, by=by, now=now, before=before, after=after)
        return old


def archive_package(package: Package, *, by: StaffLogin | None, now: datetime) -> None:
    """Take it off sale. What was sold stays; an item whose packages are all archived does not become free (Q10)."""
    _set_archived(package, now, "archived", by=by, now=now)


def restore_package(package: Package, *, by: StaffLogin | None, now: datetime) -> None:
    """Put it on sale again."""
    _set_archived(package, None, "restored", by=by, now=now)


def _set_archived(
    package: Package, moment: datetime | None, kind: str, *, by: StaffLogin | None, now: datetime
) -> None:
    with transaction.atomic():
        changed = Package.objects.filter(pk=package.pk, archived_at__isnull=moment is not None).update(
            archived_at=moment
        )
        if changed:
            record_change(package, kind, studio=package.studio, by=by, now=now)


def sell(
    package: Package,
    member: Member,
    *,
    zone: ZoneInfo,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
    purchased_at: datetime | None = None,
    price: Decimal | None = None,
    version: PackageVersion | None = None,
    expires_on: date | None = None,
    source: str = "desk",
) -> Done:
    """Give the member a purchase of the package's newest terms, valid from the local day of its purchase.

    `purchased_at` earlier than `now` is a sale that is written down later (Q5); later is refused. `price`: what was
    paid, if not what the terms say. `zone`: where it is sold, for the day. A merged member's is the kept one's.
    Raises NotPossible or ActionIdReused.
    """
    with transaction.atomic():
        # Nobody archives it or changes its terms meanwhile.
        package = Package.objects.select_for_update(of=("self",)).select_related("studio").get(pk=package.pk)
        if done := done_before(package.studio_id, action_id, Kind.SOLD):
            made = done.purchase
            other = (made.package_id, made.member_id) != (package.pk, locked_kept(member).pk)
            other |= price is not None and made.price != price
            other |= purchased_at is not None and made.purchased_at != purchased_at
            if other:
                raise ActionIdReused(action_id)
            return done
        if package.archived_at is not None:
            raise NotPossible(Reason.ARCHIVED, package.archived_at)
        bought = purchased_at or now
        if bought > now:
            raise NotPossible(Reason.IN_THE_FUTURE, bought)
        member = locked_kept(member)
        if member.scrubbed_at is not None:
            raise NotPossible(Reason.DELETED)
        terms = version or package.versions.get(number=package.versions.aggregate(last=Max("number"))["last"])
        purchase = Purchase.objects.create(
            studio=package.studio,
            member=member,
            package=package,
            version=terms,
            purchased_at=bought,
            price=terms.price if price is None else price,
            currency=terms.currency,
            uses=terms.uses,
            expires_on=expires_on or terms.last_day(bought.astimezone(zone).date()),
            source=source,
        )
        return enter(
            purchase,
            Kind.SOLD,
            action_id=action_id,
            by=by,
            now=now,
            uses=purchase.uses,
            after={"price": purchase.price, "expires_on": purchase.expires_on, "purchased_at": bought.isoformat()},
        )
