from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        from portal import commands
        from portal.imports.kinds import register
        from portal.members.holdings import register as hold
        from portal.members.own import Log, Notes
        from portal.members.traces import Traces
        from portal.preferences import groups
        from portal.preferences import registry as settings
        from portal.resources import MemberImport
        from portal.support.shipped import load_after_migration

        register(MemberImport())
        for holding in (Notes(), Log(), Traces()):
            hold(holding)
        for group in (groups.STUDIO, groups.LOCATIONS, groups.CLOSING_DAYS, groups.LOOK):
            settings.register(group)
        commands.register(commands.pages, place=10)
        commands.register(commands.settings, place=90)
        post_migrate.connect(load_after_migration, sender=self, dispatch_uid="portal.support.shipped")
