"""Addresses of a connection's sync log, and of what can be done from it."""

from django.urls import path

from marketplace.views import log, log_deeds, log_details

urlpatterns = [
    path("marketplaces/<slug:marketplace>/log/", log.log, name="log"),
    path("marketplaces/<slug:marketplace>/log.csv", log.log_file, {"kind": "csv"}, name="log_csv"),
    path("marketplaces/<slug:marketplace>/log.xlsx", log.log_file, {"kind": "xlsx"}, name="log_xlsx"),
    path("marketplaces/<slug:marketplace>/log/requests/<int:exchange>/", log_details.exchange, name="log_exchange"),
    path("marketplaces/<slug:marketplace>/log/messages/<int:message>/", log_details.message, name="log_message"),
    path(
        "marketplaces/<slug:marketplace>/log/messages/<int:message>/again/", log_deeds.apply_again, name="apply_again"
    ),
    path("marketplaces/<slug:marketplace>/log/calls/<int:call>/", log_details.call, name="log_call"),
    path("marketplaces/<slug:marketplace>/log/calls/<int:call>/retry/", log_deeds.retry, name="retry"),
    path("marketplaces/<slug:marketplace>/log/calls/retry/", log_deeds.retry_all, name="retry_all"),
    path("marketplaces/<slug:marketplace>/log/sync/", log_deeds.sync_now, name="sync_now"),
]
