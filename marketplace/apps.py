from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketplaceConfig(AppConfig):
    name = "marketplace"
    verbose_name = _("Marketplaces")

    def ready(self) -> None:
        from bookings.selectors import agreed as agreements
        from marketplace import commands, preferences, receivers, shown  # noqa: F401 (which connect themselves)
        from marketplace.adapters import groupx, register
        from marketplace.alarms import late_connections
        from marketplace.holdings import Guests
        from marketplace.selectors.agreed import agreed_for
        from portal import alarms
        from portal import commands as palette
        from portal.members.holdings import register as hold
        from portal.preferences import registry as settings

        register(groupx.NAME, groupx.GroupX)
        hold(Guests())
        agreements.register(agreed_for)
        alarms.register(late_connections)
        settings.register(preferences.SUBSCRIPTION)
        palette.register(commands.marketplaces, place=45)
