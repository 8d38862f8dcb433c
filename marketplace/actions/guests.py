"""Who a marketplace's member is at the studio (I9, Q23)."""

from datetime import datetime

from django.db import transaction

from marketplace.models import Connection, Guest
from portal.members.joining import NewMember, add_member
from portal.models import Studio


def welcome(
    connection: Connection,
    *,
    external_id: str,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    now: datetime,
) -> tuple[Guest, bool]:
    """The guest whom the marketplace calls `external_id`, and whether it was unknown until now.

    Known by that id first, then by the e-mail of a member, whatever its capitals; else a member is made. The same name
    with another e-mail is suggested as a duplicate and never joined. Without a first name the marketplace's is taken.
    """
    if known := _known(connection, external_id):
        return known, False
    with transaction.atomic():
        # Two calls at once for one person: the second waits here and finds the guest of the first.
        studio = Studio.objects.select_for_update(no_key=True).get(pk=connection.studio_id)
        if known := _known(connection, external_id):
            return known, False
        place = studio.locations.in_order().first()
        member, _is_new = add_member(
            studio,
            NewMember(first_name=first_name or connection.marketplace.name, last_name=last_name, email=email),
            joined_on=place.local_day(now) if place else now.date(),
            by=None,
            now=now,
        )
        guest = Guest.objects.create(studio=studio, connection=connection, member=member, external_id=external_id)
        return guest, True


def _known(connection: Connection, external_id: str) -> Guest | None:
    return (
        Guest.objects.filter(connection=connection, external_id=external_id)
        .select_related("member", "connection")
        .first()
    )
