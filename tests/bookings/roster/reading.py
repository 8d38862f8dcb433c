"""How the tests of the roster open it and read what it says."""

from typing import Any

from django.test import Client

from bookings.models import ScheduledSession
from tests.bookings.check_ins.counter import rows, words


def address(session: ScheduledSession, rest: str = "") -> str:
    return f"/{session.studio.slug}/sessions/{session.pk}/{rest}"


def roster(client: Client, session: ScheduledSession, **query: Any) -> str:
    response = client.get(address(session), query)
    assert response.status_code == 200
    return response.content.decode()


def names(html: str) -> list[str]:
    return list(rows(html))


def part(html: str, identity: str) -> str:
    """The words of the element with this id, up to the next one that has an id of the page's parts."""
    start = html.index(f'id="{identity}"')
    ends = [html.find(mark, start + 1) for mark in ("</section>", "</nav>", "</footer>", "</header>")]
    return words(html[html.index(">", start) + 1 : min(end for end in ends if end > 0)])
