from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, F, Q

from bookings.models import ReservationEvent
from bookings.rules.practising import WANTED, Learnt, Task, learnt, seconds_per_check_in
from portal.models import StaffLogin, Studio

Kind = ReservationEvent.Kind
_TASKS: dict[str, Task] = {
    Kind.CHECKED_IN: Task.CHECK_IN,
    Kind.CHECK_IN_REVERTED: Task.TAKE_BACK,
    Kind.RESERVED: Task.BOOK,
    Kind.NO_SHOW: Task.NO_SHOW,
}


@dataclass(frozen=True)
class Training:
    tasks: tuple[Learnt, ...]
    seconds: float | None  # of a check-in; None while too few were made

    @property
    def is_done(self) -> bool:
        return all(one.is_done for one in self.tasks)

    @property
    def done(self) -> int:
        return sum(one.is_done for one in self.tasks)


def training_of(login: StaffLogin) -> Training:
    """What this login of a practice studio has practised by hand since it is there."""
    # What was invented for the practice was recorded in the moment in which it is said to have happened.
    events = ReservationEvent.objects.filter(studio=login.studio_id, by=login).exclude(recorded_at=F("occurred_at"))
    rows = list(events.values_list("kind", "recorded_at"))
    done = Counter(_TASKS[kind] for kind, _at in rows if kind in _TASKS)
    return Training(learnt(done), seconds_per_check_in([at for kind, at in rows if kind == Kind.CHECKED_IN]))


def practice_of(studio: Studio) -> Studio | None:
    return Studio.objects.filter(practice_of=studio).first()


def somebody_is_trained(studio: Studio) -> bool:
    """Whether somebody has done every task in this studio for practice; `Training.is_done` for all logins at once."""
    by_hand = ReservationEvent.objects.filter(studio=studio).exclude(Q(by=None) | Q(recorded_at=F("occurred_at")))
    numbers = {f"of_{task}": Count("pk", filter=Q(kind=kind)) for kind, task in _TASKS.items()}
    enough = {f"of_{task}__gte": wanted for task, wanted in WANTED.items()}
    return by_hand.order_by().values("by").annotate(**numbers).filter(**enough).exists()
