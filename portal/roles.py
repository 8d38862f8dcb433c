"""The whole policy on one screen: which rights there are, and which preset holds them (Q37).

Pure: no Django here but the lazy translation of words.
"""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Right(StrEnum):
    VIEW_TODAY = "view_today"
    VIEW_BOOKINGS = "view_bookings"
    VIEW_HISTORY = "view_history"
    CHECK_IN = "check_in"
    REVERT = "revert"
    BOOK = "book"
    SELL = "sell"
    SEE_CONTACT = "see_contact"
    SEE_MONEY = "see_money"
    EXPORT = "export"
    IMPORT = "import"
    VIEW_MEMBERS = "view_members"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_SCHEDULE = "manage_schedule"
    MANAGE_PACKAGES = "manage_packages"
    ANSWER_REVIEWS = "answer_reviews"
    MANAGE_CONNECTIONS = "manage_connections"
    MANAGE_SETTINGS = "manage_settings"
    REQUEST_LOGINS = "request_logins"
    MANAGE_LOGINS = "manage_logins"
    CLOSE_MONTHS = "close_months"
    EXPORT_ALL = "export_all"


class Preset(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    TEACHER = "teacher"
    DESK = "desk"
    VIEWER = "viewer"


PRESET_WORDS = {
    Preset.OWNER: _("Owner"),
    Preset.MANAGER: _("Manager"),
    Preset.TEACHER: _("Teacher"),
    Preset.DESK: _("Desk, check in"),
    Preset.VIEWER: _("Desk, view only"),
}

_LOOK = {Right.VIEW_TODAY, Right.VIEW_BOOKINGS}
_DESK = _LOOK | {
    Right.VIEW_HISTORY, Right.CHECK_IN, Right.REVERT, Right.BOOK, Right.SELL, Right.SEE_CONTACT, Right.VIEW_MEMBERS,
}  # fmt: skip

RIGHTS: dict[Preset, frozenset[Right]] = {
    Preset.OWNER: frozenset(Right),
    Preset.MANAGER: frozenset(Right) - {Right.MANAGE_LOGINS, Right.CLOSE_MONTHS, Right.EXPORT_ALL},
    # A teacher holds these for the sessions they teach, and for no others (StaffLogin.only_own_classes).
    Preset.TEACHER: frozenset(_LOOK | {Right.CHECK_IN, Right.REVERT}),
    Preset.DESK: frozenset(_DESK),
    Preset.VIEWER: frozenset(_LOOK),
}
