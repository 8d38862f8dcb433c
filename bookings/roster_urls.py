"""The roster of one session, and walk-ins."""

from django.urls import path

from bookings.views import notes, roster_deeds, seen, session, session_files, walk_in

urlpatterns = [
    path("sessions/<int:session>/", session.session, name="session"),
    path("sessions/<int:session>/changes/", session.session_changes, name="session_changes"),
    path("sessions/<int:session>/seen/", seen.session_seen, name="session_seen"),
    path("sessions/<int:session>/all/", session.session_all, name="session_all"),
    path("sessions/<int:session>/roster.pdf", session_files.session_pdf, name="session_pdf"),
    path("sessions/<int:session>/roster.csv", session_files.session_file, {"kind": "csv"}, name="session_csv"),
    path("sessions/<int:session>/roster.xlsx", session_files.session_file, {"kind": "xlsx"}, name="session_xlsx"),
    path("reservations/<int:reservation>/give-up/", roster_deeds.give_up, name="give_up"),
    path("reservations/<int:reservation>/take-back/", roster_deeds.take_back, name="take_back"),
    path("reservations/<int:reservation>/spot/", roster_deeds.spot, name="spot"),
    path("reservations/<int:reservation>/package/", roster_deeds.package, name="roster_package"),
    path("reservations/<int:reservation>/note/", notes.note, name="note"),
    path("reservations/<int:reservation>/notes/<int:note>/done/", notes.note_done, name="note_done"),
    path("walk-in/", walk_in.walk_in, name="walk_in"),
]
