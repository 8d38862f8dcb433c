"""Since when a setting is as it is, and who set it: read from the studio's log of changes."""

from collections.abc import Iterable

from django.db.models import Model

from portal.models import Change, Studio

KIND = "set"


def since(studio: Studio, row: Model, fields: Iterable[str]) -> dict[str, Change]:
    """The last change of each of these fields of `row`; a field that nobody changed is absent."""
    wanted = set(fields)
    found: dict[str, Change] = {}
    changes = studio.changes.filter(
        subject=row._meta.model_name, subject_id=row.pk, after__has_any_keys=sorted(wanted)
    ).select_related("by__user")
    for change in changes.order_by("-id").iterator(chunk_size=100):
        for name in wanted & change.after.keys() - found.keys():
            found[name] = change
        if len(found) == len(wanted):
            break
    return found
