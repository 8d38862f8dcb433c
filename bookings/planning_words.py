"""The sentences of the schedule's decisions; `bookings.words` says them."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.rules import Question

QUESTIONS: Mapping[Question, Promise] = {
    Question.ARCHIVED: _("Is it still offered?"),
    Question.NO_WEEKDAY: _("Is a weekday chosen?"),
    Question.NO_END: _("Does the series have an end?"),
    Question.ENDS_BEFORE_START: _("Does it end after its start?"),
    Question.TOO_LONG: _("Does it end within two years?"),
    Question.NO_DATES: _("Is there a day on which it takes place?"),
    Question.EDITED_SINCE: _("Is it still as you saw it?"),
    Question.CALLED_OFF: _("Does the class take place?"),
    Question.HAS_BEGUN: _("Is it before the start?"),
    Question.INTO_THE_PAST: _("Is the new time still to come?"),
    Question.ROOM_ELSEWHERE: _("Is the room at the location?"),
    Question.KIND_IN_USE: _("Can its kind still be changed?"),
    Question.DAY_IS_OFF: _("Is the location open that day?"),
    Question.TEACHER_TAKEN: _("Is the teacher free?"),
    Question.ROOM_TAKEN: _("Is the room free?"),
    Question.OVER: _("Is it before the end?"),
    Question.PEOPLE_ARE_IN: _("Is nobody checked in yet?"),
    Question.NOT_CALLED_OFF: _("Is the class cancelled?"),
    Question.BOOKED_TO_COME: _("Is nobody booked for it any more?"),
    Question.HAS_HISTORY: _("Did nobody ever book it?"),
    Question.SAME_WEEK: _("Is it another week?"),
    Question.NAME_TAKEN: _("Is the name free?"),
    Question.ROOM_IN_USE: _("Is nothing planned in the room?"),
    Question.SPOTS_IN_USE: _("Are the spots free?"),
    Question.OTHER_CLASS: _("Are both in the same class?"),
    Question.OTHER_ROOM: _("Is the spot in the room of the class?"),
    Question.SPOT_BLOCKED: _("Can the spot be used?"),
    Question.SPOT_TAKEN: _("Is the spot free?"),
}

REFUSALS: Mapping[Question, Promise] = {
    Question.ARCHIVED: _("This was put away %(fact)s. Nothing was planned. Take it out of the archive first."),
    Question.NO_WEEKDAY: _("No weekday is chosen. Nothing was planned; please choose one or more."),
    Question.NO_END: _("A series needs a last day. Nothing was planned. It can be prolonged at any time."),
    Question.ENDS_BEFORE_START: _(
        "The last day is before the first one. Nothing was changed; please correct one of them."
    ),
    Question.TOO_LONG: _(
        "A series lasts two years at most: until %(fact)s. Nothing was changed. It can be prolonged later."
    ),
    Question.NO_DATES: _("There is no day to come on which this would take place. Nothing was planned."),
    Question.EDITED_SINCE: _(
        "Somebody else changed this class meanwhile. Nothing of yours was saved; look at it again."
    ),
    Question.CALLED_OFF: _(
        "This class was cancelled (%(fact)s). Nothing was changed. Take the cancellation back first."
    ),
    Question.HAS_BEGUN: _("This class began %(fact)s. What has begun stays as it was; nothing was changed."),
    Question.INTO_THE_PAST: _("%(fact)s is over. Nothing was changed; please choose a time to come."),
    Question.ROOM_ELSEWHERE: _(
        "That room is at another location. Nothing was changed; please choose one of this location."
    ),
    Question.KIND_IN_USE: _(
        "Classes of this kind exist already, and appointments and courses are booked in another way."
        " Nothing was changed; make a new one instead."
    ),
    Question.TEACHER_TAKEN: _("The teacher has something else then: %(fact)s. Nothing was changed."),
    Question.ROOM_TAKEN: _("The room is taken then: %(fact)s. Nothing was changed."),
    Question.OVER: _("This class ended %(fact)s. Nothing was changed."),
    Question.NOT_CALLED_OFF: _("This class is not cancelled. Nothing was changed."),
    Question.BOOKED_TO_COME: _(
        "People are booked in classes to come (%(fact)s). Nothing was removed. Cancel those classes first."
    ),
    Question.HAS_HISTORY: _("There are bookings for this class (%(fact)s). Nothing was removed; cancel it instead."),
    Question.SAME_WEEK: _("That is the same week. Nothing was copied; please choose another one."),
    Question.NAME_TAKEN: _("There is a room with the name %(fact)s already. Nothing was changed."),
    Question.ROOM_IN_USE: _("Classes are planned in this room (%(fact)s). Nothing was removed. Move them first."),
    Question.SPOTS_IN_USE: _(
        "Of the spots that would go, %(fact)s are given to people in classes to come. Nothing was changed."
    ),
    Question.OTHER_CLASS: _("These two are in different classes. Nothing was changed."),
    Question.OTHER_ROOM: _("That spot is in another room. Nothing was changed."),
    Question.SPOT_BLOCKED: _("That spot is blocked. Nothing was changed."),
    Question.SPOT_TAKEN: _("%(fact)s has that spot. Nothing was changed; swap the two instead."),
}

WARNINGS: Mapping[Question, Promise] = {
    Question.DAY_IS_OFF: _("The location is closed that day: %(fact)s."),
    Question.TEACHER_TAKEN: _("The teacher has something else then: %(fact)s."),
    Question.ROOM_TAKEN: _("Something else is in the room then: %(fact)s."),
    Question.PEOPLE_ARE_IN: _("Checked in already: %(fact)s. Their visits stay."),
}
