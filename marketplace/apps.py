from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketplaceConfig(AppConfig):
    name = "marketplace"
    verbose_name = _("Marketplaces")

    def ready(self) -> None:
        from bookings.selectors import agreed as agreements
        from marketplace import receivers, shown  # noqa: F401 (which connect themselves)
        from marketplace.adapters import groupx, register
        from marketplace.holdings import Guests
        from marketplace.selectors.agreed import agreed_for
        from portal.members.holdings import register as hold

        register(groupx.NAME, groupx.GroupX)
        hold(Guests())
        agreements.register(agreed_for)
