from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvoicingConfig(AppConfig):
    name = "invoicing"
    verbose_name = _("Invoices")

    def ready(self) -> None:
        from invoicing import preferences, shown  # noqa: F401 (which registers itself)
        from portal.preferences import registry as settings

        settings.register(preferences.INVOICES)
