"""A week of 500 sessions against the least that shows as many: one query, one template, one block for each."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import psycopg
from django.db import connection
from django.template import engines
from django.test import Client as InProcess
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import ScheduledSession
from bookings.views.schedule import week_word
from portal.models import Location
from tests.bench.database import SLUG, add_sessions
from tests.bench.measures import Row, milliseconds, side_by_side

SESSIONS, TIMES, QUERIES = 500, 4, 15
# A week that no other part of the benchmark has sessions in.
MONDAY = date(2032, 3, 1)
FACTS = ("id", "starts_at", "ends_at", "item__name", "item__colour", "item__kind", "teacher__name", "room__name",
         "location__name", "places_taken", "capacity", "cancelled_at", "recurrence_id", "own")  # fmt: skip
# The words of a session's block without a place in the grid, a clock of its location, a mark or a number in words.
BARE = """{% for row in rows %}
<li class="hue-{{ row.item__colour }}" id="session-{{ row.id }}" aria-label="{{ row.item__name }}">
<a href="/x/{{ row.id }}/"><time>{{ row.starts_at|date:"H:i" }}</time> <b>{{ row.item__name }}</b>
<span>{{ row.teacher__name }} · {{ row.room__name }} · {{ row.location__name }}</span>
<span>{{ row.places_taken }} of {{ row.capacity }}</span></a>
<a href="/x/{{ row.id }}/edit/" aria-label="{{ row.item__name }}">edit</a></li>{% endfor %}"""


def week_of_many(in_process: InProcess, url: str) -> Iterator[Row]:
    """The whole page as a grid and as a list, and its queries."""
    zone = Location.objects.filter(studio__slug=SLUG)[0].tz
    start = datetime.combine(MONDAY, time(6), zone)
    with psycopg.connect(url) as db:
        # One every 19 minutes, round the clock: 500 in six days and a half.
        add_sessions(db, sessions=SESSIONS, start=start, step="19 minutes", past=False, people=1)
    template = engines["django"].from_string(BARE)

    def bare() -> None:
        week = ScheduledSession.objects.filter(starts_at__gte=start, starts_at__lt=start + timedelta(days=7))
        assert template.render({"rows": week.values(*FACTS)}).count("<li") == SESSIONS

    path = f"{reverse('bookings:schedule', args=[SLUG])}?location=all&week={week_word(MONDAY)}"
    for view in ("week", "list"):

        def page(path: str = f"{path}&view={view}") -> None:
            answer = in_process.get(path)
            assert answer.status_code == 200
            assert answer.content.count(b'id="session-') == SESSIONS

        times = side_by_side(10, page=page, bare=bare)
        ratio = times["page"] / times["bare"]
        figures = f"{ratio:.2f} ({milliseconds(times['page'])} to {milliseconds(times['bare'])})"
        what = f"schedule, {view} of {SESSIONS} sessions to a bare template of as many"
        yield Row(what, figures, f"<= {TIMES}.00", ratio <= TIMES)
        with CaptureQueriesContext(connection) as queries:
            page()
        yield Row(f"schedule, {view}: queries", f"{len(queries)}", f"<= {QUERIES}", len(queries) <= QUERIES)
