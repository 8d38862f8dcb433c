from portal.models.changes import Change
from portal.models.imports import ImportProgress, ImportRow, ImportRun, ImportTemplate
from portal.models.jobs import Heartbeat, Job, ScheduledRun
from portal.models.members import DuplicateSuggestion, MemberMerge
from portal.models.people import Member, MemberNote, StaffLogin, Teacher, User
from portal.models.staff import DeskPin, Invitation, LoginWish
from portal.models.studio import ClosingDays, Location, Studio
from portal.models.views import SavedView

__all__ = [
    "Change",
    "ClosingDays",
    "DeskPin",
    "DuplicateSuggestion",
    "Heartbeat",
    "ImportProgress",
    "ImportRow",
    "ImportRun",
    "ImportTemplate",
    "Invitation",
    "Job",
    "Location",
    "LoginWish",
    "Member",
    "MemberMerge",
    "MemberNote",
    "SavedView",
    "ScheduledRun",
    "StaffLogin",
    "Studio",
    "Teacher",
    "User",
]
