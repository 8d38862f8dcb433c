"""What packages ask of the database: one assignment, a page of members, a whole studio."""

from collections.abc import Iterator
from time import perf_counter
from uuid import uuid4

import psycopg
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import ItemPackage, ScheduledSession
from bookings.selectors.recount import recount
from bookings.selectors.wallet import Wallet, balances
from packages.actions import make_package
from packages.models import Purchase
from portal.models import Member, Studio
from tests.bench.database import SLUG, without_checks
from tests.bench.measures import Row

PURCHASES, ASSIGNMENT, PAGE, TIMES = 200, 5, 50, 8

# Each member one purchase, and all of their visits use it.
_BUY = """
INSERT INTO packages_purchase (studio_id, member_id, package_id, version_id, purchased_at, price, currency, uses,
                               source, external_ref, created_at)
  SELECT 1, m.id, %(package)s, %(version)s, now() - interval '90 days', 60, 'EUR', 5000, 'desk', '', now()
    FROM portal_member m WHERE m.studio_id = 1
"""
_USE = """
UPDATE bookings_reservation r SET purchase_id = p.id, assigned = 'rule' FROM packages_purchase p
 WHERE p.member_id = r.member_id AND p.package_id = %(package)s
"""
# The least that counts as many rows by purchase.
_BARE = "SELECT purchase_id, count(*) FROM bookings_reservation WHERE studio_id = 1 GROUP BY purchase_id"


def packages(url: str) -> Iterator[Row]:
    """Three promises of the package accounting; the million reservations are there already."""
    studio, now = Studio.objects.get(slug=SLUG), timezone.now()
    package = make_package(studio, name=f"Pack {uuid4()}", terms={"uses": 5}, by=None, now=now)
    version = package.versions.get()
    with psycopg.connect(url) as db:
        without_checks(db, "NOT ENFORCED", "DISABLE")
        db.execute(_BUY, {"package": package.pk, "version": version.pk})
        db.execute(_USE, {"package": package.pk})
        without_checks(db, "ENFORCED", "ENABLE")
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("VACUUM ANALYZE bookings_reservation, packages_purchase")
    yield _assignment(studio, package.pk, version.pk)
    yield _page(studio)
    yield from _recount(studio)


def _assignment(studio: Studio, package: int, version: int) -> Row:
    """A member with 200 purchases, all of them looked at."""
    now, member = timezone.now(), Member.objects.filter(studio=studio).order_by("pk")[0]
    Purchase.objects.bulk_create(
        Purchase(
            studio=studio, member=member, package_id=package, version_id=version, purchased_at=now, price=1,
            currency="EUR", uses=0,
        )
        for _ in range(PURCHASES)
    )  # fmt: skip
    session = ScheduledSession.objects.select_related("item", "location").filter(studio=studio, starts_at__gt=now)[0]
    ItemPackage.objects.get_or_create(studio=studio, item=session.item, package_id=package)
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        choice = Wallet(member, studio, now=now, lock=True).choose(session)
    assert len(choice.looked_at) > PURCHASES
    what = f"choosing among {PURCHASES} purchases of a member: queries"
    return Row(what, f"{len(queries)}", f"<= {ASSIGNMENT}", len(queries) <= ASSIGNMENT)


def _page(studio: Studio) -> Row:
    """The balances of few members and of a page of them."""

    def queries(members: int) -> int:
        keys = list(studio.members.order_by("-pk").values_list("pk", flat=True)[:members])
        with CaptureQueriesContext(connection) as found:
            assert len(balances(Purchase.objects.filter(member__in=keys), now=timezone.now())) >= members
        return len(found)

    few, many = queries(5), queries(PAGE)
    return Row(f"balances of {PAGE} members to those of 5: queries", f"{many} to {few}", "the same", few == many)


def _recount(studio: Studio) -> Iterator[Row]:
    """Every purchase of a studio with a million reservations, counted anew."""

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute(_BARE)
            cursor.fetchall()

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '2min'; SET LOCAL transaction_timeout = 0")
        bare()
        times = []
        for count in (lambda: recount(studio, now=timezone.now()), bare):
            began = perf_counter()
            with CaptureQueriesContext(connection) as queries:
                count()
            times.append((perf_counter() - began, len(queries)))
    (whole, number), (least, _one) = times
    yield Row("recounting a studio of 1,000,000 reservations: statements", f"{number}", "<= 1", number <= 1)
    figures = f"{whole / least:.2f} ({whole:.2f} s to {least:.2f} s)"
    what = "the same, to a bare count by purchase"
    yield Row(what, figures, f"<= {TIMES}.00", whole / least <= TIMES)
