"""What the operator does to people who work in studios stands in the log of each of these studios."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from portal.changes import record_change
from portal.models import StaffLogin, User
from portal.staff.invitations import OPERATOR

#: What a studio is told of a person, when the operator changes it.
PERSON = ["name", "email", "language", "is_active"]


def tell_studios(
    users: Iterable[User],
    kind: str,
    *,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """A line in the log of each studio that has these people. Inside the transaction of the change."""
    for login in StaffLogin.objects.filter(user__in=users, removed_at=None).select_related("studio"):
        record_change(login, kind, studio=login.studio, by=None, by_word=OPERATOR, now=now, before=before, after=after)


def standing(login: StaffLogin) -> dict[str, Any]:
    """What the log says of a login: its preset, the names of the locations it is pinned to, whether it is on."""
    pinned = sorted(login.locations.values_list("name", flat=True))
    return {"preset": login.preset, "locations": pinned, "is_active": login.is_active}


def tell_of_login(login: StaffLogin, before: Mapping[str, Any] | None, *, now: datetime) -> None:
    """The line of a login that the operator gave (`before` None) or changed; none where nothing differs."""
    after = standing(login)
    if before is None:
        record_change(login, "added", studio=login.studio, by=None, by_word=OPERATOR, now=now, after=after)
        return
    names = [name for name in after if before[name] != after[name]]
    if names:
        was, became = ({name: values[name] for name in names} for values in (before, after))
        record_change(
            login, "changed", studio=login.studio, by=None, by_word=OPERATOR, now=now, before=was, after=became
        )
