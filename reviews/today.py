"""What the home page says of reviews: those that wait for a reply, and how the studio is rated."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.locations import everywhere
from portal.models import Location, StaffLogin
from portal.roles import Right
from portal.today.registry import NEEDS, Card
from reviews.models import Review
from reviews.rules import LOW
from reviews.selectors.overall import at

# Of older ones nobody needs to be reminded every day; they stay in the list.
REMEMBERED = timedelta(days=90)


def unanswered(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> list[Card]:
    """How many reviews of the last 90 days have no reply, and how many of them are of 3 or less. One query."""
    if Right.ANSWER_REVIEWS not in login.rights:
        return []
    waiting = at(Review.objects.filter(studio=login.studio_id).unanswered(), locations)
    waiting = waiting.filter(written_at__gt=now - REMEMBERED).order_by()
    found = waiting.aggregate(all=Count("id"), low=Count("id", filter=Q(score__lte=LOW)))
    if not found["all"]:
        return []
    note = _("Of the last 90 days.")
    if found["low"]:
        note = ngettext("%(number)s of them is of 3 or less.", "%(number)s of them are of 3 or less.", found["low"]) % {
            "number": found["low"]
        }
    page = reverse("reviews:reviews", args=[login.studio.slug])
    return [
        Card(
            word="reviews_unanswered",
            title=_("Reviews without a reply"),
            value=str(found["all"]),
            note=note,
            url=f"{page}?{urlencode(everywhere(locations) | {'unanswered': '1', 'days': '90'})}",
            kind="warning" if found["low"] else "",
            group=NEEDS,
        )
    ]
