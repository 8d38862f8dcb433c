"""The claims of a statement as the text of a mail, in the active language (N2)."""

from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from invoicing.models import Statement, StatementLine
from invoicing.rules.matching import Verdict
from invoicing.selectors import statements as selected
from invoicing.statement_words import about, money, our_words
from invoicing.words import month_words

MOST_LINES = 100  # in a mail; the CSV has them all


@dataclass(frozen=True)
class Mail:
    """`too_little`, `too_much`: what is claimed in all, by which way they are wrong; both 0 or more."""

    subject: str
    body: str
    number: int
    too_little: Decimal
    too_much: Decimal


def claim_mail(statement: Statement) -> Mail:
    """Every claimed line with its reason and both amounts, and the sum. Three queries."""
    lines = selected.lines_of(statement, answer=selected.DISPUTED)
    summary = selected.summary_of(statement)
    shown = list(lines[:MOST_LINES])
    number = summary.disputed
    differences = [line.difference for line in lines.iterator(chunk_size=1000) if not line.is_foreign]
    too_little = -sum((one for one in differences if one < 0), Decimal(0))
    too_much = sum((one for one in differences if one > 0), Decimal(0))
    month = month_words(statement.month) if statement.month else ""
    subject = _("Statement of %(month)s: %(number)d lines to correct") % {"month": month, "number": number}
    mail = Mail(subject, "", number, too_little, too_much)
    return replace(mail, body=_body(statement, shown, mail, month))


def _body(statement: Statement, shown: list[StatementLine], mail: Mail, month: str) -> str:
    currency, studio, number = statement.currency, statement.studio.name, mail.number
    paragraphs = [
        _("Hello,"),
        ngettext(
            "in your statement of %(month)s for %(studio)s (%(file)s) %(number)d line differs from our records:",
            "in your statement of %(month)s for %(studio)s (%(file)s) %(number)d lines differ from our records:",
            number,
        )
        % {"month": month, "studio": studio, "file": statement.file_name, "number": number},
        "\n".join(f"{at}. {_line(line, currency)}" for at, line in enumerate(shown, start=1)),
    ]
    if number > len(shown):
        paragraphs.append(_("and %(number)d more in the attached file.") % {"number": number - len(shown)})
    paragraphs += [
        "\n".join(_sums(mail, currency)),
        _("Please correct it, or tell us why it is right."),
        _("Kind regards"),
        studio,
    ]
    return "\n\n".join(paragraphs) + "\n"


def _sums(mail: Mail, currency: str) -> list[str]:
    """Who owes whom: what is missing is not set off against what is too much."""
    words = {_("You state %(amount)s too little, net."): mail.too_little}
    words[_("You state %(amount)s too much, net.")] = mail.too_much
    return [text % {"amount": money(amount, currency)} for text, amount in words.items() if amount]


def _line(line: StatementLine, currency: str) -> str:
    """ "Booking B-17, Kim de Boer, Yoga, Mon 2 Nov 2026 18:00: ..."."""
    words = about(line)
    if line.visit is not None and line.line is None:
        guest, session = line.visit.guest, line.visit.session
        parts = [line.visit.booking_ref, guest.external_id if guest else ""]
        if session is not None:
            moment = session.starts_at.astimezone(session.location.tz)
            parts += [session.item.name, date_format(moment, _("j M Y, H:i"))]
        words = " · ".join(part for part in parts if part)
    place = _("line %(line)d") % {"line": line.line} if line.line else _("not on it")
    return f"{words} ({place}): {claim(line, currency)}"


def claim(line: StatementLine, currency: str) -> str:
    """What is asked for, to whom wrote the statement."""
    amounts = {
        "theirs": money(line.theirs, line.currency or currency),
        "ours": money(line.ours, currency),
        "what": our_words(line),
    }
    match Verdict(line.verdict):
        case Verdict.MISSING_THERE:
            words = _("%(what)s, by our records %(ours)s; your statement does not have it.")
        case Verdict.TWICE if (line.theirs or 0) >= 0:
            words = _("you state this visit a second time, with %(theirs)s.")
        case Verdict.MISSING_HERE | Verdict.TWICE:
            words = _("you state %(theirs)s; our records have nothing that it belongs to.")
        case _:
            words = _("you state %(theirs)s; %(what)s, by our records %(ours)s.")
    return words % amounts
