"""What the contract says for a session, to whoever books there (Q20, Q24)."""

from bookings.models import CalendarItem, ScheduledSession
from bookings.rules import Agreed
from marketplace.models import ConnectedLocation, Connection, ContractTerms
from marketplace.rules import Question
from portal.joined import Joined

_CONNECTION = Joined(Connection, "studio", "marketplace")


def agreed_for(session: ScheduledSession, source: str) -> Agreed | None:
    """By the terms of the session's local day; None: the studio is not connected with that marketplace."""
    connection = _CONNECTION.first(
        "connection.studio_id = %s AND connection.marketplace_id = %s", [session.studio_id, source]
    )
    if connection is None:
        return None
    terms = terms_on_the_day_of(session, connection)
    reason = _not_sold(connection, session, terms)
    return Agreed(
        cancel_hours=terms.cancel_hours if terms else None,
        quota=terms.quota if terms else None,
        not_sold=reason or "",
    )


def terms_on_the_day_of(session: ScheduledSession, connection: Connection) -> ContractTerms | None:
    """The contract's version that holds on the local day on which the session starts."""
    day = session.location.local_day(session.starts_at)
    return ContractTerms.objects.filter(contract__connection=connection.pk).on(day).first()


def _not_sold(connection: Connection, session: ScheduledSession, terms: ContractTerms | None) -> Question | None:
    """The first of the connection's own reasons, in the order of `rules.publication`; the class's are asked apart."""
    if not connection.is_told:
        return Question.NOT_CONNECTED
    if session.item.kind == CalendarItem.Kind.COURSE:
        return Question.COURSE
    if session.item.kind not in connection.kinds:
        return Question.KIND
    if not ConnectedLocation.objects.filter(connection=connection.pk, location=session.location_id).exists():
        return Question.OTHER_LOCATION
    if terms is None:
        return Question.NO_CONTRACT
    if connection.state == Connection.State.PAUSED:
        return Question.PAUSED
    return None
