"""Who may open what: the one table that is read in a review (S1). `test_access.py` walks every address against it.

A new route needs one line here; a line without a route fails, too. `get` is the right that opens the page, `post` the
right that its form asks for besides; None: not answered. ANY: each login of the studio.
"""

from dataclasses import dataclass, field

from portal.roles import Right

ANY = "any login of the studio"
BY_SECRET = "the marketplace proves itself by its client secret"


@dataclass(frozen=True)
class Studio:
    """An address below `/<studio>/`. Strangers get 404, logins without the right 403, the anonymous the login page."""

    get: Right | str | None = None
    post: Right | str | None = None
    # Whether the length of the answer is told without the answer; not of a file that is streamed.
    head: bool = True
    # Who lacks the right to open it, or is pinned to locations, finds nothing there.
    hidden: bool = False
    # What a form has to hold so that it is not refused for its content.
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Open:
    """An address that needs no studio. `anonymous` and `known`: the statuses of GET and POST, 405: not answered."""

    why: str
    anonymous: tuple[int, int]
    known: tuple[int, int]
    # Programs call it, and prove themselves in every call: a browser's session opens nothing, so no token guards it.
    by_programs: bool = False


@dataclass(frozen=True)
class Operators:
    """Django's admin: everybody but the operator is sent to the login page or refused."""


TABLE: dict[str, Studio | Open | Operators] = {
    "admin:*": Operators(),
    # Logging in: django-allauth's own views.
    "account_login": Open("the way in", (200, 200), (302, 302)),
    "account_logout": Open("the way out; asks first", (302, 302), (200, 302)),
    "account_inactive": Open("says that a login was switched off", (200, 405), (200, 405)),
    "account_signup": Open("nobody signs up: a name that allauth asks for", (404, 404), (404, 404)),
    "account_change_password": Open("one's own password", (302, 302), (200, 200)),
    "account_reset_password": Open("who forgot the password is not logged in", (200, 200), (200, 200)),
    "account_reset_password_done": Open("says that a mail was sent", (200, 405), (200, 405)),
    "account_reset_password_from_key": Open("opened from a mail", (200, 200), (200, 200)),
    "account_reset_password_from_key_done": Open("says that it worked", (200, 405), (200, 405)),
    "account_reauthenticate": Open("asks for the password again before what matters", (302, 302), (200, 200)),
    "hooks:hook": Open(
        "marketplaces' messages; signed with the secret of the connection", (405, 404), (405, 404), by_programs=True
    ),
    "accept_invitation": Open("opened from a mail; its secret is the key", (404, 404), (404, 404)),
    "mfa_index": Open("one's own second step", (302, 302), (200, 405)),
    "mfa_authenticate": Open("the second step of logging in", (302, 302), (302, 302)),
    "mfa_reauthenticate": Open("asks for the code again before what matters", (302, 302), (302, 302)),
    "mfa_activate_totp": Open("one's own app with codes", (302, 302), (302, 302)),
    "mfa_deactivate_totp": Open("one's own app with codes", (302, 302), (404, 404)),
    "mfa_view_recovery_codes": Open("one's own recovery codes", (302, 302), (404, 405)),
    "mfa_generate_recovery_codes": Open("one's own recovery codes", (302, 302), (302, 302)),
    "mfa_download_recovery_codes": Open("one's own recovery codes", (302, 302), (404, 404)),
    "mfa_list_webauthn": Open("one's own passkeys", (302, 302), (200, 405)),
    "mfa_add_webauthn": Open("one's own passkeys", (302, 302), (302, 302)),
    "mfa_login_webauthn": Open("the way in by passkey", (302, 302), (302, 302)),
    "mfa_reauthenticate_webauthn": Open("asks for the passkey again before what matters", (302, 302), (302, 302)),
    "mfa_edit_webauthn": Open("one's own passkeys", (302, 302), (302, 302)),
    "mfa_remove_webauthn": Open("one's own passkeys", (302, 302), (302, 302)),
    # Of the installation.
    "livez": Open("says that the process answers", (200, 405), (200, 405)),
    # 503: no worker and no beat run in this test.
    "healthz": Open("watched from outside; holds no data of anybody", (503, 405), (503, 405)),
    "set_language": Open("a cookie of this browser", (302, 302), (302, 302)),
    "portal:home": Open("leads to one's studio", (302, 405), (302, 405)),
    "portal:theme": Open("a cookie of this browser", (405, 302), (405, 302)),
    # Of marketplaces: without its id and secret a caller gets 400.
    "api:readable": Open("the documentation of the API; it holds no data", (200, 405), (200, 405), by_programs=True),
    "api:openapi": Open("the same for programs", (200, 405), (200, 405), by_programs=True),
    "api:meta": Open("what of the contract is offered; it holds no data", (200, 405), (200, 405), by_programs=True),
    "api:nothing": Open(
        "an address that does not exist answers as the others do", (404, 404), (404, 404), by_programs=True
    ),
    "api:classes": Open(BY_SECRET, (400, 405), (400, 405), by_programs=True),
    "api:class": Open(BY_SECRET, (400, 405), (400, 405), by_programs=True),
    "api:attendee": Open(BY_SECRET, (405, 400), (405, 400), by_programs=True),
    "api:check_in": Open(BY_SECRET, (405, 400), (405, 400), by_programs=True),
    "api:waitlist": Open(BY_SECRET, (405, 400), (405, 400), by_programs=True),
    "api:exercisers": Open(BY_SECRET, (405, 400), (405, 400), by_programs=True),
    "api:schedule": Open(BY_SECRET, (400, 405), (400, 405), by_programs=True),
    # Of a studio.
    "portal:studio": Studio(get=ANY),
    "portal:choose_location": Studio(post=Right.VIEW_TODAY, data={"location": "all"}),
    "portal:saved_view_save": Studio(post=ANY),
    "portal:saved_view_remove": Studio(post=ANY),
    "bookings:check_ins": Studio(get=Right.VIEW_TODAY),
    "bookings:check_ins_changes": Studio(get=Right.VIEW_TODAY),
    "bookings:check_in": Studio(post=Right.CHECK_IN),
    "bookings:revert_check_in": Studio(post=Right.REVERT),
    "bookings:mark_no_show": Studio(post=Right.CHECK_IN),
    "bookings:revert_no_show": Studio(post=Right.REVERT),
    "bookings:withdraw": Studio(post=Right.BOOK),
    "bookings:balance_proof": Studio(get=Right.IMPORT, head=False),
    "bookings:sell_for": Studio(get=Right.SELL, post=Right.SELL),
    "bookings:roster_package": Studio(post=Right.BOOK),
    "bookings:reservation_photo": Studio(get=Right.VIEW_TODAY),
    "bookings:undo": Studio(post=Right.REVERT),
    "bookings:bookings": Studio(get=Right.VIEW_BOOKINGS),
    "bookings:waiting": Studio(post=Right.BOOK),
    "bookings:appointment_new": Studio(get=Right.BOOK, post=Right.BOOK),
    "bookings:bookable": Studio(get=Right.BOOK),
    "bookings:add_person": Studio(get=Right.BOOK),
    "bookings:book": Studio(post=Right.BOOK),
    "bookings:place": Open(
        "signed, from a mail: the answer to one offer; else it does not exist", (404, 404), (404, 404)
    ),
    "bookings:cancel": Studio(post=Right.BOOK),
    "bookings:cancel_course": Studio(post=Right.BOOK),
    "bookings:reinstate": Studio(post=Right.BOOK),
    "bookings:session": Studio(get=Right.VIEW_BOOKINGS),
    "bookings:session_changes": Studio(get=Right.VIEW_BOOKINGS),
    "bookings:session_seen": Studio(get=Right.VIEW_BOOKINGS),
    "bookings:session_all": Studio(post=Right.CHECK_IN),
    "bookings:session_pdf": Studio(get=Right.VIEW_BOOKINGS),
    "bookings:session_csv": Studio(get=Right.EXPORT, head=False),
    "bookings:session_xlsx": Studio(get=Right.EXPORT, head=False),
    "bookings:give_up": Studio(post=Right.BOOK),
    "bookings:take_back": Studio(post=Right.BOOK),
    "bookings:spot": Studio(post=Right.BOOK),
    "bookings:note": Studio(post=Right.CHECK_IN),
    "bookings:note_done": Studio(post=Right.CHECK_IN),
    "bookings:walk_in": Studio(get=Right.BOOK, post=Right.CHECK_IN),
    "bookings:schedule": Studio(get=Right.VIEW_BOOKINGS),
    "bookings:copy_week": Studio(get=Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE),
    "bookings:item_new": Studio(get=Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE),
    "bookings:items": Studio(get=Right.MANAGE_SCHEDULE),
    "bookings:item": Studio(get=Right.MANAGE_SCHEDULE),
    "bookings:item_edit": Studio(get=Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE),
    "bookings:item_dates": Studio(get=Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE),
    "bookings:item_remove": Studio(post=Right.MANAGE_SCHEDULE),
    "bookings:item_restore": Studio(post=Right.MANAGE_SCHEDULE),
    "bookings:session_edit": Studio(get=Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE),
    "bookings:series_edit": Studio(get=Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE),
    "bookings:session_cancel": Studio(get=Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE),
    "bookings:session_restore": Studio(post=Right.MANAGE_SCHEDULE),
    "bookings:session_remove": Studio(post=Right.MANAGE_SCHEDULE),
    "bookings:rooms": Studio(get=Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE),
    "bookings:room": Studio(get=Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE),
    "bookings:room_remove": Studio(post=Right.MANAGE_SCHEDULE),
    "bookings:room_spots": Studio(post=Right.MANAGE_SCHEDULE),
    "bookings:room_order": Studio(post=Right.MANAGE_SCHEDULE),
    "bookings:spot_block": Studio(post=Right.MANAGE_SCHEDULE),
    "bookings:feeds": Studio(get=Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE),
    "bookings:feed_revoke": Studio(post=Right.MANAGE_SCHEDULE),
    "bookings:feed": Open("calendar programs cannot log in; this secret opens nothing", (404, 405), (404, 405)),
    "bookings:member_packages": Studio(get=Right.VIEW_MEMBERS),
    "bookings:purchase_sell": Studio(get=Right.SELL, post=Right.SELL),
    "bookings:purchase": Studio(get=Right.VIEW_MEMBERS),
    "bookings:purchase_hold": Studio(post=Right.SELL),
    "bookings:purchase_resume": Studio(post=Right.SELL),
    "bookings:purchase_expire": Studio(post=Right.MANAGE_PACKAGES),
    "bookings:purchase_revive": Studio(post=Right.MANAGE_PACKAGES),
    "bookings:purchase_extend": Studio(post=Right.MANAGE_PACKAGES),
    "bookings:purchase_adjust": Studio(post=Right.MANAGE_PACKAGES),
    "bookings:purchase_refund": Studio(post=Right.MANAGE_PACKAGES),
    "bookings:purchase_use": Studio(post=Right.BOOK),
    "bookings:assign": Studio(post=Right.BOOK),
    "bookings:choose_again": Studio(post=Right.BOOK),
    "bookings:assign_undo": Studio(post=Right.BOOK),
    "bookings:why": Studio(get=Right.VIEW_BOOKINGS),
    "bookings:support_packages": Studio(get=Right.VIEW_TODAY),
    "bookings:what_if": Studio(get=Right.BOOK),
    "bookings:packages": Studio(get=Right.MANAGE_PACKAGES),
    "bookings:package_new": Studio(get=Right.MANAGE_PACKAGES, post=Right.MANAGE_PACKAGES),
    "bookings:package_items": Studio(get=Right.MANAGE_PACKAGES, post=Right.MANAGE_PACKAGES),
    "bookings:package": Studio(get=Right.MANAGE_PACKAGES),
    "bookings:package_change": Studio(get=Right.MANAGE_PACKAGES, post=Right.MANAGE_PACKAGES),
    "bookings:package_archive": Studio(post=Right.MANAGE_PACKAGES),
    "bookings:package_restore": Studio(post=Right.MANAGE_PACKAGES),
    "bookings:bookings_csv": Studio(get=Right.EXPORT, head=False),
    "bookings:schedule_file": Studio(get=Right.EXPORT, head=False),
    "bookings:member_file": Studio(get=Right.EXPORT, head=False),
    "bookings:history_classes_file": Studio(get=Right.EXPORT, head=False),
    "bookings:bookings_xlsx": Studio(get=Right.EXPORT, head=False),
    "bookings:history": Studio(get=Right.VIEW_HISTORY),
    "bookings:history_month": Studio(get=Right.VIEW_HISTORY),
    "bookings:history_class": Studio(get=Right.VIEW_HISTORY),
    "bookings:history_csv": Studio(get=Right.EXPORT, head=False),
    "bookings:history_xlsx": Studio(get=Right.EXPORT, head=False),
    "bookings:history_months_csv": Studio(get=Right.EXPORT, head=False),
    "bookings:history_months_xlsx": Studio(get=Right.EXPORT, head=False),
    "bookings:history_class_csv": Studio(get=Right.EXPORT, head=False),
    "bookings:history_class_xlsx": Studio(get=Right.EXPORT, head=False),
    "bookings:member_search": Studio(get=Right.VIEW_MEMBERS),
    "bookings:member_photo": Studio(get=Right.VIEW_MEMBERS),
    "bookings:members": Studio(get=Right.VIEW_MEMBERS),
    "bookings:members_file": Studio(get=Right.EXPORT, head=False),
    "bookings:member_new": Studio(get=Right.BOOK, post=Right.BOOK),
    "bookings:member_duplicates": Studio(get=Right.MANAGE_MEMBERS),
    "bookings:member_two_people": Studio(post=Right.MANAGE_MEMBERS),
    "bookings:member": Studio(get=Right.VIEW_MEMBERS),
    "bookings:member_bookings": Studio(get=Right.VIEW_MEMBERS),
    "bookings:member_notes": Studio(get=Right.VIEW_MEMBERS, post=Right.CHECK_IN),
    "bookings:member_note_done": Studio(post=Right.VIEW_MEMBERS),
    "bookings:member_log": Studio(get=Right.VIEW_MEMBERS),
    "bookings:member_data": Studio(get=Right.MANAGE_MEMBERS, post=Right.MANAGE_MEMBERS),
    "bookings:member_export": Studio(get=Right.MANAGE_MEMBERS, head=False),
    "bookings:member_edit": Studio(get=Right.BOOK, post=Right.BOOK),
    "bookings:member_block": Studio(post=Right.MANAGE_MEMBERS),
    "bookings:member_photo_change": Studio(post=Right.BOOK),
    "bookings:member_merge_with": Studio(get=Right.MANAGE_MEMBERS),
    "bookings:member_merge": Studio(get=Right.MANAGE_MEMBERS, post=Right.MANAGE_MEMBERS),
    "bookings:member_merge_undo": Studio(post=Right.MANAGE_MEMBERS),
    "portal:commands": Studio(get=ANY),
    "portal:settings": Studio(get=Right.MANAGE_SETTINGS),
    "portal:settings_group": Studio(get=Right.MANAGE_SETTINGS, post=Right.MANAGE_SETTINGS),
    "portal:settings_group_at": Studio(get=Right.MANAGE_SETTINGS, post=Right.MANAGE_SETTINGS),
    "portal:settings_locations": Studio(get=Right.MANAGE_SETTINGS),
    "portal:settings_location": Studio(get=Right.MANAGE_SETTINGS, post=Right.MANAGE_SETTINGS),
    "portal:settings_location_add": Studio(get=Right.MANAGE_SETTINGS, post=Right.MANAGE_SETTINGS),
    "portal:settings_closing_days": Studio(get=Right.MANAGE_SETTINGS, post=Right.MANAGE_SETTINGS),
    "portal:settings_closing_days_remove": Studio(post=Right.MANAGE_SETTINGS),
    "portal:settings_look": Studio(get=Right.MANAGE_SETTINGS, post=Right.MANAGE_SETTINGS),
    "portal:logo": Studio(get=ANY),
    "portal:switch": Studio(get=ANY, post=ANY),
    "portal:lock": Studio(post=ANY),
    "portal:me": Studio(get=ANY),
    "portal:me_pin": Studio(post=ANY),
    "portal:me_pin_remove": Studio(post=ANY),
    "portal:me_sessions_end": Studio(post=ANY),
    "portal:staff": Studio(get=Right.REQUEST_LOGINS),
    "portal:staff_desk": Studio(post=Right.MANAGE_LOGINS),
    "portal:staff_invite": Studio(get=Right.MANAGE_LOGINS, post=Right.MANAGE_LOGINS),
    "portal:staff_invitation_resend": Studio(post=Right.MANAGE_LOGINS),
    "portal:staff_invitation_link": Studio(post=Right.MANAGE_LOGINS),
    "portal:staff_invitation_withdraw": Studio(post=Right.MANAGE_LOGINS),
    "portal:staff_ask": Studio(get=Right.REQUEST_LOGINS, post=Right.REQUEST_LOGINS),
    "portal:staff_wish_grant": Studio(post=Right.MANAGE_LOGINS),
    "portal:staff_wish_decline": Studio(get=Right.MANAGE_LOGINS, post=Right.MANAGE_LOGINS),
    "portal:staff_wish_withdraw": Studio(post=Right.REQUEST_LOGINS),
    "portal:staff_login": Studio(get=Right.MANAGE_LOGINS, post=Right.MANAGE_LOGINS),
    "portal:staff_active": Studio(post=Right.MANAGE_LOGINS),
    "portal:staff_remove": Studio(get=Right.MANAGE_LOGINS, post=Right.MANAGE_LOGINS),
    "portal:staff_sessions_end": Studio(post=Right.MANAGE_LOGINS),
    "portal:staff_pin_remove": Studio(post=Right.MANAGE_LOGINS),
    "portal:staff_preview": Studio(post=Right.MANAGE_LOGINS),
    "portal:staff_preview_end": Studio(post=ANY),
    "portal:imports": Studio(get=Right.IMPORT, post=Right.IMPORT),
    "portal:import_run": Studio(get=Right.IMPORT),
    "portal:import_mapping": Studio(get=Right.IMPORT, post=Right.IMPORT),
    "portal:import_questions": Studio(get=Right.IMPORT, post=Right.IMPORT),
    "portal:import_write": Studio(post=Right.IMPORT),
    "portal:import_undo": Studio(post=Right.IMPORT),
    "portal:import_retry": Studio(post=Right.IMPORT),
    "portal:import_discard": Studio(post=Right.IMPORT),
    "portal:import_refused": Studio(get=Right.IMPORT),
    "portal:import_forget_template": Studio(post=Right.IMPORT),
    "marketplace:at_risk": Studio(get=Right.CHECK_IN),
    "marketplace:conflict_settle": Studio(post=Right.REVERT, data={"verdict": "disputed"}),
    "marketplace:subscription": Studio(
        get=Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, data={"marketplace": "wellpass", "step": "on"}
    ),
    "marketplace:marketplaces": Studio(get=Right.MANAGE_CONNECTIONS),
    "marketplace:begin": Studio(post=Right.MANAGE_CONNECTIONS, data={"marketplace": "wellpass"}),
    "marketplace:connection": Studio(get=Right.MANAGE_CONNECTIONS),
    "marketplace:locations": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:kinds": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:address": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:secret": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:contract": Studio(get=Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS),
    "marketplace:terms": Studio(get=Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS),
    "marketplace:classes": Studio(get=Right.MANAGE_CONNECTIONS, post=Right.MANAGE_SCHEDULE),
    "marketplace:dry_run": Studio(get=Right.MANAGE_CONNECTIONS),
    "marketplace:log": Studio(get=Right.MANAGE_CONNECTIONS),
    "marketplace:log_csv": Studio(get=Right.EXPORT, head=False),
    "marketplace:log_xlsx": Studio(get=Right.EXPORT, head=False),
    "marketplace:log_exchange": Studio(get=Right.MANAGE_CONNECTIONS),
    "marketplace:log_message": Studio(get=Right.MANAGE_CONNECTIONS),
    "marketplace:log_call": Studio(get=Right.MANAGE_CONNECTIONS),
    "marketplace:retry": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:retry_all": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:apply_again": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:sync_now": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:old_passes": Studio(get=Right.MANAGE_CONNECTIONS),
    "marketplace:old_passes_members": Studio(get=Right.MANAGE_CONNECTIONS),
    "marketplace:old_passes_retire": Studio(post=Right.MANAGE_PACKAGES),
    "marketplace:old_passes_restore": Studio(post=Right.MANAGE_PACKAGES),
    "marketplace:test": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:pause": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:resume": Studio(post=Right.MANAGE_CONNECTIONS),
    "marketplace:end": Studio(get=Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS),
}
