"""What a decision says to people: what happened, what is safe, what to do.

The one place where refusals and warnings of `bookings.rules` become sentences, for screens, messages and answers to
scripts alike. Moments are told in the location's time and in the reader's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bookings.rules import Answer, Decision, Fact, Question, Step
from portal.models import Location

# Asked so that yes is the good answer.
QUESTIONS: Mapping[Question, Promise] = {
    Question.SESSION_CANCELLED: _("Does the class take place?"),
    Question.MEMBER_BLOCKED: _("May this member book?"),
    Question.ALREADY_BOOKED: _("Is this the only booking for it?"),
    Question.STARTED: _("Is it before the start?"),
    Question.NOT_OPEN_YET: _("Has booking opened?"),
    Question.CLOSED: _("Is booking still open?"),
    Question.FULL: _("Is a place free?"),
    Question.ELSEWHERE: _("Is this person nowhere else at that time?"),
    Question.RESERVATION_CANCELLED: _("Does the booking stand?"),
    Question.CHECKED_IN: _("Is there no check-in yet?"),
    Question.OTHER_DAY: _("Has the day of the class come?"),
    Question.EARLY: _("Is the start at most an hour away?"),
    Question.NOT_STARTED: _("Has the class begun?"),
    Question.CORRECTION_LIMIT: _("Can this class still be corrected?"),
    Question.DEADLINE_PASSED: _("Does the outcome fit the deadline?"),
    Question.OUTCOME_MISSING: _("Is it said whether this is late or excused?"),
    Question.UNDONE_ALREADY: _("Is it still to be taken back?"),
    Question.CHANGED_SINCE: _("Is it the last change?"),
}

_REFUSALS: Mapping[Question, Promise] = {
    Question.SESSION_CANCELLED: _("This class was cancelled (%(fact)s). Nothing was changed; nobody is a no-show."),
    Question.MEMBER_BLOCKED: _("This member is blocked: %(fact)s. Nothing was booked. A manager can lift the block."),
    Question.ALREADY_BOOKED: _("Booked already, since %(fact)s. That place is safe; no second one was taken."),
    Question.STARTED: _("This class began %(fact)s. Nothing was changed. The desk can still help."),
    Question.NOT_OPEN_YET: _("Booking opens %(fact)s. Nothing was booked; please try again then."),
    Question.CLOSED: _("Booking closed %(fact)s. Nothing was booked. The desk can still help."),
    Question.RESERVATION_CANCELLED: _(
        "This booking was cancelled. Nothing was changed. Take the cancellation back first."
    ),
    Question.CHECKED_IN: _("Checked in at %(fact)s already. The visit is safe; take the check-in back first."),
    Question.OTHER_DAY: _("This class is on another day: %(fact)s. Nobody was checked in."),
    Question.NOT_STARTED: _("This class begins %(fact)s: until then nobody is a no-show. Nothing was changed."),
    Question.CORRECTION_LIMIT: _("This class could be corrected until %(fact)s. Nothing was changed."),
    Question.DEADLINE_PASSED: _(
        "That does not fit the deadline of %(fact)s for free cancellation. Nothing was cancelled; please choose again."
    ),
    Question.OUTCOME_MISSING: _("Nothing was cancelled yet. Please say whether this is late or excused."),
    Question.UNDONE_ALREADY: _("There is nothing to take back: it was done already. Nothing was changed."),
    Question.CHANGED_SINCE: _("Something happened since. Nothing was changed; take back the later change first."),
}

_WARNINGS: Mapping[Question, Promise] = {
    Question.STARTED: _("This class began %(fact)s."),
    Question.NOT_OPEN_YET: _("Members can book from %(fact)s on."),
    Question.CLOSED: _("Booking closed for members %(fact)s."),
    Question.ELSEWHERE: _("This person is also in another class at that time: %(fact)s."),
    Question.EARLY: _("That is early: the class begins %(fact)s."),
}


@dataclass(frozen=True)
class Line:
    """One question of a decision's path, as `components/decision.html` draws it."""

    question: str
    answer: Answer
    # The whole sentence where the answer is not simply yes; else empty.
    sentence: str

    @property
    def fine(self) -> bool:
        return self.answer is Answer.FINE


def refusal_words(decision: Decision, location: Location) -> str:
    """Why it was refused, as one or two sentences; empty when the decision allows it."""
    return _sentence(decision.refusal, location) if decision.refusal else ""


def warning_words(decision: Decision, location: Location) -> list[str]:
    """A sentence for each warning, in the order of the path. What was asked for was done all the same."""
    return [_sentence(step, location) for step in decision.warnings]


def path_words(decision: Decision, location: Location) -> list[Line]:
    """The whole path of a decision, question by question (X1)."""
    return [
        Line(
            question=str(QUESTIONS[step.question]),
            answer=step.answer,
            sentence="" if step.answer is Answer.FINE else _sentence(step, location),
        )
        for step in decision.path
    ]


def clock(moment: datetime, location: Location) -> str:
    """Hours and minutes at the location: "18:02", in every language of ours."""
    return moment.astimezone(location.tz).strftime("%H:%M")


def short_day(moment: datetime, location: Location) -> str:
    """ "Sun 22 Nov" at the location, in the reader's language and its punctuation."""
    return date_format(moment.astimezone(location.tz), gettext("D j M"))


def day_and_clock(moment: datetime, location: Location) -> str:
    """ "Sun 22 Nov, 18:02" at the location, in the reader's language."""
    return f"{short_day(moment, location)}, {clock(moment, location)}"


def _sentence(step: Step, location: Location) -> str:
    if step.question is Question.FULL:
        return _full(step.fact)
    if step.question is Question.CHECKED_IN and step.fact is None:
        return str(_("Checked in already. The visit is safe; take the check-in back first."))
    sentences = _REFUSALS if step.answer is Answer.REFUSED else _WARNINGS
    return str(sentences[step.question]) % {"fact": _fact_words(step, location)}


def _full(capacity: Fact) -> str:
    places = capacity if isinstance(capacity, int) else 0
    return ngettext(
        "This class is full: its only place is taken. Nothing was booked; a place that is given up can be booked.",
        "This class is full: all %(places)d places are taken."
        " Nothing was booked; a place that is given up can be booked.",
        places,
    ) % {"places": places}


def _fact_words(step: Step, location: Location) -> str:
    if isinstance(step.fact, datetime):
        tell = clock if step.question is Question.CHECKED_IN else day_and_clock
        return tell(step.fact, location)
    return "" if step.fact is None else str(step.fact)
