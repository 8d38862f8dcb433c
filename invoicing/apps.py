from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvoicingConfig(AppConfig):
    name = "invoicing"
    verbose_name = _("Invoices")

    def ready(self) -> None:
        from invoicing import commands, leaving, operator, preferences, receivers, shown, studio_log, today  # noqa: F401 (which register themselves)
        from invoicing.demo import receivers as demo  # noqa: F401 (which connect themselves)
        from invoicing.holdings import StatementTraces
        from invoicing.notices import register_kinds
        from portal import commands as palette
        from portal.members.holdings import register as hold
        from portal.preferences import registry as settings

        hold(StatementTraces())
        settings.register(preferences.INVOICES)
        register_kinds()
        palette.register(commands.invoices, place=47)
        today.register_today()
        studio_log.register_log()
        operator.register()
        leaving.register()
