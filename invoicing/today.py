"""What the home page says of invoices: the month to close, the next dates, lines of statements without an answer."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.words import day_and_clock
from invoicing import rules
from invoicing.rules.payouts import payout_on
from invoicing.selectors.parties import holidays_of
from invoicing.selectors.today import standing, unanswered
from invoicing.words import month_words
from packages.words import day_words
from portal.models import Location, StaffLogin
from portal.roles import Right
from portal.today.registry import DATES, Card, register


def _may_see(login: StaffLogin) -> bool:
    """Invoices are of the whole studio: who is pinned to locations finds none."""
    pinned = login.locations.exists() if login.is_pinned is None else login.is_pinned
    return Right.SEE_MONEY in login.rights and not pinned


def to_close(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """The month before this one, until it is signed or issued (N8). One query."""
    if not locations or not _may_see(login):
        return
    month = rules.month_before(rules.month_of(locations[0].local_day(now)))
    found = standing(login.studio, month, rules.next_month(month))
    if not found.bills or found.is_signed or found.is_issued:
        return
    issued = day_and_clock(rules.issue_at(month, locations[0].tz), locations[0])
    note = _("Look what is open and sign it; its invoices are issued %(moment)s.") % {"moment": issued}
    if now >= rules.issue_at(month, locations[0].tz):
        note = _("Its invoices should be there since %(moment)s. Look what keeps them.") % {"moment": issued}
    url = reverse("invoicing:close", args=[login.studio.slug, month])
    yield Card("close", _("Month to close"), month_words(month), note, url)


def dates(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """When the month can no longer be corrected, its invoices appear, the money comes (Q30). Three queries."""
    if not locations or not _may_see(login):
        return
    place, today = locations[0], locations[0].local_day(now)
    this = rules.month_of(today)
    before = rules.month_before(this)
    if not standing(login.studio, before, rules.next_month(this)).bills:
        return
    invoices = reverse("invoicing:invoices", args=[login.studio.slug])
    month = before if now < rules.closes_at(before, place.tz) else this
    last = place.local_day(rules.closes_at(month, place.tz) - timedelta(microseconds=1))  # it closes at midnight
    close_url = reverse("invoicing:close", args=[login.studio.slug, month])
    yield _date("closes", _("%(month)s closes"), month, last, day_words(last), close_url)
    month = before if now < rules.issue_at(before, place.tz) else this
    issued = rules.issue_at(month, place.tz)
    yield _date(
        "issued", _("Invoice of %(month)s"), month, place.local_day(issued), day_and_clock(issued, place), invoices
    )
    where = holidays_of(login.studio_id)
    month = before if today <= payout_on(before, *where) else this
    paid_on = payout_on(month, *where)
    about = _("around %(day)s") % {"day": day_words(paid_on)}
    yield _date("payout", _("Payout of %(month)s"), month, paid_on, about, invoices)


def _date(word: str, title: str, month: date, on: date, value: str, url: str) -> Card:
    name = date_format(month, "F")
    return Card(word, title % {"month": name}, value, url=url, group=DATES, on=on)


def statements(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """Lines of marketplaces' statements that differ and that nobody accepted or claimed (X2). One query."""
    if not _may_see(login):
        return
    found = unanswered(login.studio)
    if not found:
        return
    number, newest = sum(lines for _statement, lines in found), found[0][0]
    one = reverse("invoicing:statement", args=[login.studio.slug, newest.pk])
    note = ngettext(
        "%(marketplace)s states one visit otherwise than you have it. Accept or claim it.",
        "%(marketplace)s states visits otherwise than you have them. Accept or claim them.",
        number,
    ) % {"marketplace": newest.connection.marketplace.name}
    url = one if len(found) == 1 else reverse("invoicing:statements", args=[login.studio.slug])
    yield Card("statements", _("Lines of statements without an answer"), str(number), note, url, "warning")


def register_today() -> None:
    register(to_close, place=60)
    register(dates, place=10)
    register(statements, place=55)
