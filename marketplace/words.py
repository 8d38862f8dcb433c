"""What the app says to people of marketplaces: stages, reasons, what is sent. One place for screens, log and mails."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.models import CalendarItem
from bookings.words import day_and_clock
from marketplace.rules import Asked, Operation, Publication, Question, Settled, Stand
from marketplace.rules.connecting import Missing, Stage
from portal.models import Location

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

# What would become of a session at the next comparison.
OUTCOMES: Mapping[str, Promise] = {
    "created": _("would be published"),
    "changed": _("would be changed"),
    "hidden": _("would be hidden"),
    "unchanged": _("stays as it is"),
    "refused": _("refused by the marketplace"),
    "left_out": _("not published"),
}

# What is said in one call, as a log names it.
OPERATIONS: Mapping[Operation, Promise] = {
    Operation.PUBLISH: _("published"),
    Operation.CHANGE: _("changed"),
    Operation.SEATS: _("places told"),
    Operation.CANCEL: _("cancelled"),
    Operation.WITHDRAW: _("taken away"),
}

STAGES: Mapping[Stage, Promise] = {
    Stage.CONTRACT: _("Contract"),
    Stage.ADD_ON: _("Add-on switched on"),
    Stage.ACTIVATED: _("Activated by the operator"),
    Stage.ALLOWED: _("Classes allowed"),
    Stage.SYNCED: _("First sync"),
    Stage.BOOKED: _("First booking"),
}

# What is missing next, and what to do about it. `name`: of the marketplace.
NEXT: Mapping[Stage, Promise] = {
    Stage.CONTRACT: _(
        "Sign a contract with %(name)s: that takes two to six weeks. Then write down its day and its terms here."
    ),
    Stage.ADD_ON: _("Switch on the add-on for %(name)s under Settings > Subscription."),
    Stage.ACTIVATED: _(
        "Everything is there. The operator of this installation activates the connection; nothing is published before."
    ),
    Stage.ALLOWED: _("Say which classes can be booked through %(name)s. What would be published is shown before."),
    Stage.SYNCED: _("The first comparison is made within half an hour, or at once with “Sync now”."),
    Stage.BOOKED: _("Everything is set. The first booking through %(name)s stands here when it comes."),
}
MISSING: Mapping[Missing, Promise] = {
    Missing.ENDED: _("the connection has ended"),
    Missing.CONTRACT: _("the contract"),
    Missing.TERMS: _("the terms of the contract"),
    Missing.ADD_ON: _("the add-on"),
    Missing.LOCATIONS: _("the ids of the locations"),
    Missing.SECRET: _("a secret for the marketplace"),
    Missing.ADAPTER: _("a release of Tresen that speaks with this marketplace"),
}

# Why a kind of item goes there or not, at its switch (Q25).
KINDS: Mapping[str, Promise] = {
    CalendarItem.Kind.CLASS: _("Single visits, one by one: what marketplaces are for."),
    CalendarItem.Kind.WORKSHOP: _("Held on one day, booked by itself."),
    CalendarItem.Kind.EVENT: _("Only if your contract covers events: a marketplace pays them as any visit."),
    CalendarItem.Kind.APPOINTMENT: _("Only if your contract covers them: they take the teacher's time for one person."),
    CalendarItem.Kind.COURSE: _("Never: it is booked as a whole, and marketplaces sell single visits."),
}

# What was done with a connection, in its log.
DONE: Mapping[str, Promise] = {
    "begun": _("begun"),
    "add_on_switched_on": _("add-on switched on"),
    "add_on_switched_off": _("add-on switched off"),
    "activated": _("activated"),
    "paused": _("paused"),
    "resumed": _("resumed"),
    "end_begun": _("end begun"),
    "ended": _("ended"),
    "contract_written_down": _("contract written down"),
    "contract_changed": _("contract changed"),
    "terms_added": _("terms added"),
    "locations_matched": _("locations matched"),
    "kinds_changed": _("kinds changed"),
    "address_changed": _("their address changed"),
    "secret_changed": _("new secret"),
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


def missing_words(missing: Iterable[Missing]) -> str:
    """What still has to be there, in one line."""
    return ", ".join(str(MISSING[one]) for one in missing)


_BECAUSE: Mapping[Asked, Promise] = {
    Asked.CONFLICT: _("the two sides say different things"),
    Asked.DENIED: _("“was not here” was said here, checked in at %(marketplace)s %(moment)s"),
    Asked.NO_TERMS: _("no contract held on that day"),
    Asked.CLASS_CANCELLED: _("the class was cancelled"),
    Asked.CANCELLED_IN_TIME: _("cancelled in time"),
    Asked.LATE_CANCEL_UNPAID: _("the contract pays no late cancels"),
    Asked.LATE_CANCEL: _("the contract pays late cancels"),
    Asked.NO_SHOW_UNPAID: _("the contract pays no no-shows"),
    Asked.NO_SHOW: _("the contract pays no-shows"),
    Asked.CONFIRMED: _("checked in at %(marketplace)s %(moment)s"),
    Asked.HERE: _("ticked here, not confirmed by %(marketplace)s"),
    Asked.TO_COME: _("not checked in yet"),
}


def because_words(settled: Settled, marketplace: str, place: Location) -> str:
    """Why a visit comes to what it does: "checked in at Wellpass Tue 3 Nov, 17:55"."""
    moment = day_and_clock(settled.fact, place) if isinstance(settled.fact, datetime) else ""
    return str(_BECAUSE[settled.because]) % {"marketplace": marketplace, "moment": moment}
