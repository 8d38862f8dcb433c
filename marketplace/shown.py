"""What the screens of bookings show of marketplaces: the answers to what `bookings.marketplaces` asks."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings import marketplaces as asked
from bookings.invoices import Settled
from bookings.marketplaces import Outlet, Seen, SpecialPass
from bookings.models import CalendarItem, ScheduledSession
from bookings.sources import NAMES
from bookings.words import clock, day_and_clock
from marketplace.models import Connection, Marketplace
from marketplace.rules import Question, Stand
from marketplace.selectors import passes
from marketplace.selectors import seen as selectors
from marketplace.selectors.seen import Sight
from marketplace.words import because_words, why_not
from portal.models import Location, Member


class Answers(asked.Marketplaces):
    """Queries here, words too; what is shown where is decided by the screens."""

    def is_connected(self, studio_id: int) -> bool:
        return Connection.objects.filter(studio=studio_id).exists()

    def seen(self, sessions: Collection[ScheduledSession], *, now: datetime) -> dict[int, list[Seen]]:
        found = {one.pk: one for one in sessions}
        if not found:
            return {}
        studio_id = next(iter(found.values())).studio_id
        return {
            key: [_seen(sight, found[key], now=now) for sight in sights]
            for key, sights in selectors.sights(studio_id, sessions, now=now).items()
        }

    def outlets(self, studio_id: int, item: CalendarItem | None, *, now: datetime) -> list[Outlet]:
        found = []
        for window in selectors.windows(studio_id):
            labels = dict(CalendarItem.Kind.choices)
            kinds = get_text_list([str(labels[kind]) for kind in window.connection.kinds if kind in labels], _("and"))
            if item is None:
                found.append(Outlet(window.name, kinds))
                continue
            publication = selectors.as_such(window, item, now=now)
            goes = publication.stand is Stand.SELLING
            found.append(Outlet(window.name, kinds, goes, why_not(publication, tz=item.location.tz)))
        return found

    def passes(self, member: Member, locations: Collection[Location], *, now: datetime) -> list[SpecialPass]:
        return [
            SpecialPass(
                name=one.name,
                class_name=one.reservation.session.item.name,
                moment=day_and_clock(one.reservation.starts_at, one.reservation.location),
                is_open=one.is_open,
                reservation=one.reservation.pk,
                settled=Settled(one.settled.settlement, because_words(one.settled, one.name, one.reservation.location)),
            )
            for one in passes.passes_of(member, locations, now=now)
        ]

    def at_risk_url(self, studio: str, *, session: int | None = None, location: str = "") -> str:
        asked = {"session": session, "location": location}
        given = urlencode({word: value for word, value in asked.items() if value})
        return f"{reverse('marketplace:at_risk', args=[studio])}?{given}"


def _seen(sight: Sight, session: ScheduledSession, *, now: datetime) -> Seen:
    """One line. What the marketplace was told stands before why it sells nothing."""
    name, listing, place = sight.window.name, sight.listing, session.location
    reason = why_not(sight.publication, tz=place.tz)
    is_behind = selectors.is_told_otherwise(sight, session)
    if listing is None or not listing.is_there or listing.shown_start is None or listing.told_at is None:
        return Seen(name, _not_seen(sight, reason), is_behind=is_behind)
    begins = clock(listing.shown_start, place)
    if place.local_day(listing.shown_start) != place.local_day(session.starts_at):
        begins = day_and_clock(listing.shown_start, place)
    words = {"marketplace": name, "begins": begins}
    ago = ago_words(listing.told_at, place, now=now)
    if listing.stand != Stand.SELLING:
        told = _("%(marketplace)s sees %(begins)s, no places") % words
        return Seen(name, f"{told}. {reason}".strip(), ago, is_behind=is_behind)
    if listing.shown_free is None:
        told = _("%(marketplace)s sees %(begins)s, places not limited") % words
    else:
        told = ngettext(
            "%(marketplace)s sees %(begins)s, %(free)d free",
            "%(marketplace)s sees %(begins)s, %(free)d free",
            listing.shown_free,
        ) % (words | {"free": listing.shown_free})
    begun = sight.publication.reason is Question.BEGUN
    return Seen(name, told if begun or not reason else f"{told}. {reason}", ago, is_sold=True, is_behind=is_behind)


def _not_seen(sight: Sight, reason: str) -> str:
    words = {"marketplace": sight.window.name, "reason": reason}
    if reason:
        return _("%(marketplace)s does not show it. %(reason)s") % words
    if sight.listing is not None and sight.listing.refused_marks:
        words["reason"] = sight.listing.answer
        return _("%(marketplace)s has refused it: %(reason)s") % words
    return _("%(marketplace)s is being told of it.") % words


def ago_words(moment: datetime, place: Location, *, now: datetime) -> str:
    """ "just now", "2 min ago", "3 h ago", then the moment itself."""
    past = now - moment
    if past < timedelta(minutes=1):
        return _("just now")
    minutes = int(past.total_seconds()) // 60
    if minutes < 60:
        return ngettext("%(number)d min ago", "%(number)d min ago", minutes) % {"number": minutes}
    if minutes < 60 * 24:
        return ngettext("%(number)d h ago", "%(number)d h ago", minutes // 60) % {"number": minutes // 60}
    return day_and_clock(moment, place)


def names() -> dict[str, str]:
    return dict(Marketplace.objects.values_list("key", "name"))


@receiver(post_save, sender=Marketplace, dispatch_uid="marketplace.names")
def marketplace_named(instance: Marketplace, **kwargs: Any) -> None:
    """So that the operator who renames one sees it at once."""
    NAMES.learn(instance.key, instance.name)


NAMES.ask_by(names)
asked.register(Answers())
