"""What the home page says of marketplaces: what waits for a person, what may not be paid, how the sync is doing."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.words import day_and_clock
from marketplace.health_words import slot_words, summary
from marketplace.late_words import late_because, span
from marketplace.models import Conflict, Connection
from marketplace.risk_words import time_left
from marketplace.selectors.at_risk import at_risk, conflicts
from marketplace.selectors.health import strips
from marketplace.selectors.late import SyncStanding, sync_standings
from packages.words import money_words
from portal.locations import everywhere
from portal.models import Location, StaffLogin
from portal.roles import Right
from portal.today.registry import HEALTH, Block, Card, register, register_block

# More are counted and added up by the database.
READ = 50


def disagreements(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """Conflicts, and check-ins of people who are booked nowhere (Q11). One query."""
    if Right.REVERT not in login.rights:
        return
    nobody = Q(kind=Conflict.Kind.CHECK_IN_WITHOUT_BOOKING)
    found = (
        conflicts(login, list(locations))
        .open()
        .order_by()
        .aggregate(unmatched=Count("pk", filter=nobody), others=Count("pk", filter=~nobody))
    )
    url = _url(login, locations)
    if found["others"]:
        yield Card(
            "conflicts",
            _("Conflicts"),
            str(found["others"]),
            ngettext(
                "A marketplace and the desk say different things about this visit. Say how it was.",
                "Marketplaces and the desk say different things about these visits. Say how it was.",
                found["others"],
            ),
            url,
            "warning",
        )
    if found["unmatched"]:
        yield Card(
            "unmatched",
            _("Check-ins without a booking"),
            str(found["unmatched"]),
            _("A marketplace reports people whom nobody booked. Say whether they were here."),
            url,
            "warning",
        )


def _url(login: StaffLogin, locations: Sequence[Location]) -> str:
    return f"{reverse('marketplace:at_risk', args=[login.studio.slug])}?{urlencode(everywhere(locations))}"


def risky(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """Visits of the last days that are not paid unless somebody acts, with their worth (X3). Two queries at most."""
    if Right.CHECK_IN not in login.rights or not locations:
        return
    found = at_risk(login, list(locations), now=now, most=READ)
    if not found.number:
        return
    parts = []
    if Right.SEE_MONEY in login.rights and found.sums:
        sums = ", ".join(money_words(amount, currency) for currency, amount in sorted(found.sums.items()))
        parts.append(_("%(sum)s will not be paid unless someone acts.") % {"sum": sums})
    if found.first_until is not None and found.lines:
        left = time_left(found.first_until, found.lines[0].reservation.location, now=now)
        parts.append(_("The first: %(left)s.") % {"left": left})
    url = _url(login, locations)
    yield Card("at_risk", _("Visits at risk"), str(found.number), " ".join(parts), url, "warning")


def health(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Block | None:
    """Each connection that is told something: its last sync, whether it is late, its last day. Two queries."""
    if Right.MANAGE_CONNECTIONS not in login.rights or not locations:
        return None
    standings = sync_standings(login.studio, now=now)
    if not standings:
        return None
    found = strips([one.connection for one in standings], now=now)
    place = locations[0]
    rows = [_row(login, one, found[one.connection.pk], place, now) for one in standings]
    return Block("marketplace/today.html", {"rows": rows})


def _row(
    login: StaffLogin, one: SyncStanding, strip: tuple[object, ...], place: Location, now: datetime
) -> dict[str, object]:
    connection, compared_at = one.connection, one.connection.compared_at  # type: ignore[attr-defined]
    paused = connection.state == Connection.State.PAUSED
    return {
        "name": connection.marketplace.name,
        "url": reverse("marketplace:log", args=[login.studio.slug, connection.marketplace_id]),
        "last": _("%(time)s ago") % {"time": span(now - compared_at)} if compared_at else _("none yet"),
        "moment": day_and_clock(compared_at, place) if compared_at else "",
        "is_late": one.lateness.is_late,
        "is_paused": paused,
        "late": late_because(connection, one.lateness, place) if one.lateness.is_late else "",
        "strip": [(each, slot_words(each, place)) for each in strip],  # type: ignore[arg-type]
        "summary": summary(strip, place),  # type: ignore[arg-type]
    }


def register_today() -> None:
    register(disagreements, place=10)
    register(risky, place=20)
    register_block(health, group=HEALTH, place=10)
