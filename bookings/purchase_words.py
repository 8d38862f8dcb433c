"""Every word about purchases: which one is used, whether a visit counts, why, and what cannot be done (K2-K8)."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.models import Reservation
from bookings.selectors.wallet import Balance
from bookings.sources import OWN, source_name
from bookings.words import clock, day_and_clock
from packages.actions import NotPossible, Reason
from packages.models import Hold, Purchase
from packages.rules import Count, CountQuestion, CountStep, PassedOver, Verdict
from packages.words import money_words
from portal.models import Location

PASSED_OVER: dict[PassedOver, Promise] = {
    PassedOver.OTHER_PACKAGE: gettext_lazy("not for this class"),
    PassedOver.REFUNDED: gettext_lazy("refunded"),
    PassedOver.ON_HOLD: gettext_lazy("on hold"),
    PassedOver.EXPIRED: gettext_lazy("expired"),
    PassedOver.USED_UP: gettext_lazy("used up"),
}
VERDICTS: dict[Verdict, Promise] = {
    Verdict.COUNTED: gettext_lazy("yes"),
    Verdict.NOT_COUNTED: gettext_lazy("no"),
    Verdict.NOT_YET: gettext_lazy("not yet"),
}
COUNT_QUESTIONS: dict[CountQuestion, Promise] = {
    CountQuestion.PURCHASE: gettext_lazy("Is there a purchase behind it?"),
    CountQuestion.CANCELLED: gettext_lazy("Was it cancelled?"),
    CountQuestion.LATE_CANCEL_USES: gettext_lazy("Late, and does a late cancellation use a session?"),
    CountQuestion.CHECKED_IN: gettext_lazy("Checked in?"),
    CountQuestion.SESSION_CANCELLED: gettext_lazy("Was the class cancelled?"),
    CountQuestion.NO_SHOW: gettext_lazy("Over without a check-in, or marked as no-show?"),
}
_REASONS: dict[Reason, Promise] = {
    Reason.ARCHIVED: gettext_lazy("This package is not on sale any more. Nothing was sold."),
    Reason.REFUNDED: gettext_lazy("This purchase was refunded on %(fact)s and stays as it is."),
    Reason.EXPIRED: gettext_lazy("This purchase was expired by hand on %(fact)s. Take that back first."),
    Reason.NOT_EXPIRED: gettext_lazy("This purchase was not expired by hand."),
    Reason.ON_HOLD: gettext_lazy("It is on hold from %(fact)s on already. Resume it first, or choose other days."),
    Reason.NOT_ON_HOLD: gettext_lazy("This purchase is not on hold."),
    Reason.ENDS_BEFORE_IT_BEGINS: gettext_lazy("The last day is before the first, %(fact)s."),
    Reason.UNLIMITED: gettext_lazy("This purchase is unlimited: there is nothing to add or to take away."),
    Reason.NOTHING_CHANGES: gettext_lazy("That is how it is already. Nothing was changed."),
    Reason.BELOW_USED: gettext_lazy("%(fact)s are used or planned: it cannot be good for fewer."),
    Reason.TOO_MANY: gettext_lazy("No purchase is good for more than %(fact)s uses."),
    Reason.MORE_THAN_PAID: gettext_lazy("It cost %(fact)s: no more than that can be refunded."),
    Reason.REASON_MISSING: gettext_lazy("Say why: the reason stands in the ledger."),
    Reason.IN_THE_FUTURE: gettext_lazy("A sale cannot lie in the future."),
    Reason.DELETED: gettext_lazy("This person was deleted. Nothing was sold."),
}


def day(moment: date | datetime, zone: ZoneInfo) -> str:
    """ "3 Nov 2026" in the reader's language; a moment by its day in this zone."""
    return date_format(moment.astimezone(zone) if isinstance(moment, datetime) else moment, _("j M Y"))


def purchase_words(purchase: Purchase, zone: ZoneInfo) -> str:
    """ "5 Pack, 3 Nov 2026". The package is joined."""
    return f"{purchase.package.name}, {day(purchase.purchased_at, zone)}"


def balance_words(balance: Balance) -> str:
    """ "4 of 5 used", or "4 used" of an unlimited one."""
    if balance.limit is None:
        return ngettext("%(used)d used", "%(used)d used", balance.used) % {"used": balance.used}
    return _("%(used)d of %(all)d used") % {"used": balance.used, "all": balance.limit}


def change_words(name: str, before: Balance, after: Balance) -> str:
    """ "5 Pack, 3 Nov 2026: 3 of 5 used, now 4 of 5 used"; what is planned where that is what changes."""
    if before.used != after.used or before.planned == after.planned:
        words = {"name": name, "before": balance_words(before), "after": balance_words(after)}
        return _("%(name)s: %(before)s, now %(after)s") % words
    words = {"name": name, "before": str(before.planned), "after": str(after.planned)}
    return _("%(name)s: %(before)s planned, now %(after)s planned") % words


def standing_words(purchase: Purchase, holds: list[Hold], balance: Balance, on: date, zone: ZoneInfo) -> list[str]:
    """What speaks against using it on that day, if anything."""
    words = []
    if purchase.refunded_at is not None:
        words.append(_("refunded on %(day)s") % {"day": day(purchase.refunded_at, zone)})
    words += [_("on hold since %(day)s") % {"day": day(hold.first_on, zone)} for hold in holds if hold.covers(on)]
    if purchase.expired_at is not None:
        words.append(_("expired by hand on %(day)s") % {"day": day(purchase.expired_at, zone)})
    elif purchase.expires_on is not None and purchase.expires_on < on:
        words.append(_("expired on %(day)s") % {"day": day(purchase.expires_on, zone)})
    if balance.free is not None and balance.free <= 0:
        words.append(str(PASSED_OVER[PassedOver.USED_UP]))
    return words


def pass_words(reservation: Reservation) -> str:
    """Whose pass pays, where a marketplace's does (Q21): "pass of OneFit"; else empty."""
    pays = reservation.purchase_id is None and not reservation.is_unpaid and reservation.source not in OWN
    return _("pass of %(marketplace)s") % {"marketplace": source_name(reservation.source)} if pays else ""


def count_because(count: Count, reservation: Reservation) -> str:
    """Why it counts, or does not, in a few words: the last question of the path."""
    last = count.path[-1]
    match last.question:
        case CountQuestion.PURCHASE:
            return _("unpaid") if reservation.is_unpaid else pass_words(reservation) or _("free")
        case CountQuestion.LATE_CANCEL_USES:
            return _("late cancellation uses a session") if last.answer else _("cancelled")
        case CountQuestion.CHECKED_IN:
            return _("checked in")
        case CountQuestion.SESSION_CANCELLED:
            return _("class cancelled")
        case _:
            return _("no-show") if last.answer else _("still to come")


def count_fact(step: CountStep, reservation: Reservation) -> str:
    """The fact behind an answer of the second tree; location and purchase are joined."""
    place = reservation.location
    match step.question, step.answer:
        case CountQuestion.PURCHASE, True if reservation.purchase is not None:
            return purchase_words(reservation.purchase, place.tz)
        case CountQuestion.PURCHASE, _:
            if market := pass_words(reservation):
                return capfirst(market)
            return _("Unpaid.") if reservation.is_unpaid else _("Free at booking.")
        case CountQuestion.LATE_CANCEL_USES, answer:
            return _late_cancel_fact(reservation, answer=answer)
        case CountQuestion.CHECKED_IN, True if step.fact is not None:
            return _("at %(time)s") % {"time": clock(step.fact, place)}
        case ((CountQuestion.CANCELLED | CountQuestion.SESSION_CANCELLED), True) if step.fact is not None:
            return day_and_clock(step.fact, place)
        case CountQuestion.NO_SHOW, True if reservation.attendance == Reservation.Attendance.NO_SHOW:
            return _("Marked as no-show.")
        case CountQuestion.NO_SHOW, answer if step.fact is not None:
            words = _("Over since %(moment)s.") if answer else _("Over only at %(moment)s.")
            return words % {"moment": day_and_clock(step.fact, place)}
    return ""


def _late_cancel_fact(reservation: Reservation, *, answer: bool) -> str:
    if answer:
        return _("Late, and the package says so.")
    if reservation.booking != Reservation.Booking.LATE_CANCELLED:
        return _("Cancelled in time.")
    if reservation.session.cancelled_at is not None:
        return _("Late, but the class was cancelled.")
    return _("Late, but this package does not count it.")


def not_possible_words(refused: NotPossible, zone: ZoneInfo, currency: str = "") -> str:
    match refused.fact:
        case Decimal() as amount:
            told = money_words(amount, currency)
        case date() as moment:
            told = day(moment, zone)
        case fact:
            told = "" if fact is None else str(fact)
    return str(_REASONS[refused.reason]) % {"fact": told}


def zone_of(places: list[Location]) -> ZoneInfo:
    """Where days of purchases are told: at the first location that the reader sees."""
    return places[0].tz if places else ZoneInfo("UTC")
