from django.urls import path

from invoicing.views import settings

urlpatterns = [
    path("settings/invoices/", settings.settings, name="settings"),
    path("settings/invoices/bank/", settings.bank, name="settings_bank"),
    path("settings/invoices/tax-status/", settings.tax_status, name="settings_tax_status"),
    path(
        "settings/invoices/tax-status/<int:tax_status>/remove/",
        settings.tax_status_remove,
        name="settings_tax_status_remove",
    ),
    path("settings/invoices/agreement/<slug:marketplace>/", settings.agreement, name="settings_agreement"),
    path("settings/invoices/agreement/<slug:marketplace>/end/", settings.agreement_end, name="settings_agreement_end"),
]
