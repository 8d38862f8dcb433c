"""How far work of one kind is, for people who wait for all of it."""

from dataclasses import dataclass

from django.db.models import Min

from portal.models import Job, Studio


@dataclass(frozen=True)
class Progress:
    """`done`: dealt with, whatever came of them."""

    done: int
    total: int


def progress_of(kind: str, studio: Studio | None = None) -> Progress | None:
    """The run that is under way, of this studio or, with None, of the whole house; None: nothing is open.

    A run is what was written since the hour in which its oldest open job was: its jobs are written together or, by a
    slot that asks what is due, one slot after another.
    """
    jobs = Job.objects.filter(kind=kind)
    jobs = jobs if studio is None else jobs.filter(studio=studio)
    begun = jobs.open().aggregate(at=Min("created_at"))["at"]
    if begun is None:
        return None
    run = jobs.filter(created_at__gte=begun.replace(minute=0, second=0, microsecond=0))
    total = run.count()
    return Progress(total - run.open().count(), total)
