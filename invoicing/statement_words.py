"""What stands between a statement and our visits, in words: verdicts, reasons, a sentence for each line (X1, X2)."""

from collections.abc import Mapping
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from bookings.why import Said
from invoicing.models import StatementLine
from invoicing.rules import Because, Kind
from invoicing.rules.matching import By, Event, Fact, Reason, Verdict, explained
from invoicing.words import BECAUSE_WORDS, amount_words

VERDICT_WORDS: Mapping[Verdict, Promise] = {
    Verdict.MATCHED: pgettext_lazy("statement", "matched"),
    Verdict.OTHER_PRICE: gettext_lazy("other price"),
    Verdict.MISSING_THERE: gettext_lazy("missing there"),
    Verdict.MISSING_HERE: gettext_lazy("missing here"),
    Verdict.TWICE: gettext_lazy("listed twice"),
}

REASON_WORDS: Mapping[Reason, Promise] = {
    Reason.LISTED_TWICE: gettext_lazy("the same visit again"),
    Reason.CURRENCY: gettext_lazy("another currency"),
    Reason.FLAT_RATE: gettext_lazy("flat rate or fee"),
    Reason.CORRECTION: gettext_lazy("correction of an earlier month"),
    Reason.OTHER_MONTH: gettext_lazy("belongs to another month"),
    Reason.UNKNOWN_MEMBER: gettext_lazy("nobody whom we know"),
    Reason.NOT_BILLED: gettext_lazy("booked here, but not on this month's invoice"),
    Reason.NO_VISIT: gettext_lazy("no visit here at that time"),
    Reason.NOT_VALIDATED: gettext_lazy("no check-in there"),
    Reason.THEIR_CAP: gettext_lazy("their cap"),
    Reason.OUR_CAP: gettext_lazy("our cap"),
    Reason.REFILLED: gettext_lazy("late cancel, place refilled"),
    Reason.EVENT: gettext_lazy("they say something else happened"),
    Reason.NOT_PAYABLE: gettext_lazy("our contract pays nothing for it"),
    Reason.QUANTITY: gettext_lazy("several in one line"),
    Reason.TAX_INCLUDED: gettext_lazy("tax in one of the amounts"),
    Reason.ROUNDING: gettext_lazy("rounding"),
    Reason.STEP: gettext_lazy("another rate of the contract"),
    Reason.TIER: gettext_lazy("another tier or price list"),
    Reason.CORRECTED_SINCE: gettext_lazy("corrected here since the invoice"),
    Reason.UNREADABLE: gettext_lazy("on a line that could not be read"),
    Reason.TAKEN_BACK: gettext_lazy("taken back by them"),
    Reason.SAME_MONTH: gettext_lazy("correction within this month"),
    Reason.BOOKED_BEFORE: gettext_lazy("booked in another month"),
    Reason.UNEXPLAINED: gettext_lazy("no reason found"),
}

EVENT_WORDS: Mapping[Event, Promise] = {
    Event.VISIT: gettext_lazy("a visit, not said of what kind"),
    Event.CHECK_IN: gettext_lazy("check-in"),
    Event.NO_SHOW: gettext_lazy("no-show"),
    Event.LATE_CANCEL: gettext_lazy("late cancel"),
    Event.ADDITIONAL: gettext_lazy("additional workout"),
    Event.CORRECTION: gettext_lazy("correction"),
    Event.FLAT: gettext_lazy("flat rate or fee"),
    Event.NOTHING: gettext_lazy("cancelled"),
}
_KINDS: Mapping[str, Promise] = {
    Kind.CHECK_IN.value: gettext_lazy("check-in"),
    Kind.NO_SHOW.value: gettext_lazy("no-show"),
    Kind.LATE_CANCEL.value: gettext_lazy("late cancel"),
    Kind.ADDITIONAL.value: gettext_lazy("additional workout"),
    Kind.FLAT.value: gettext_lazy("flat rate"),
}

BY_WORDS: Mapping[By, Promise] = {
    By.BOOKING: gettext_lazy("by the booking number"),
    By.MEMBER: gettext_lazy("by the member and the day"),
    By.NAME: gettext_lazy("by the name and the day"),
    By.CLASS: gettext_lazy("by class and time"),
    By.FLAT: gettext_lazy("by being a flat rate"),
}

QUESTIONS: Mapping[Reason, Promise] = {
    Reason.LISTED_TWICE: gettext_lazy("Has another line this visit already?"),
    Reason.CURRENCY: gettext_lazy("Is it in another currency than the contract?"),
    Reason.FLAT_RATE: gettext_lazy("Is it a flat rate or a fee, not a visit?"),
    Reason.CORRECTION: gettext_lazy("Does it correct an earlier month?"),
    Reason.OTHER_MONTH: gettext_lazy("Does the day of the visit or of its booking lie in another month?"),
    Reason.UNKNOWN_MEMBER: gettext_lazy("Is it somebody whom we do not know, by number or by name?"),
    Reason.NOT_BILLED: gettext_lazy("Do we know the booking, but bill it in no way this month?"),
    Reason.NO_VISIT: gettext_lazy("Is there no visit here at that time?"),
    Reason.NOT_VALIDATED: gettext_lazy("Has the marketplace never confirmed a check-in?"),
    Reason.THEIR_CAP: gettext_lazy("Do they pay nothing for it?"),
    Reason.OUR_CAP: gettext_lazy("Is it beyond a cap of the contract, by our count?"),
    Reason.REFILLED: gettext_lazy("Is it a late cancel that they do not pay?"),
    Reason.EVENT: gettext_lazy("Do both sides say that something else happened?"),
    Reason.NOT_PAYABLE: gettext_lazy("Does the contract pay nothing for it, by our count?"),
    Reason.QUANTITY: gettext_lazy("Is it our price, several times?"),
    Reason.TAX_INCLUDED: gettext_lazy("Is one amount the other one with its tax?"),
    Reason.ROUNDING: gettext_lazy("Is it two cents or less?"),
    Reason.STEP: gettext_lazy("Is it another rate of the contract, a volume step perhaps?"),
    Reason.TIER: gettext_lazy("Is it a price that is in no version of the contract?"),
    Reason.CORRECTED_SINCE: gettext_lazy("Was it corrected here since the invoice, to what they state?"),
    Reason.UNREADABLE: gettext_lazy("Does a line that could not be read name it?"),
    Reason.TAKEN_BACK: gettext_lazy("Is their amount below zero?"),
    Reason.SAME_MONTH: gettext_lazy("Does it correct a visit of this month?"),
    Reason.BOOKED_BEFORE: gettext_lazy("Was it booked in another month?"),
}

_CORRECTED_SINCE = gettext_lazy("Corrected here since the invoice; it is on the next invoice.")
_TAKEN_BACK = gettext_lazy("They take it back: %(theirs)s.")

# With theirs, ours, their (what happened), our (what happened), why (our clause) and line (one that was refused).
_SENTENCES: Mapping[tuple[Verdict, Reason], Promise] = {
    (Verdict.TWICE, Reason.LISTED_TWICE): gettext_lazy(
        "This visit stands on another line already: %(theirs)s too much."
    ),
    **{(verdict, Reason.CORRECTED_SINCE): _CORRECTED_SINCE for verdict in Verdict},
    **{(verdict, Reason.TAKEN_BACK): _TAKEN_BACK for verdict in Verdict},
    (Verdict.MISSING_HERE, Reason.SAME_MONTH): gettext_lazy(
        "%(theirs)s to correct a visit of this month: add it to what its own line states."
    ),
    (Verdict.MISSING_THERE, Reason.UNREADABLE): gettext_lazy("It stands on line %(line)s, which could not be read."),
    (Verdict.MISSING_THERE, Reason.BOOKED_BEFORE): gettext_lazy(
        "Worth %(ours)s and not on it. It was booked in another month: they may count by the day of booking."
    ),
    (Verdict.MISSING_HERE, Reason.FLAT_RATE): gettext_lazy(
        "A flat amount of %(theirs)s that belongs to no visit. The contract here names none."
    ),
    (Verdict.MISSING_HERE, Reason.CORRECTION): gettext_lazy(
        "%(theirs)s for an earlier month: a correction of theirs. Compare it with that month's statement."
    ),
    (Verdict.MISSING_HERE, Reason.OTHER_MONTH): gettext_lazy(
        "A visit of another month by our clock: they may count by the day of booking or by another time zone."
    ),
    (Verdict.MISSING_HERE, Reason.NOT_BILLED): gettext_lazy(
        "We know this booking, and this month's invoice does not have it: it was cancelled in time, or changed since."
    ),
    (Verdict.MISSING_HERE, Reason.UNKNOWN_MEMBER): gettext_lazy(
        "Nobody here has this number or this name: perhaps another studio's guest, or a booking that never reached us."
    ),
    (Verdict.MISSING_HERE, Reason.NO_VISIT): gettext_lazy(
        "They pay %(theirs)s, and we have no visit of this person at that time."
    ),
    (Verdict.MISSING_THERE, Reason.FLAT_RATE): gettext_lazy("Our flat rate of %(ours)s is not on it."),
    (Verdict.MISSING_THERE, Reason.CORRECTION): gettext_lazy(
        "%(ours)s of an earlier month, on our invoice as an adjustment, are not on it."
    ),
    (Verdict.MISSING_THERE, Reason.REFILLED): gettext_lazy(
        "A late cancel worth %(ours)s is not on it: they may say that somebody else took the place."
    ),
    (Verdict.MISSING_THERE, Reason.EVENT): gettext_lazy(
        "A no-show by our records, worth %(ours)s, is not on it: they may not count it as one."
    ),
    (Verdict.MISSING_THERE, Reason.NOT_VALIDATED): gettext_lazy(
        "Checked in here, worth %(ours)s, but never confirmed there: without a check-in in the app they do not pay."
    ),
    (Verdict.MISSING_THERE, Reason.OTHER_MONTH): gettext_lazy(
        "Worth %(ours)s and not on it. It lies near the edge of the month: look at the statement beside this one."
    ),
    (Verdict.MISSING_THERE, Reason.UNEXPLAINED): gettext_lazy(
        "Worth %(ours)s and not on it. Nothing on our side explains that: ask for it."
    ),
    (Verdict.OTHER_PRICE, Reason.CURRENCY): gettext_lazy("They state it in another currency: %(theirs)s, we %(ours)s."),
    (Verdict.OTHER_PRICE, Reason.FLAT_RATE): gettext_lazy("Their flat rate is %(theirs)s, ours %(ours)s."),
    (Verdict.OTHER_PRICE, Reason.CORRECTION): gettext_lazy("Their correction is %(theirs)s, ours %(ours)s."),
    (Verdict.OTHER_PRICE, Reason.OUR_CAP): gettext_lazy("They pay %(theirs)s; by our count nothing is due: %(why)s."),
    (Verdict.OTHER_PRICE, Reason.EVENT): gettext_lazy(
        "They say %(their)s and pay %(theirs)s, we say %(our)s and expect %(ours)s."
    ),
    (Verdict.OTHER_PRICE, Reason.NOT_PAYABLE): gettext_lazy(
        "They pay %(theirs)s; by our contract nothing is due: %(why)s."
    ),
    (Verdict.OTHER_PRICE, Reason.REFILLED): gettext_lazy(
        "A late cancel at 0.00 instead of %(ours)s: they may say that somebody else took the place."
    ),
    (Verdict.OTHER_PRICE, Reason.THEIR_CAP): gettext_lazy(
        "They pay nothing instead of %(ours)s: beyond a cap of theirs, it seems, that our contract does not have."
    ),
    (Verdict.OTHER_PRICE, Reason.QUANTITY): gettext_lazy(
        "%(theirs)s for several at once; we have this one visit at %(ours)s."
    ),
    (Verdict.OTHER_PRICE, Reason.TAX_INCLUDED): gettext_lazy(
        "%(theirs)s against %(ours)s: the one is the other with its tax. Is it the net column?"
    ),
    (Verdict.OTHER_PRICE, Reason.ROUNDING): gettext_lazy("%(theirs)s against %(ours)s: rounded otherwise."),
    (Verdict.OTHER_PRICE, Reason.STEP): gettext_lazy(
        "They pay %(theirs)s, another rate of the contract; by our count it is %(ours)s."
    ),
    (Verdict.OTHER_PRICE, Reason.TIER): gettext_lazy(
        "They pay %(theirs)s instead of %(ours)s: a price that no version of the contract has. Another tier, it seems."
    ),
}


def money(amount: Decimal | None, currency: str) -> str:
    """What is not said is nothing."""
    return amount_words(amount or Decimal(0), currency)


def sentence(line: StatementLine, currency: str) -> str:
    """Why the line and our visit differ, with both amounts, in the reader's language; "" for what is matched."""
    if line.verdict == Verdict.MATCHED or not line.verdict:
        return ""
    words = _SENTENCES.get((Verdict(line.verdict), Reason(line.reason)))
    if words is None:
        return _("They say %(theirs)s, we say %(ours)s.") % _amounts(line, currency)
    return str(words) % _amounts(line, currency)


def _amounts(line: StatementLine, currency: str) -> dict[str, str]:
    because = line.our_because
    return {
        "theirs": money(line.theirs, line.currency or currency),
        "ours": money(line.ours, currency),
        "their": str(EVENT_WORDS[Event(line.event)]) if line.event else line.event_word,
        "our": our_words(line),
        "line": str(line.refused_line or ""),
        "why": str(BECAUSE_WORDS[Because(because)]) if because in set(Because) else "",
    }


def our_words(line: StatementLine) -> str:
    """What we say that happened."""
    return str(_KINDS.get(line.our_kind, line.our_kind))


def path_of(line: StatementLine) -> list[Said]:
    """The questions that led to the reason, the last one answered yes (X1)."""
    found = explained(Fact(line.facts))
    said = [Said(str(QUESTIONS[one.reason]), _("yes") if one.decided else _("no")) for one in found.path]
    if line.found_by:
        said.insert(0, Said(_("Which visit of ours is it?"), _("found"), str(BY_WORDS[By(line.found_by)])))
    return said


def about(line: StatementLine) -> str:
    """What the line itself says it is about: "FO-17 · Kim de Boer · Yoga · 2 Nov 2026"."""
    day = date_format(line.day, _("j M Y")) if line.day else line.period
    parts = [line.booking_ref, line.member_name or line.member_ref, line.class_name or line.product, day]
    return " · ".join(part for part in parts if part)
