from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        from portal.imports.kinds import register
        from portal.preferences import groups
        from portal.preferences import registry as settings
        from portal.resources import MemberImport

        register(MemberImport())
        for group in (groups.STUDIO, groups.LOCATIONS, groups.CLOSING_DAYS, groups.LOOK):
            settings.register(group)
