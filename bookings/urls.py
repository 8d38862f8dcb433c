from django.urls import path, register_converter

from bookings.converters import MonthConverter
from bookings.views import bookings, history

register_converter(MonthConverter, "month")

app_name = "bookings"
urlpatterns = [
    path("bookings/", bookings.bookings, name="bookings"),
    path("bookings/<int:reservation>/cancel/", bookings.cancel, name="cancel"),
    path("bookings/<int:reservation>/reinstate/", bookings.reinstate, name="reinstate"),
    path("history/", history.history, name="history"),
    path("history/<month:month>.csv", history.history_csv, name="history_csv"),
    path("history/<month:month>/", history.history_month, name="history_month"),
    path("history/<month:month>/<int:item>/", history.history_class, name="history_class"),
]
