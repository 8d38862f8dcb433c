from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PackagesConfig(AppConfig):
    name = "packages"
    verbose_name = _("Packages")

    def ready(self) -> None:
        from packages import preferences
        from portal.preferences import registry as settings

        settings.register(preferences.PACKAGES)
