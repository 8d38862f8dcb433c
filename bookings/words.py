"""What a decision says to people: what happened, what is safe, what to do.

The one place where refusals and warnings of `bookings.rules` become sentences, for screens, messages and answers to
scripts alike. Moments are told in the location's time and in the reader's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bookings import planning_words
from bookings.rules import Answer, Decision, Fact, Origin, Question, Step
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
    Question.PAID: _("Is it free, or paid for by a package?"),
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
    Question.PART_OF_COURSE: _("Can this class be booked by itself?"),
    Question.HELD: _("Is a place free that is not held for someone?"),
    Question.WAITING_ALREADY: _("Is this person not on the list yet?"),
    Question.CUT_OFF: _("Are free places still offered to the list?"),
    Question.NOT_FULL: _("Is the class full, so that waiting makes sense?"),
    Question.LIST_FULL: _("Is there room on the waiting list?"),
    Question.ON_THE_LIST: _("Is this person on the waiting list?"),
    Question.OFFER_OPEN: _("Is a place held for this person?"),
    Question.OFFER_LAPSED: _("Did the answer come in time?"),
    Question.NO_SESSIONS: _("Is anything of the course still to come?"),
    Question.IN_THE_PAST: _("Is it still to come?"),
    Question.LOCATION_CLOSED: _("Is the location open that day?"),
    Question.TEACHER_BUSY: _("Is the teacher free?"),
    Question.ROOM_BUSY: _("Is the room free?"),
    Question.NOT_FOR_MARKETPLACES: _("Does the class allow marketplace bookings?"),
    Question.NOT_SOLD_THERE: _("Is the class sold at this marketplace?"),
    Question.ALL_QUOTAS: _("Is a place for marketplaces left?"),
    Question.QUOTA: _("Is a place of this marketplace left?"),
    **planning_words.QUESTIONS,
}

_REFUSALS: Mapping[Question, Promise] = {
    Question.SESSION_CANCELLED: _("This class was cancelled (%(fact)s). Nothing was changed; nobody is a no-show."),
    Question.MEMBER_BLOCKED: _("This member is blocked: %(fact)s. Nothing was booked. A manager can lift the block."),
    Question.ALREADY_BOOKED: _("Booked already, since %(fact)s. That place is safe; no second one was taken."),
    Question.STARTED: _("This class began %(fact)s. Nothing was changed. The desk can still help."),
    Question.NOT_OPEN_YET: _("Booking opens %(fact)s. Nothing was booked; please try again then."),
    Question.CLOSED: _("Booking closed %(fact)s. Nothing was booked. The desk can still help."),
    Question.PAID: _("No valid package for this class. Nothing was booked. The desk can sell one."),
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
    Question.PART_OF_COURSE: _("This is one evening of a course, which is booked whole: %(fact)s. Nothing was booked."),
    Question.HELD: _(
        "Every free place is held for someone from the waiting list, the first until %(fact)s. Nothing was changed."
    ),
    Question.WAITING_ALREADY: _("On the waiting list already, since %(fact)s. That turn is safe."),
    Question.CUT_OFF: _(
        "Free places were offered to the waiting list until %(fact)s. From then on it is first come, first served."
        " Nobody was put on the list."
    ),
    Question.NOT_FULL: _("A place is free: nobody has to wait. Nobody was put on the list; please book instead."),
    Question.LIST_FULL: _("The waiting list is full (%(fact)s). Nobody was put on it."),
    Question.ON_THE_LIST: _("This person is not on the waiting list any more. Nothing was changed."),
    Question.OFFER_OPEN: _("No place is held for this person now. Nothing was changed."),
    Question.OFFER_LAPSED: _("The place was held until %(fact)s; then it went on. Nothing was changed."),
    Question.NO_SESSIONS: _("No class of this course is still to come. Nothing was changed."),
    Question.IN_THE_PAST: _("That was %(fact)s and is over. Nothing was booked."),
    Question.LOCATION_CLOSED: _("Closed that day: %(fact)s. Nothing was booked."),
    Question.TEACHER_BUSY: _("The teacher has something else then: %(fact)s. Nothing was booked."),
    Question.ROOM_BUSY: _("The room is taken then: %(fact)s. Nothing was booked."),
    Question.NOT_FOR_MARKETPLACES: _("This class does not allow marketplace bookings. Nothing was booked."),
    Question.NOT_SOLD_THERE: _("This class is not sold at this marketplace. Nothing was booked."),
    Question.ALL_QUOTAS: _("All %(fact)s places for marketplaces are booked. Nothing was booked."),
    Question.QUOTA: _("All %(fact)s places of this marketplace are booked. Nothing was booked."),
    **planning_words.REFUSALS,
}

_WARNINGS: Mapping[Question, Promise] = {
    Question.STARTED: _("This class began %(fact)s."),
    Question.NOT_OPEN_YET: _("Members can book from %(fact)s on."),
    Question.CLOSED: _("Booking closed for members %(fact)s."),
    Question.PAID: _("No valid package: this visit is unpaid."),
    Question.ELSEWHERE: _("This person is also in another class at that time: %(fact)s."),
    Question.EARLY: _("That is early: the class begins %(fact)s."),
    Question.LOCATION_CLOSED: _("The location is closed that day: %(fact)s."),
    Question.NOT_FOR_MARKETPLACES: _("This class does not allow marketplace bookings."),
    Question.NOT_SOLD_THERE: _("This class is not sold at this marketplace."),
    Question.ALL_QUOTAS: _("All %(fact)s places for marketplaces are booked."),
    Question.QUOTA: _("All %(fact)s places of this marketplace are booked."),
    **planning_words.WARNINGS,
}

# What stands behind a good answer; %(fact)s as in the sentences above.
_FINE: Mapping[Question, Promise] = {
    Question.STARTED: _("Begins %(fact)s."),
    Question.NOT_OPEN_YET: _("Since %(fact)s."),
    Question.CLOSED: _("Until %(fact)s."),
    Question.CORRECTION_LIMIT: _("Until %(fact)s."),
    Question.CUT_OFF: _("Until %(fact)s."),
}

# What would turn the answer into yes.
_FIXES: Mapping[Question, Promise] = {
    Question.SESSION_CANCELLED: _("Choose another class, or have the schedule put this one back."),
    Question.MEMBER_BLOCKED: _("A manager lifts the block in the member's profile."),
    Question.ALREADY_BOOKED: _("Nothing is needed: the place is there."),
    Question.STARTED: _("The desk can book until the class can no longer be corrected."),
    Question.NOT_OPEN_YET: _("Wait until then, book at the desk, or open booking earlier."),
    Question.CLOSED: _("Book at the desk, or let booking close later."),
    Question.FULL: _("Wait for a place on the waiting list, or raise the capacity of the class."),
    Question.HELD: _("Wait until the answer is there, join the waiting list, or take someone off it."),
    Question.PAID: _("Sell a package that is accepted here, or book it as unpaid."),
    Question.ELSEWHERE: _("Cancel the other class, if the person will not be there."),
    Question.CORRECTION_LIMIT: _("A longer correction limit of the location would allow it."),
    Question.PART_OF_COURSE: _("Book the whole course."),
    Question.WAITING_ALREADY: _("Nothing is needed: the turn is kept."),
    Question.CUT_OFF: _("Try again when someone cancels: the place is free for whoever asks first."),
    Question.NOT_FULL: _("Book the place."),
    Question.LIST_FULL: _("Take someone off the list, or give it more places."),
    Question.NO_SESSIONS: _("Plan further classes of the course."),
    Question.IN_THE_PAST: _("Choose a time to come."),
    Question.LOCATION_CLOSED: _("Choose another day."),
    Question.TEACHER_BUSY: _("Choose one of the free times, or another teacher."),
    Question.ROOM_BUSY: _("Choose another time or room, or none."),
}

_WHOSE: Mapping[Origin, Promise] = {
    Origin.CONTRACT: _("by contract"),
    Origin.ITEM: _("set on the class"),
    Origin.LOCATION: _("set at the location"),
    Origin.STUDIO: _("set by the studio"),
}


@dataclass(frozen=True)
class Line:
    """One question of a decision's path, as `components/decision.html` draws it."""

    question: str
    # None: it was not asked, because an earlier one was refused.
    answer: Answer | None
    # The whole sentence where the answer is not simply yes; else the fact behind the yes, or empty.
    sentence: str
    # What would turn the answer into yes; empty where it is yes.
    fix: str = ""
    # Whose rule was asked ("set on the class"); empty where there are no levels.
    whose: str = ""

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
    """The whole path of a decision, question by question, and behind it the questions that were not asked (X1)."""
    walked = [
        Line(
            question=str(QUESTIONS[step.question]),
            answer=step.answer,
            sentence=_sentence(step, location),
            fix="" if step.answer is Answer.FINE else str(_FIXES.get(step.question, "")),
            whose=str(_WHOSE[step.origin]) if step.origin else "",
        )
        for step in decision.path
    ]
    return walked + [Line(str(QUESTIONS[question]), None, "") for question in decision.unasked]


def clock(moment: datetime, location: Location) -> str:
    """Hours and minutes at the location: "18:02", in every language of ours."""
    return moment.astimezone(location.tz).strftime("%H:%M")


def short_day(moment: datetime, location: Location) -> str:
    """ "Sun 22 Nov" at the location, in the reader's language and its punctuation."""
    return _short_day(moment.astimezone(location.tz).date(), get_language() or "")


@lru_cache(maxsize=512)
def _short_day(day: date, language: str) -> str:
    """A list has few different days; `language` is there to tell them apart."""
    return date_format(day, gettext("D j M"))


def day_and_clock(moment: datetime, location: Location) -> str:
    """ "Sun 22 Nov, 18:02" at the location, in the reader's language."""
    return f"{short_day(moment, location)}, {clock(moment, location)}"


def _sentence(step: Step, location: Location) -> str:
    if step.answer is Answer.FINE:
        return _behind_the_yes(step, location)
    if step.question is Question.FULL:
        return _full(step.fact)
    if step.question is Question.CHECKED_IN and step.fact is None:
        return str(_("Checked in already. The visit is safe; take the check-in back first."))
    sentences = _REFUSALS if step.answer is Answer.REFUSED else _WARNINGS
    return str(sentences[step.question]) % {"fact": _fact_words(step, location)}


def _behind_the_yes(step: Step, location: Location) -> str:
    """The fact that makes it a yes, where there is one to tell."""
    if step.fact is None:
        return ""
    if step.question is Question.FULL and isinstance(step.fact, int):
        return ngettext("%(places)d place in all.", "%(places)d places in all.", step.fact) % {"places": step.fact}
    return str(_FINE.get(step.question, "")) % {"fact": _fact_words(step, location)}


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
    if isinstance(step.fact, date):
        return date_format(step.fact)
    return "" if step.fact is None else str(step.fact)
