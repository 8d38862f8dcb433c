from django.urls import include, path, register_converter

from bookings.converters import MonthConverter
from bookings.views import appointments, balance_proof, bookable, bookings, check_ins, reservations, selling, waiting
from portal.downloads import FileKindConverter

register_converter(MonthConverter, "month")
register_converter(FileKindConverter, "file_kind")

app_name = "bookings"
urlpatterns = [
    path("check-ins/", check_ins.check_ins, name="check_ins"),
    path("check-ins/changes/", check_ins.check_ins_changes, name="check_ins_changes"),
    path("reservations/<int:reservation>/check-in/", reservations.check_in, name="check_in"),
    path("reservations/<int:reservation>/revert-check-in/", reservations.revert_check_in, name="revert_check_in"),
    path("reservations/<int:reservation>/no-show/", reservations.mark_no_show, name="mark_no_show"),
    path("reservations/<int:reservation>/revert-no-show/", reservations.revert_no_show, name="revert_no_show"),
    path("reservations/<int:reservation>/withdraw/", reservations.withdraw, name="withdraw"),
    path("reservations/<int:reservation>/sell/", selling.sell_for, name="sell_for"),
    path("reservations/<int:reservation>/photo/", reservations.reservation_photo, name="reservation_photo"),
    path("events/<int:event>/undo/", reservations.undo, name="undo"),
    path("imports/<int:purchase_run>/balances.csv", balance_proof.balance_proof_file, name="balance_proof"),
    path("place/<str:token>/", waiting.place, name="place"),
    path("bookings/", bookings.bookings, name="bookings"),
    path("bookings/waiting/<int:entry>/", waiting.waiting, name="waiting"),
    path("appointments/new/", appointments.appointment_new, name="appointment_new"),
    path("sessions/<int:session>/bookable/", bookable.bookable, name="bookable"),
    path("sessions/<int:session>/add/", bookable.add_person, name="add_person"),
    path("sessions/<int:session>/book/", bookable.book, name="book"),
    path("bookings/<int:reservation>/cancel/", bookings.cancel, name="cancel"),
    path("bookings/<int:reservation>/cancel-course/", bookings.cancel_course, name="cancel_course"),
    path("bookings/<int:reservation>/reinstate/", bookings.reinstate, name="reinstate"),
    path("", include("bookings.start_urls")),
    path("", include("bookings.member_urls")),
    path("", include("bookings.schedule_urls")),
    path("", include("bookings.package_urls")),
    path("", include("bookings.purchase_urls")),
    path("", include("bookings.roster_urls")),
    path("", include("bookings.history_urls")),
    path("", include("bookings.insight_urls")),
]
