"""Pages of insight over a million reservations, against one bare scan of the same rows."""

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from uuid import uuid4

import psycopg
from django.db import connection
from django.test import Client as InProcess
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from packages.actions import make_package
from portal.models import Studio
from tests.bench.database import SLUG, without_checks
from tests.bench.measures import Row

TURNS, TIMES, QUERIES = 5, 5, 25
PAGES = ("insight", "insight_classes", "insight_people", "insight_marketplaces")

# Each member an unlimited purchase that all of their own visits use, and three waits that came to nothing.
_BUY = """
INSERT INTO packages_purchase (studio_id, member_id, package_id, version_id, purchased_at, price, currency, source,
                               external_ref, created_at)
  SELECT 1, m.id, %(package)s, %(version)s, now() - interval '90 days', 60, 'EUR', 'desk', '', now()
    FROM portal_member m WHERE m.studio_id = 1
"""
_USE = """
UPDATE bookings_reservation r SET purchase_id = p.id, assigned = 'rule' FROM packages_purchase p
 WHERE p.member_id = r.member_id AND p.package_id = %(package)s AND r.source IN ('direct', 'desk')
"""
_WAIT = """
INSERT INTO bookings_waitingentry (studio_id, session_id, member_id, source, state, joined_at, closed_at)
  SELECT 1, s.id, m.id, 'direct', 'left', s.starts_at - interval '1 day', s.starts_at
    FROM portal_member m, LATERAL (
      SELECT id, starts_at FROM bookings_scheduledsession
       WHERE starts_at < now() - interval '1 day' AND id %% 5000 = m.id %% 5000 ORDER BY id LIMIT 3) s
   WHERE NOT EXISTS (SELECT FROM bookings_reservation r WHERE r.session_id = s.id AND r.member_id = m.id)
"""
# The least that counts as many rows by class and source: what each page has to read.
_BARE = """
SELECT session_id, source, count(*) FILTER (WHERE attendance = 'checked_in'),
       count(*) FILTER (WHERE attendance = 'no_show'), count(*) FILTER (WHERE booking = 'late_cancelled')
  FROM bookings_reservation WHERE studio_id = 1 AND starts_at >= now() - interval '2 years' AND starts_at < now()
 GROUP BY 1, 2
"""


def insight(person: InProcess, url: str) -> Iterator[Row]:
    """Each page whole, in this process, in turns with the bare scan; all own visits are paid by something."""
    studio, now = Studio.objects.get(slug=SLUG), timezone.now()
    package = make_package(studio, name=f"Pass {uuid4()}", terms={"uses": None}, by=None, now=now)
    facts = {"package": package.pk, "version": package.versions.get().pk}
    with psycopg.connect(url) as db:
        without_checks(db, "NOT ENFORCED", "DISABLE")
        db.execute(_BUY, facts)
        db.execute(_USE, facts)
        without_checks(db, "ENFORCED", "ENABLE")
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(_WAIT, facts)
        db.execute("VACUUM ANALYZE bookings_reservation, packages_purchase, bookings_waitingentry")
    for name in PAGES:
        path = reverse(f"bookings:{name}", args=[SLUG])
        with CaptureQueriesContext(connection) as queries:
            page = person.get(path)
            assert page.status_code == 200, path
        yield Row(f"{path}: queries", f"{len(queries)}", f"<= {QUERIES}", len(queries) <= QUERIES)
        taken = _in_turns(bare=_scan, page=lambda path=path: person.get(path))  # type: ignore[misc]
        ratio = taken["page"] / taken["bare"]
        figures = f"{ratio:.2f} ({taken['page']:.2f} s to {taken['bare']:.2f} s)"
        yield Row(f"{path}: 1,000,000 reservations to a bare scan", figures, f"<= {TIMES}.00", ratio <= TIMES)


def _scan() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_BARE)
        cursor.fetchall()


def _in_turns(**calls: Callable[[], object]) -> dict[str, float]:
    """Median seconds of each; the first turn warms up."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(TURNS + 1):
        for name, call in calls.items():
            start = perf_counter()
            call()
            if turn:
                taken[name].append(perf_counter() - start)
    return {name: median(times) for name, times in taken.items()}
