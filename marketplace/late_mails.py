"""The mail about a late sync, as a job sends it: the rows are read as they are when it goes out."""

from datetime import datetime

from django.urls import reverse
from django.utils import translation
from django.utils.dateparse import parse_datetime

from marketplace.late_words import late_because, late_headline
from marketplace.models import Connection
from marketplace.notices import LATE
from marketplace.selectors.late import classes_affected, sync_standing_of, with_facts
from portal.access import locations_for
from portal.models import Job
from portal.notices.telling import notify, reader


def send_late(job: Job, *, now: datetime) -> None:
    """Unless it is on time again, this is another outage, or the person may not do anything about it any more."""
    found = with_facts(Connection.objects.filter(pk=job.payload["connection"])).first()
    login = reader(job.payload["login"])
    if found is None or login is None or found.late_at != parse_datetime(job.payload["late_at"]):
        return
    late = sync_standing_of(found, now=now).lateness
    if not late.is_late:
        return
    place = next(iter(locations_for(login)), None)
    with translation.override(login.mail_language):
        context = {
            "headline": late_headline(found, late, classes_affected(found, now=now)),
            "because": late_because(found, late, place) if place else "",
            "marketplace": found.marketplace.name,
        }
    path = reverse("marketplace:log", args=[found.studio.slug, found.marketplace_id])
    notify(job, login=login, kind=LATE, template="marketplace/mail/late.txt", context=context, path=path)
