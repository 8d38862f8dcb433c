from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PackagesConfig(AppConfig):
    name = "packages"
    verbose_name = _("Packages")

    def ready(self) -> None:
        from packages import leaving, preferences
        from packages.holdings import Purchases
        from portal.members.holdings import register as hold
        from portal.preferences import registry as settings

        hold(Purchases())
        settings.register(preferences.PACKAGES)
        leaving.register()
