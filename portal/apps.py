from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        from allauth.account.signals import password_reset

        from portal import commands
        from portal.accounts import forget_guesses
        from portal.imports.kinds import register
        from portal.leaving import own as leaving
        from portal.leaving.holding import Archives
        from portal.log.own import register_own
        from portal.members.holdings import register as hold
        from portal.members.own import Log, Notes
        from portal.members.traces import Mails, Traces
        from portal.onboarding.path import checklist
        from portal.onboarding.steps import register_steps
        from portal.operator import figures, waiting
        from portal.preferences import groups
        from portal.preferences import registry as settings
        from portal.resources import MemberImport
        from portal.support.holding import Tickets
        from portal.support.palette import palette as help_palette
        from portal.support.shipped import load_after_migration
        from portal.today import cards
        from portal.today import registry as today

        register(MemberImport())
        for holding in (Notes(), Log(), Traces(), Mails(), Tickets(), Archives()):
            hold(holding)
        for group in (
            groups.STUDIO,
            groups.LOCATIONS,
            groups.CLOSING_DAYS,
            groups.LOOK,
            groups.NOTICES,
            groups.DATA,
            groups.START,
        ):
            settings.register(group)
        register_steps()
        cards.register_today()
        register_own()
        leaving.register()
        today.register_block(checklist, group=today.TOP, place=0)
        figures.register()
        waiting.register()
        commands.register(commands.pages, place=10)
        commands.register(commands.settings, place=90)
        commands.register(help_palette, place=95)
        password_reset.connect(forget_guesses, dispatch_uid="portal.accounts.guesses")
        post_migrate.connect(load_after_migration, sender=self, dispatch_uid="portal.support.shipped")
