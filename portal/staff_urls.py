"""The addresses of logins and of the desk, all below a studio."""

from django.urls import path

from portal.views import staff, staff_desk
from portal.views import staff_invitations as coming

S = "<slug:studio>/"
urlpatterns = [
    path(S + "switch/", staff_desk.switch, name="switch"),
    path(S + "lock/", staff_desk.lock, name="lock"),
    path(S + "staff/", staff.staff, name="staff"),
    path(S + "staff/desk/", staff.staff_desk, name="staff_desk"),
    path(S + "me/", staff_desk.me, name="me"),
    path(S + "me/pin/", staff_desk.me_pin, name="me_pin"),
    path(S + "me/pin/remove/", staff_desk.me_pin_remove, name="me_pin_remove"),
    path(S + "me/sessions/end/", staff_desk.me_sessions_end, name="me_sessions_end"),
    path(S + "staff/preview/end/", staff_desk.staff_preview_end, name="staff_preview_end"),
    path(S + "staff/invite/", coming.staff_invite, name="staff_invite"),
    path(
        S + "staff/invitations/<int:invitation>/resend/", coming.staff_invitation_resend, name="staff_invitation_resend"
    ),
    path(S + "staff/invitations/<int:invitation>/link/", coming.staff_invitation_link, name="staff_invitation_link"),
    path(
        S + "staff/invitations/<int:invitation>/withdraw/",
        coming.staff_invitation_withdraw,
        name="staff_invitation_withdraw",
    ),
    path(S + "staff/ask/", coming.staff_ask, name="staff_ask"),
    path(S + "staff/wishes/<int:wish>/grant/", coming.staff_wish_grant, name="staff_wish_grant"),
    path(S + "staff/wishes/<int:wish>/decline/", coming.staff_wish_decline, name="staff_wish_decline"),
    path(S + "staff/wishes/<int:wish>/withdraw/", coming.staff_wish_withdraw, name="staff_wish_withdraw"),
    path(S + "staff/<int:login>/", staff.staff_login, name="staff_login"),
    path(S + "staff/<int:login>/active/", staff.staff_active, name="staff_active"),
    path(S + "staff/<int:login>/remove/", staff.staff_remove, name="staff_remove"),
    path(S + "staff/<int:login>/sessions/end/", staff.staff_sessions_end, name="staff_sessions_end"),
    path(S + "staff/<int:login>/pin/remove/", staff.staff_pin_remove, name="staff_pin_remove"),
    path(S + "staff/<int:login>/preview/", staff_desk.staff_preview, name="staff_preview"),
]
