"""What the app says to people of marketplaces: stages, reasons, what is sent. One place for screens, log and mails."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.rules import Operation, Publication, Question, Stand

# Asked so that yes is the good answer, in the order of the rule.
QUESTIONS: Mapping[Question, Promise] = {
    Question.REMOVED: _("Is the class in the schedule?"),
    Question.CANCELLED: _("Does the class take place?"),
    Question.BEGUN: _("Is it still to come?"),
    Question.NOT_CONNECTED: _("Is the studio connected?"),
    Question.COURSE: _("Can it be booked one by one?"),
    Question.KIND: _("Does this kind of class go there?"),
    Question.OTHER_LOCATION: _("Does the marketplace know the location?"),
    Question.ARCHIVED: _("Is it still offered?"),
    Question.SWITCHED_OFF: _("Does the class allow marketplace bookings?"),
    Question.NO_CONTRACT: _("Is there a contract on that day?"),
    Question.PAUSED: _("Is the connection running?"),
    Question.NO_QUOTA: _("May the marketplace sell any places?"),
    Question.NOT_YET: _("Does the marketplace show that day yet?"),
}

# Why nothing is sold, as a sentence of its own.
REASONS: Mapping[Question, Promise] = {
    Question.REMOVED: _("It was taken out of the schedule."),
    Question.CANCELLED: _("It is cancelled."),
    Question.BEGUN: _("It has begun."),
    Question.NOT_CONNECTED: _("The connection is not live."),
    Question.COURSE: _("A course series is booked as a whole, and marketplaces sell single visits."),
    Question.KIND: _("This kind is not sent there. The connection's page has the switch."),
    Question.OTHER_LOCATION: _("The location has no id at the marketplace. Enter it on the connection's page."),
    Question.ARCHIVED: _("It is archived."),
    Question.SWITCHED_OFF: _("Marketplace bookings are not allowed for it."),
    Question.NO_CONTRACT: _("No contract holds on that day."),
    Question.PAUSED: _("The connection is paused."),
    Question.NO_QUOTA: _("Its places for marketplaces are 0."),
    Question.NOT_YET: _("It is further ahead than the marketplace shows."),
}

STANDS: Mapping[Stand, Promise] = {
    Stand.SELLING: _("sold there"),
    Stand.HELD: _("no new bookings, those who are booked keep it"),
    Stand.GONE: _("not there"),
}

# What is said in one call, as a log names it.
OPERATIONS: Mapping[Operation, Promise] = {
    Operation.PUBLISH: _("published"),
    Operation.CHANGE: _("changed"),
    Operation.SEATS: _("places told"),
    Operation.CANCEL: _("cancelled"),
    Operation.WITHDRAW: _("taken away"),
}


def why_not(publication: Publication, *, tz: tzinfo = UTC) -> str:
    """Why the marketplace sells no place of it, in a sentence; "" where it does. `tz`: of the location."""
    reason = publication.reason
    if reason is None:
        return ""
    fact = publication.path[-1].fact
    if reason is Question.NOT_YET and isinstance(fact, datetime):
        day = date_format(timezone.localtime(fact, tz), gettext("D j M"))
        return gettext("The marketplace shows it from %(day)s on.") % {"day": day}
    return str(REASONS[reason])


def why_not_word(question: str) -> str:
    """The same of a question as a sync run has counted it; the word itself where it is none of ours."""
    return str(REASONS[Question(question)]) if question in set(Question) else question
