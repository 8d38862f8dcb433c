from portal.models.imports import ImportProgress, ImportRow, ImportRun, ImportTemplate
from portal.models.jobs import Heartbeat, Job, ScheduledRun
from portal.models.people import Member, StaffLogin, Teacher, User
from portal.models.studio import Location, Studio

__all__ = [
    "Heartbeat",
    "ImportProgress",
    "ImportRow",
    "ImportRun",
    "ImportTemplate",
    "Job",
    "Location",
    "Member",
    "ScheduledRun",
    "StaffLogin",
    "Studio",
    "Teacher",
    "User",
]
