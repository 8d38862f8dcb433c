from datetime import timedelta

from django.utils import timezone

from bookings import actions
from portal.jobs import handles
from portal.models import Job


# Not in one transaction: each studio's sweep is one, or a slow one would hold up the check-ins of all.
@handles("bookings.sweep_no_shows", every=timedelta(minutes=5), transactional=False)
def sweep_no_shows(job: Job) -> None:
    actions.sweep_no_shows(now=timezone.now())
