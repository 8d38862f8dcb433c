"""The roster of 2,000 people against the least that shows as many: one query, one template, one line for each."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
from django.db import connection
from django.template import engines
from django.test import Client as InProcess
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings.models import Reservation
from tests.bench.database import SLUG, add_sessions
from tests.bench.measures import Row, milliseconds, side_by_side

PEOPLE, TIMES, QUERIES = 2_000, 4, 15
FACTS = ("id", "session_id", "member__first_name", "member__last_name", "member__number", "source", "booking",
         "attendance", "checked_in_at", "booked_at", "deadline_at", "deadline_from")  # fmt: skip
# The words of a roster's row without a decision, a date in words, a link of its own or an icon.
BARE = """{% for row in rows %}
<article class="row" id="reservation-{{ row.id }}" aria-label="{{ row.member__first_name }}">
<div>{{ row.member__first_name }} {{ row.member__last_name }}</div><div>{{ row.member__number }}</div>
<div>{{ row.source }}</div><div>{{ row.booking }} {{ row.attendance }}</div><div>{{ row.booked_at }}</div>
<div>{{ row.deadline_at }}, {{ row.deadline_from }}</div>
<form method="post" action="/x/{{ row.id }}/"><button name="reservation" value="{{ row.id }}">in</button></form>
</article>{% endfor %}"""


def roster_of_many(in_process: InProcess, url: str) -> Iterator[Row]:
    """The whole page with its 2,000 rows, and its queries."""
    with psycopg.connect(url) as db:
        start = timezone.now() - timedelta(minutes=10)
        [session] = add_sessions(db, sessions=1, start=start, step="1 minute", past=False, people=PEOPLE)
    path = reverse("bookings:session", args=[SLUG, session])
    template = engines["django"].from_string(BARE)

    def page() -> None:
        assert in_process.get(path).status_code == 200

    def bare() -> None:
        rows = Reservation.objects.filter(session=session).order_by("member__first_name", "id").values(*FACTS)
        assert template.render({"rows": rows}).count("<article") == PEOPLE

    times = side_by_side(10, page=page, bare=bare)
    ratio = times["page"] / times["bare"]
    figures = f"{ratio:.2f} ({milliseconds(times['page'])} to {milliseconds(times['bare'])})"
    yield Row(
        f"roster of {PEOPLE:,} people to a bare template of as many rows", figures, f"<= {TIMES}.00", ratio <= TIMES
    )
    with CaptureQueriesContext(connection) as queries:
        page()
    yield Row("roster: queries", f"{len(queries)}", f"<= {QUERIES}", len(queries) <= QUERIES)
