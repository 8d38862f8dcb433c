"""The studio's log, and its files."""

from django.urls import path

from portal.views import log

urlpatterns = [
    path("<slug:studio>/log/", log.log, name="log"),
    path("<slug:studio>/log/<int:change>/undo/", log.log_undo, name="log_undo"),
    path("<slug:studio>/log.csv", log.log_file, {"kind": "csv"}, name="log_csv"),
    path("<slug:studio>/log.xlsx", log.log_file, {"kind": "xlsx"}, name="log_xlsx"),
]
