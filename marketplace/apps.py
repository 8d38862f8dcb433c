from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketplaceConfig(AppConfig):
    name = "marketplace"
    verbose_name = _("Marketplaces")

    def ready(self) -> None:
        from bookings.selectors import agreed as agreements
        from marketplace import commands, leaving, operator, preferences, receivers, shown, studio_log, today  # noqa: F401 (which connect themselves)
        from marketplace.adapters import groupx, register
        from marketplace.alarms import late_connections
        from marketplace.holdings import Guests
        from marketplace.notices import register_kinds
        from marketplace.selectors.agreed import agreed_for
        from portal import alarms
        from portal import commands as palette
        from portal.members.holdings import register as hold
        from portal.onboarding.registry import Step
        from portal.onboarding.registry import register as register_step
        from portal.preferences import registry as settings

        register(groupx.NAME, groupx.GroupX)
        hold(Guests())
        register_kinds()
        agreements.register(agreed_for)
        alarms.register(late_connections)
        settings.register(preferences.SUBSCRIPTION)
        palette.register(commands.marketplaces, place=45)
        today.register_today()
        studio_log.register_log()
        operator.register()
        leaving.register()
        register_step(
            Step(
                word="marketplaces",
                place=80,
                title=_("Marketplaces"),
                about=_("Contract, add-on, activation, classes: the stages are shown with their dates"),
                minutes=5,
                url_name="marketplace:marketplaces",
                is_done=lambda studio: studio.connections.exists(),
                optional=True,
            )
        )
