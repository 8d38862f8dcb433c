"""Which column of a statement is which of ours, and what of it has to be asked: names, marks, dates, words, month."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.utils.translation import gettext_noop as _

from invoicing.rules.amounts import mark_of
from invoicing.rules.matching import Event
from portal.imports.dates import NotADate, Order, needs_order, order_of, read_day
from portal.imports.kinds import Target
from portal.imports.mapping import plain

AMOUNTS = ("net", "gross", "tax", "unit", "adjustment")
NUMBERS = (*AMOUNTS, "quantity")

TARGETS: Sequence[Target] = (
    Target("booking", _("booking number"), (
        "booking_ref", "booking id", "booking", "reservation id", "visit id", "check-in id", "reference", "referenz",
        "buchungsnummer", "buchungs-id", "buchung", "reservierungsnummer", "boekingsnummer", "boeking", "boekings-id",
        "reserveringsnummer",
    )),
    Target("member", _("member's number there"), (
        "member_ref", "member id", "member number", "customer id", "user id", "exerciser id", "mitgliedsnummer",
        "mitglieds-id", "kundennummer", "nutzer-id", "lidnummer", "lid-id", "klantnummer",
    )),
    Target("name", _("member's name"), (
        "member_name", "member", "name", "full name", "customer", "user", "mitglied", "kunde", "teilnehmer", "lid",
        "naam", "klant", "deelnemer",
    )),
    Target("starts_at", _("date, or date and time"), (
        "starts_at_local", "starts at", "start", "date and time", "visit date", "check-in date", "check-in time",
        "date", "datum", "beginn", "datum und uhrzeit", "besuchsdatum", "datum en tijd", "bezoekdatum", "begin",
    )),
    Target("clock", _("time, if it has its own column"), (
        "time", "start time", "uhrzeit", "zeit", "startzeit", "tijd", "starttijd",
    )),
    Target("class", _("class"), (
        "class_name", "class", "course", "activity", "kurs", "kursname", "angebot", "les", "lesnaam", "activiteit",
    )),
    Target("location", _("location there"), (
        "location_ref", "location id", "location", "venue", "site", "standort", "standort-id", "filiale", "locatie",
        "vestiging",
    )),
    Target("event", _("what happened"), (
        "event", "type", "status", "visit type", "art", "ereignis", "besuchsart", "soort", "gebeurtenis",
    )),
    Target("net", _("amount, net"), (
        "net", "net amount", "amount net", "payout", "amount", "total", "netto", "nettobetrag", "betrag netto",
        "auszahlung", "betrag", "nettobedrag", "bedrag", "uitbetaling", "vergoeding",
    )),
    Target("gross", _("amount, gross"), (
        "gross", "gross amount", "amount gross", "brutto", "bruttobetrag", "bruto", "brutobedrag",
    )),
    Target("tax", _("tax"), (
        "tax", "vat", "vat amount", "tax amount", "mwst", "ust", "umsatzsteuer", "steuer", "btw", "btw-bedrag",
    )),
    Target("unit", _("price of one"), (
        "unit_amount", "unit price", "price", "rate", "einzelpreis", "preis", "satz", "stukprijs", "prijs", "tarief",
    )),
    Target("quantity", _("quantity"), ("quantity", "qty", "count", "menge", "anzahl", "aantal")),
    Target("adjustment", _("adjustment"), (
        "adjustment", "discount", "deduction", "korrektur", "abzug", "rabatt", "correctie", "aftrek", "korting",
    )),
    Target("currency", _("currency"), ("currency", "währung", "waehrung", "valuta", "munt")),
    Target("product", _("product or plan"), (
        "product", "plan", "tier", "membership", "produkt", "tarif", "mitgliedschaft", "abonnement",
    )),
    Target("period", _("month of the statement"), (
        "statement_period", "period", "month", "billing period", "zeitraum", "abrechnungszeitraum", "monat",
        "periode", "maand",
    )),
)  # fmt: skip

_WORDS: Mapping[Event, tuple[str, ...]] = {
    Event.CHECK_IN: (
        "check_in", "checkin", "checked in", "attended", "visit", "visited", "present", "show", "besuch",
        "teilgenommen", "eingecheckt", "anwesend", "bezoek", "ingecheckt", "aanwezig", "bezocht",
    ),
    Event.NO_SHOW: (
        "no_show", "noshow", "missed", "absent", "nicht erschienen", "abwesend", "niet verschenen", "niet gekomen",
        "afwezig",
    ),
    Event.LATE_CANCEL: (
        "late_cancel", "late cancellation", "cancelled late", "late cancelled", "spät storniert", "späte absage",
        "spätstornierung", "te laat geannuleerd", "laat geannuleerd", "late annulering",
    ),
    Event.ADDITIONAL: (
        "additional", "additional workout", "extra visit", "zusätzlich", "zusätzliches training", "extra",
        "extra training", "extra bezoek",
    ),
    Event.CORRECTION: (
        "correction", "adjustment", "korrektur", "gutschrift", "nachberechnung", "correctie", "verrekening", "refund",
    ),
    Event.FLAT: (
        "flat", "flat rate", "flat fee", "fee", "pauschale", "monatspauschale", "gebühr", "vast bedrag",
        "vaste vergoeding", "maandbedrag", "kosten",
    ),
}  # fmt: skip
KNOWN_WORDS: Mapping[str, Event] = {plain(word): event for event, words in _WORDS.items() for word in words}
# What stands before the sum of a table.
TOTALS = frozenset(
    plain(word)
    for word in ("total", "sum", "grand total", "subtotal", "summe", "gesamt", "zwischensumme", "totaal", "subtotaal")
)

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar januari jan", "february februar februari feb", "march märz maart mrt mar mär",
            "april apr", "may mai mei", "june juni jun", "july juli jul", "august augustus aug",
            "september sep sept", "october oktober okt oct", "november nov", "december dezember dec dez",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip

_DAY_OF_MONTH = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/. ]\s*(20\d\d)\b")


def event_of(word: str, learnt: Mapping[str, str]) -> Event | None:
    """What a word of theirs means: as a person said, else as its language has it; None: nobody knows.

    No word at all is a visit.
    """
    if not word.strip():
        return Event.VISIT
    key = plain(word)
    return Event(learnt[key]) if key in learnt else KNOWN_WORDS.get(key)


def ambiguous(columns: Mapping[str, str], sample: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What a person must say about these columns, and the texts that leave it open: a column of numbers whose decimal
    mark is open, by its name in `columns`; "order" for dates."""
    asked = {}
    for target in NUMBERS:
        texts = sample.get(columns.get(target, ""), ())
        if texts and mark_of(texts) is None:
            asked[target] = [text for text in dict.fromkeys(texts) if re.search(r"[.,]", text)][:3]
    days = sample.get(columns.get("starts_at", ""), ())
    if days and needs_order(days) and order_of(days) is None:
        asked["order"] = [text for text in dict.fromkeys(days) if text][:3]
    return asked


def detected(columns: Mapping[str, str], sample: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The answers that the file gives itself: the decimal mark of each column of numbers, the order of its dates."""
    found = {
        target: mark
        for target in NUMBERS
        if target in columns and (mark := mark_of(sample.get(columns[target], ()))) is not None
    }
    order = order_of(sample.get(columns.get("starts_at", ""), ()))
    return found | ({"order": order.value} if order else {})


def month_in(text: str, order: str = Order.DAY) -> date | None:
    """ "2026-11", "11/2026", "November 2026", "2026-11-01 - 2026-11-30": the first day of that month.

    `order`: of dates like 10/01/2026; None too where it is asked for and neither it nor the text tells.
    """
    text = text.strip().casefold()
    if match := re.match(r"(20\d\d)[-/.]?(\d\d)(?!\d)", text):
        year, month = int(match[1]), int(match[2])
    elif match := _DAY_OF_MONTH.match(text):
        said = order_of(day[0] for day in _DAY_OF_MONTH.finditer(text)) or order
        if said not in {Order.DAY, Order.MONTH} and "." not in match[0] and match[1] != match[2]:
            return None
        year, month = int(match[3]), int(match[1] if said == Order.MONTH else match[2])
    elif match := re.match(r"(\d{1,2})[-/. ]\s*(20\d\d)\b", text):
        year, month = int(match[2]), int(match[1])
    elif (match := re.match(r"([^\W\d]+)\.?\s+(20\d\d)\b", text)) and match[1] in _MONTHS:
        year, month = int(match[2]), _MONTHS[match[1]]
    else:
        return None
    return date(year, month, 1) if 1 <= month <= 12 else None


def month_of(columns: Mapping[str, str], sample: Mapping[str, Sequence[str]], order: str) -> tuple[date | None, bool]:
    """The month that the lines are about, and whether all of them say so."""
    stated = stated_months(columns, sample, order)
    if len(stated) == 1:
        return next(iter(stated)), True
    days = Counter(_months(sample.get(columns.get("starts_at", ""), ()), order))
    if not days:
        return None, False
    (month, number), *_others = days.most_common(1)
    return month, number == days.total()


def stated_months(columns: Mapping[str, str], sample: Mapping[str, Sequence[str]], order: str) -> set[date]:
    """Which months the file's column of the period names; dates there are read in `order`."""
    found = (month_in(text, order) for text in set(sample.get(columns.get("period", ""), ())) if text)
    return {month for month in found if month is not None}


def _months(texts: Iterable[str], order: str) -> Iterable[date]:
    for text in texts:
        if text:
            try:
                yield read_day(text, order=Order(order or Order.DAY)).replace(day=1)
            except NotADate:
                continue
