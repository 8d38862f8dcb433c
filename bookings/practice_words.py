"""What is practised, in words; and the banner on each page of a studio for practice."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.rules.practising import Task
from portal.alarms import Alarm
from portal.models import StaffLogin

#: What to do, and how.
TASK_WORDS = {
    Task.CHECK_IN: (
        gettext_lazy("Check five people in"),
        gettext_lazy("Type the beginning of a name and press Enter, or press the tick beside it."),
    ),
    Task.TAKE_BACK: (
        gettext_lazy("Take one back"),
        gettext_lazy("Press U, or Undo in the list of the last actions."),
    ),
    Task.BOOK: (
        gettext_lazy("Book somebody who stands at the desk"),
        gettext_lazy("Press N for a walk-in: find or create the person and pick the class."),
    ),
    Task.NO_SHOW: (
        gettext_lazy("Say that somebody did not come"),
        gettext_lazy("Open the menu of a row without a tick."),
    ),
}


def seconds_words(seconds: float | None) -> str:
    """How quick the check-ins were; "" while there are too few to say."""
    if seconds is None:
        return ""
    return _("%(seconds)s seconds for a check-in") % {"seconds": number_format(seconds, 1)}


def practice_alarm(login: StaffLogin, now: datetime) -> Iterable[Alarm]:
    """On each page there, so that nobody takes it for the real studio."""
    if login.studio.is_practice:
        yield Alarm(
            _("For practice: these people are made up. Nothing here is counted, paid or mailed."),
            url=reverse("bookings:practice", args=[login.studio.slug]),
            action=_("Your training"),
        )
