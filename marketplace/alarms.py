"""The banner of a late sync, for those who can do something about it (I5)."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.late_words import late_because, late_headline
from marketplace.selectors.late import classes_affected, sync_standings
from portal.access import locations_for
from portal.alarms import Alarm
from portal.models import StaffLogin
from portal.roles import Right


def late_connections(login: StaffLogin, now: datetime) -> Iterator[Alarm]:
    """Judged as the page is opened, so that it is told even while no worker runs. One query while all are on time."""
    if Right.MANAGE_CONNECTIONS not in login.rights:
        return
    late = [one for one in sync_standings(login.studio, now=now) if one.lateness.is_late]
    places = locations_for(login) if late else []
    for one in late:
        affected = classes_affected(one.connection, now=now)
        said = [f"{late_headline(one.connection, one.lateness, affected)}."]
        if places:
            said.append(late_because(one.connection, one.lateness, places[0]))
        said.append(_("Nothing is lost: bookings of theirs are still checked here, and what waits is sent by itself."))
        url = reverse("marketplace:log", args=[login.studio.slug, one.connection.marketplace_id])
        yield Alarm(text=" ".join(said), url=url, action=_("Look at the log"))
