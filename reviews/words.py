"""The words of reviews, as screens, files and mails say them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.sources import who_words
from bookings.words import short_day
from reviews import rules
from reviews.member_words import NAMES
from reviews.models import Review, Rule
from reviews.rules import Criterion, Excluded, NoReply, NoReport

EXCLUDED_WORDS: Mapping[Excluded, Promise] = {
    Excluded.HIDDEN: gettext_lazy("It does not count: the operator has hidden it."),
    Excluded.DISPUTED: gettext_lazy("It does not count for now: by the desk's word nobody was there on this visit."),
    Excluded.OLD: gettext_lazy("It does not count any more: it is older than 12 months."),
}

NO_REPLY_WORDS: Mapping[NoReply, Promise] = {
    NoReply.HIDDEN: gettext_lazy(
        "Not sent: the operator has hidden this review, so nobody would read a reply. Your words are "
        "still in the field."
    ),
    NoReply.ANSWERED: gettext_lazy(
        "Not sent: somebody else replied meanwhile, and a review has one reply. Theirs stands below, and your words "
        "are still in the field: you can put them in its place."
    ),
    NoReply.CHANGED: gettext_lazy(
        "Not changed: somebody else changed the reply meanwhile. It stands below as it is now, and your words "
        "are still in the field."
    ),
    NoReply.NONE: gettext_lazy("Nothing was changed: there is no reply that stands."),
}

NO_REPORT_WORDS: Mapping[NoReport, Promise] = {
    NoReport.HIDDEN: gettext_lazy("Nothing was reported: the operator has hidden this review already."),
    NoReport.OPEN: gettext_lazy("Nothing was reported: a case about this review is open already."),
    NoReport.REPEATED: gettext_lazy(
        "Nothing was reported: the operator has looked at this review under this rule, and it stays. You can report it "
        "under another rule, or once its author has changed it."
    ),
}


def excluded_words(review: Review, *, now: datetime) -> str:
    """Why it does not count; "" where it does."""
    excluded = review.excluded(now)
    if excluded is Excluded.DISPUTED and review.is_doubted:
        told = _("Not counted: %(why)s The operator looks whether the member wrote this.") % {
            "why": doubt_words(review)
        }
        return f"{told} {EXCLUDED_WORDS[excluded]}" if review.has_no_visit else told
    return str(EXCLUDED_WORDS[excluded]) if excluded else ""


def doubt_words(review: Review) -> str:
    """What the studio did that makes it doubtful who wrote, with who and when; "" for nothing. Settled or not."""
    change, visit = review.doubt, review.reservation
    if change is None:
        return ""
    place = visit.location
    days = (place.local_day(visit.starts_at) - place.local_day(change.occurred_at)).days
    words = _entered_words(-days) if change.kind == "created" else _changed_words(days)
    who = who_words(change.by, change.by_word)
    return words % {"who": who, "day": short_day(change.occurred_at, place), "number": abs(days)}


def _changed_words(days: int) -> str:
    """`days` before the visit; less than 0: after it."""
    if days == 0:
        return _("The address was changed by %(who)s on %(day)s, the day of the visit.")
    if days > 0:
        return ngettext(
            "The address was changed by %(who)s on %(day)s, %(number)s day before the visit.",
            "The address was changed by %(who)s on %(day)s, %(number)s days before the visit.",
            days,
        )
    return ngettext(
        "The address was changed by %(who)s on %(day)s, %(number)s day after the visit.",
        "The address was changed by %(who)s on %(day)s, %(number)s days after the visit.",
        -days,
    )


def _entered_words(days: int) -> str:
    return ngettext(
        "The member was entered by %(who)s on %(day)s, %(number)s day after the visit.",
        "The member was entered by %(who)s on %(day)s, %(number)s days after the visit.",
        days,
    )


def criterion_words(word: str) -> str:
    """What a criterion is called."""
    return str(NAMES[Criterion(word)])


def rule_words(word: str) -> str:
    """What a rule of the terms says; nothing for none."""
    return str(Rule(word).label) if word else ""


def score_words(score: Decimal | None) -> str:
    """A score or a mean with two decimals, in the reader's language."""
    return _("none") if score is None else number_format(score, 2)


def sum_words(arithmetic: rules.Arithmetic) -> str:
    """The sum as one would write it down: "(4 x 40 + 5 x 30) / 70 = 4.43"."""
    terms = " + ".join(f"{term.marks} × {term.weight}" for term in arithmetic.terms)
    return f"({terms}) / {arithmetic.weight} = {score_words(arithmetic.score)}"


def reply_state(review: Review) -> str:
    """none, replied, edited or withdrawn: what of the studio's reply one sees."""
    response = getattr(review, "response", None)
    if response is None:
        return "none"
    if not response.stands:
        return "withdrawn"
    return "edited" if response.edited_at else "replied"


REPLY_STATE_WORDS: Mapping[str, Promise] = {
    "none": gettext_lazy("not answered"),
    "replied": gettext_lazy("answered"),
    "edited": gettext_lazy("answered, edited"),
    "withdrawn": gettext_lazy("reply withdrawn"),
}
