"""The mail about a late sync, as a job sends it: the rows are read as they are when it goes out."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.dateparse import parse_datetime

from marketplace.late_words import late_because, late_headline
from marketplace.models import Connection
from marketplace.selectors.late import classes_affected, sync_standing_of, with_facts
from portal import mail
from portal.access import locations_for
from portal.models import Job, StaffLogin
from portal.roles import Right


def send_late(job: Job, *, now: datetime) -> None:
    """Unless it is on time again, this is another outage, or the person may not do anything about it any more."""
    found = with_facts(Connection.objects.filter(pk=job.payload["connection"])).first()
    login = StaffLogin.objects.select_related("user", "studio").filter(pk=job.payload["login"], is_active=True).first()
    if found is None or login is None or found.late_at != parse_datetime(job.payload["late_at"]):
        return
    late = sync_standing_of(found, now=now).lateness
    if not late.is_late or Right.MANAGE_CONNECTIONS not in login.rights or not login.user.is_active:
        return
    place = next(iter(locations_for(login)), None)
    with translation.override(found.studio.language):
        context = {
            "name": login.user.get_short_name(),
            "headline": late_headline(found, late, classes_affected(found, now=now)),
            "because": late_because(found, late, place) if place else "",
            "marketplace": found.marketplace.name,
            "link": settings.SITE_URL + reverse("marketplace:log", args=[found.studio.slug, found.marketplace_id]),
        }
    mail.send(job, to=login.user.email, studio=found.studio, template="marketplace/mail/late.txt", context=context)
