"""What was retired in one step, and what of it was taken back (I13). The log of changes is the record."""

from collections.abc import Collection

from django.db.models import QuerySet

from portal.models import Change, Studio

RETIRED, RESTORED = "passes_retired", "passes_restored"


def retirements(studio: Studio) -> QuerySet[Change]:
    """The newest first; `after` holds the keys of the packages and of the purchases."""
    return studio.changes.filter(subject="studio", subject_id=studio.pk, kind=RETIRED).order_by("-pk")


def restored(studio: Studio, retired: Collection[int]) -> set[int]:
    """Which of these retirements were taken back. One query."""
    found = studio.changes.filter(
        subject="studio", subject_id=studio.pk, kind=RESTORED, after__retirement__in=list(retired)
    )
    return {change.after["retirement"] for change in found}
