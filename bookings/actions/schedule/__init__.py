"""What can be done with the schedule: one function per verb, one transaction each.

Each takes `by` and `now`, locks item, sessions (by key), reservations and pulse in that order, makes its plan again
under these locks, and carries it out. It writes the log of changes and the jobs of the mails, raises the pulse and puts
it on the sessions, and sends `session_changed`. `plan_...` look and write nothing.
"""

from bookings.actions.schedule.calling_off import cancel_sessions, restore_session
from bookings.actions.schedule.items import Removed, create_item, edit_item, may_remove, remove_item, restore_item
from bookings.actions.schedule.sessions import (
    copy_week,
    create_series,
    create_session,
    edit_session,
    generate,
    plan_edit,
    remove_session,
)
from bookings.plans import plan_item, plan_series, plan_session, plan_week_copy

__all__ = [
    "Removed",
    "cancel_sessions",
    "copy_week",
    "create_item",
    "create_series",
    "create_session",
    "edit_item",
    "edit_session",
    "generate",
    "may_remove",
    "plan_edit",
    "plan_item",
    "plan_series",
    "plan_session",
    "plan_week_copy",
    "remove_item",
    "remove_session",
    "restore_item",
    "restore_session",
]
