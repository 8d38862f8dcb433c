"""What a person at the counter has said of a marketplace's guest."""

from django.db.models import Exists, OuterRef, Q

from bookings.models import ReservationEvent
from marketplace.models import Conflict


def said_absent() -> Q:
    """Of visits: a person said that the guest did not come, on the row or about a conflict; the sweep is no person.

    A tick that was made afterwards outweighs it: whoever asks looks at that first.
    """
    no_show = ReservationEvent.objects.filter(
        reservation=OuterRef("reservation"), kind=ReservationEvent.Kind.NO_SHOW, by__isnull=False, undone_by=None
    )
    verdict = Conflict.objects.filter(visit=OuterRef("pk"), verdict=Conflict.Verdict.WAS_NOT_HERE)
    return Q(Exists(no_show)) | Q(Exists(verdict))
