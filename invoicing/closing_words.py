"""The checklist before a month is invoiced, in words: each point with its number, where to settle it, what is named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.marketplaces import marketplaces
from bookings.words import day_and_clock
from invoicing.actions.closing import NotYet
from invoicing.plans.closing import Blocked
from invoicing.rules import Obstacle
from invoicing.selectors.closing import Checklist, Counted, Unticked, Window
from invoicing.words import OBSTACLE_WORDS
from marketplace.models import Conflict


@dataclass(frozen=True)
class Line:
    """Something that is named. `act`: what can be done about it there, in two or three words; "": only looked at."""

    words: str
    url: str = ""
    act: str = ""


@dataclass(frozen=True)
class Point:
    """One point of the list. `more`: so many that are not named. `blocks`: the month is not signed before."""

    key: str
    heading: str
    number: int
    text: str
    lines: list[Line] = field(default_factory=list)
    more: int = 0
    url: str = ""
    act: str = ""
    blocks: bool = False

    @property
    def is_done(self) -> bool:
        return not self.number


NOT_SIGNED: Mapping[NotYet, Promise] = {
    NotYet.NOT_OVER: gettext_lazy("Not signed: the month is not over yet at every location. Nothing was changed."),
    NotYet.ISSUED: gettext_lazy(
        "Nothing was changed: the month is issued. What changes now becomes a line on the next invoice."
    ),
    NotYet.NO_CLAUSE: gettext_lazy(
        "Not signed: some visits have no terms of a contract, so nobody can say what they are worth. They are named"
        " below; write the terms down first."
    ),
}

# These the operator mends, or time does.
_NOT_OURS = {Obstacle.NO_PAYER, Obstacle.EARLIER_MONTH}


def points(found: Checklist, in_the_way: list[Blocked], studio: str) -> list[Point]:
    """In the order in which they are settled. `studio`: its word in addresses."""
    return [
        _unticked(found, studio),
        _conflicts(found, studio),
        _unmatched(found, studio),
        _unclaused(found, studio),
        _blocked(in_the_way, studio),
    ]


def window_words(window: Window) -> str:
    """ "Centrum: until Thu 3 Dec, 22:00"."""
    words = {"location": window.location.name, "moment": day_and_clock(window.until, window.location)}
    if window.is_open:
        return _("%(location)s: until %(moment)s") % words
    return _("%(location)s: over since %(moment)s") % words


def _unticked(found: Checklist, studio: str) -> Point:
    one = found.unticked
    text = ngettext(
        "%(number)d guest of a marketplace was booked, and nobody said whether they were here. Without an answer it is"
        " billed as a no-show.",
        "%(number)d guests of marketplaces were booked, and nobody said whether they were here. Without an answer they"
        " are billed as no-shows.",
        one.number,
    ) % {"number": one.number}
    late = ngettext(
        "For %(number)d other it is too late: the no-show stays.",
        "For %(number)d others it is too late: the no-shows stay.",
        found.too_late,
    ) % {"number": found.too_late}
    done = _("Nobody is left of whom the desk could still say whether they were here.")
    return Point(
        "unticked",
        _("No check-in, not answered"),
        one.number,
        f"{text if one.number else done} {late if found.too_late else ''}".strip(),
        [_unticked_line(each, studio) for each in one.named],
        one.number - sum(each.number for each in one.named),
        url=marketplaces().at_risk_url(studio),
        act=_("Money at risk"),
    )


def _unticked_line(one: Unticked, studio: str) -> Line:
    session = one.session
    words = ngettext(
        "%(class)s, %(moment)s, %(location)s: %(number)d guest, until %(until)s",
        "%(class)s, %(moment)s, %(location)s: %(number)d guests, until %(until)s",
        one.number,
    ) % {
        "class": session.item.name,
        "moment": day_and_clock(session.starts_at, session.location),
        "location": session.location.name,
        "number": one.number,
        "until": day_and_clock(one.until, session.location),
    }
    return Line(words, reverse("bookings:session", args=[studio, session.pk]), _("Were they here?"))


def _conflicts(found: Checklist, studio: str) -> Point:
    number = found.conflicts.number
    text = ngettext(
        "In %(number)d case the marketplace and the studio say different things about a visit.",
        "In %(number)d cases the marketplace and the studio say different things about a visit.",
        number,
    ) % {"number": number}
    return Point(
        "conflicts",
        _("Conflicts"),
        number,
        text if number else _("Both sides say the same of every visit."),
        [Line(_conflict_words(one)) for one in found.conflicts.named],
        _more(found.conflicts),
        url=marketplaces().at_risk_url(studio),
        act=_("Decide"),
    )


def _conflict_words(conflict: Conflict) -> str:
    session = (conflict.visit.session if conflict.visit else None) or conflict.session
    guest = conflict.guest or (conflict.visit.guest if conflict.visit else None)
    parts = [str(guest.member) if guest else "", session.item.name if session else ""]
    who = ", ".join(part for part in parts if part)
    words = {"marketplace": conflict.connection.marketplace.name, "kind": conflict.get_kind_display(), "who": who}
    return (_("%(marketplace)s, %(who)s: %(kind)s") if who else _("%(marketplace)s: %(kind)s")) % words


def _unmatched(found: Checklist, studio: str) -> Point:
    """Check-ins without a booking, guests who look like somebody else here, guests without a name."""
    number = found.unmatched.number + found.duplicates.number + found.nameless.number
    queue = reverse("bookings:member_duplicates", args=[studio])
    lines = [
        Line(_conflict_words(one), marketplaces().at_risk_url(studio), _("Decide")) for one in found.unmatched.named
    ]
    lines += [
        Line(_("%(one)s and %(other)s: %(reason)s") % _pair(one), queue, _("One person?"))
        for one in found.duplicates.named
    ]
    lines += [
        Line(
            _("%(marketplace)s, %(number)s: the guest has no name")
            % {"marketplace": one.connection.marketplace.name, "number": one.external_id},
            reverse("bookings:member", args=[studio, one.member_id]),
            _("Profile"),
        )
        for one in found.nameless.named
    ]
    text = ngettext(
        "%(number)d person is not told apart: a check-in without a booking, somebody who may be in the list twice, or a"
        " guest without a name.",
        "%(number)d people are not told apart: check-ins without a booking, who may be in the list twice, or guests"
        " without a name.",
        number,
    ) % {"number": number}
    done = _("Each guest is one member here, and each check-in has its booking.")
    more = _more(found.unmatched) + _more(found.duplicates) + _more(found.nameless)
    return Point("unmatched", _("Unmatched people"), number, text if number else done, lines, more)


def _pair(one: object) -> dict[str, str]:
    pair: Any = one
    return {"one": str(pair.one), "other": str(pair.other), "reason": pair.get_reason_display()}


def _unclaused(found: Checklist, studio: str) -> Point:
    number = found.unclaused.number
    text = ngettext(
        "No terms of a contract hold on the day of %(number)d visit, so nobody can say what it is worth. The month"
        " cannot be signed before.",
        "No terms of a contract hold on the days of %(number)d visits, so nobody can say what they are worth. The month"
        " cannot be signed before.",
        number,
    ) % {"number": number}
    lines = [
        Line(
            _("%(marketplace)s: %(member)s, %(class)s, %(moment)s")
            % {
                "marketplace": one.marketplace,
                "member": one.member,
                "class": one.class_name,
                "moment": day_and_clock(one.starts_at, one.location),
            },
            reverse("bookings:session", args=[studio, one.session]),
            _("Class"),
        )
        for one in found.unclaused.named
    ]
    return Point(
        "unclaused",
        _("Visits without a contract rule"),
        number,
        text if number else _("Each visit is covered by terms of a contract."),
        lines,
        _more(found.unclaused),
        url=reverse("marketplace:marketplaces", args=[studio]),
        act=_("Write the terms down"),
        blocks=True,
    )


def _blocked(found: list[Blocked], studio: str) -> Point:
    settings = reverse("invoicing:settings", args=[studio])
    lines = [
        Line(
            f"{one.contract.connection.marketplace.name}: {OBSTACLE_WORDS[obstacle]}",
            "" if obstacle in _NOT_OURS else settings,
            "" if obstacle in _NOT_OURS else _("Settings"),
        )
        for one in found
        for obstacle in one.obstacles
    ]
    text = _("Without this the invoice is not issued on the 5th; it is tried again each day.")
    done = _("Everything that an invoice has to state is there.")
    return Point("blocked", _("What an invoice needs"), len(lines), text if lines else done, lines)


def _more(counted: Counted) -> int:
    return counted.number - len(counted.named)
