from portal.models.changes import Change
from portal.models.exports import Export
from portal.models.imports import ImportProgress, ImportRow, ImportRun, ImportTemplate
from portal.models.jobs import Heartbeat, Job, ScheduledRun
from portal.models.members import DuplicateSuggestion, MemberMerge
from portal.models.notices import DigestSent, KeptMail, Notice, NoticeChoice
from portal.models.onboarding import Onboarding
from portal.models.people import Member, MemberNote, StaffLogin, Teacher, User
from portal.models.staff import DeskPin, Invitation, LoginWish
from portal.models.studio import ClosingDays, Location, Studio
from portal.models.support import Answer, Ticket, TicketFile, TicketMessage
from portal.models.views import SavedView

__all__ = [
    "Answer",
    "Change",
    "ClosingDays",
    "DeskPin",
    "DigestSent",
    "DuplicateSuggestion",
    "Export",
    "Heartbeat",
    "ImportProgress",
    "ImportRow",
    "ImportRun",
    "ImportTemplate",
    "Invitation",
    "Job",
    "KeptMail",
    "Location",
    "LoginWish",
    "Member",
    "MemberMerge",
    "MemberNote",
    "Notice",
    "NoticeChoice",
    "Onboarding",
    "SavedView",
    "ScheduledRun",
    "StaffLogin",
    "Studio",
    "Teacher",
    "Ticket",
    "TicketFile",
    "TicketMessage",
    "User",
]
