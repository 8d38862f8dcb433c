"""The mail about a conflict, as a job sends it: the rows are read as they are when it goes out."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import translation

from bookings.words import day_and_clock
from marketplace.models import Guest
from marketplace.notices import CONFLICT
from marketplace.risk_words import conflict_words
from marketplace.selectors.at_risk import class_of, open_conflict
from portal.access import locations_for
from portal.models import Job
from portal.notices.telling import notify, reader

# Older ones (a demo's past, a machine that stood still for long) are no news: they stand on the page.
NEWS_FOR = timedelta(days=7)


def send_conflict(job: Job, *, now: datetime) -> None:
    """Unless it is settled by now, or none of this person's: at another location, of another's class."""
    login = reader(job.payload["login"])
    if login is None:
        return
    conflict = open_conflict(login, locations_for(login), job.payload["conflict"])
    if conflict is None or now - conflict.opened_at > NEWS_FOR:
        return
    session = class_of(conflict)
    guest: Guest | None = conflict.guest or (conflict.visit.guest if conflict.visit else None)
    with translation.override(login.mail_language):
        context = {
            "what": conflict_words(conflict, now=now),
            "marketplace": conflict.connection.marketplace.name,
            "item": session.item.name if session else "",
            "when": day_and_clock(session.starts_at, session.location) if session else "",
            "guest": str(guest.member) if guest else "",
        }
    path = reverse("marketplace:at_risk", args=[login.studio.slug])
    notify(
        job, login=login, kind=CONFLICT, template="marketplace/mail/conflict.txt", context=context, path=path, now=now
    )
