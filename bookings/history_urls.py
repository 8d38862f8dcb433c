"""Addresses of the check-in history, and each page's table as a file; that of the bookings, too."""

from django.urls import path

from bookings.views import bookings_files, history, history_files

urlpatterns = [
    path("bookings.csv", bookings_files.bookings_file, {"kind": "csv"}, name="bookings_csv"),
    path("bookings.xlsx", bookings_files.bookings_file, {"kind": "xlsx"}, name="bookings_xlsx"),
    path("history/", history.history, name="history"),
    path("history.csv", history_files.history_months_file, {"kind": "csv"}, name="history_months_csv"),
    path("history.xlsx", history_files.history_months_file, {"kind": "xlsx"}, name="history_months_xlsx"),
    path("history/<month:month>.csv", history_files.history_file, {"kind": "csv"}, name="history_csv"),
    path("history/<month:month>.xlsx", history_files.history_file, {"kind": "xlsx"}, name="history_xlsx"),
    path(
        "history/<month:month>/classes.<file_kind:file_kind>",
        history_files.history_classes_file,
        name="history_classes_file",
    ),
    path("history/<month:month>/", history.history_month, name="history_month"),
    path("history/<month:month>/<int:item>/", history.history_class, name="history_class"),
    path(
        "history/<month:month>/<int:item>.csv",
        history_files.history_class_file,
        {"kind": "csv"},
        name="history_class_csv",
    ),
    path(
        "history/<month:month>/<int:item>.xlsx",
        history_files.history_class_file,
        {"kind": "xlsx"},
        name="history_class_xlsx",
    ),
]
