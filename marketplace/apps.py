from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketplaceConfig(AppConfig):
    name = "marketplace"
    verbose_name = _("Marketplaces")

    def ready(self) -> None:
        from marketplace import receivers, shown  # noqa: F401 (which connect themselves)
