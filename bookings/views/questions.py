"""After a class: "2 without a tick: were they here?", asked at the counter (X3)."""

from dataclasses import dataclass
from uuid import uuid4

from django.urls import reverse

from bookings.selectors.reception import Day, Person
from bookings.selectors.roster import unanswered_in
from bookings.words import clock
from portal.people import brief

# So many people are asked about at the counter; a class that nobody ticked is answered on its roster.
ASKED_HERE = 6


@dataclass(frozen=True)
class Asked:
    """One person without a tick, with what the two buttons need."""

    id: int
    name: str
    brief: str
    action_id: str


@dataclass(frozen=True)
class Unanswered:
    """An ended class in which somebody has no tick and nobody said why (X3)."""

    id: int
    name: str
    starts: str
    number: int
    url: str
    # Those who are asked about right here; of more people the roster asks.
    asked: list[Asked]


def unanswered_of(day: Day, *, studio: str) -> list[Unanswered]:
    """Today's ended classes with an open question, each with the people it is about."""
    open_ones = unanswered_in(day.meetings)
    return [
        Unanswered(
            id=meeting.id,
            name=meeting.session.item.name,
            starts=clock(meeting.session.starts_at, meeting.location),
            number=len(open_ones[meeting.id]),
            url=f"{reverse('bookings:session', args=[studio, meeting.id])}#question",
            asked=_asked(open_ones[meeting.id]) if len(open_ones[meeting.id]) <= ASKED_HERE else [],
        )
        for meeting in day.meetings
        if meeting.id in open_ones
    ]


def _asked(people: list[Person]) -> list[Asked]:
    return [Asked(one.id, one.name, brief(one.name), str(uuid4())) for one in people]
