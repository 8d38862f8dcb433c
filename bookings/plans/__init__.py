"""What a change of the schedule would do. Plans are made from a form's values, read the database, and write nothing.

`bookings.actions.schedule` makes the same plan again under its locks, and carries it out.
"""

from bookings.plans.item import plan_item
from bookings.plans.one import plan_one, plan_session
from bookings.plans.plan import Over, Plan, SessionChange, Shape, Skipped
from bookings.plans.series import plan_following, plan_generation, plan_series
from bookings.plans.values import Scope, SeriesValues, SessionValues
from bookings.plans.week import plan_week_copy

__all__ = [
    "Over",
    "Plan",
    "Scope",
    "SeriesValues",
    "SessionChange",
    "SessionValues",
    "Shape",
    "Skipped",
    "plan_following",
    "plan_generation",
    "plan_item",
    "plan_one",
    "plan_series",
    "plan_session",
    "plan_week_copy",
]
