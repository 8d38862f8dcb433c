from portal.models.changes import Change
from portal.models.imports import ImportProgress, ImportRow, ImportRun, ImportTemplate
from portal.models.jobs import Heartbeat, Job, ScheduledRun
from portal.models.people import Member, MemberNote, StaffLogin, Teacher, User
from portal.models.studio import ClosingDays, Location, Studio

__all__ = [
    "Change",
    "ClosingDays",
    "Heartbeat",
    "ImportProgress",
    "ImportRow",
    "ImportRun",
    "ImportTemplate",
    "Job",
    "Location",
    "Member",
    "MemberNote",
    "ScheduledRun",
    "StaffLogin",
    "Studio",
    "Teacher",
    "User",
]
