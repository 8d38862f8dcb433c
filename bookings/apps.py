from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings import commands, judging, leaving, notices, operator, preferences, receivers, studio_log, today  # noqa: F401 (which register themselves)
        from bookings.holdings import Reservations, Waits
        from bookings.onboarding import register_steps
        from bookings.practice_words import practice_alarm
        from bookings.purchase_import import PurchaseImport
        from bookings.reservation_import import ReservationImport
        from portal import alarms
        from portal.imports.kinds import register
        from portal.members.holdings import register as hold
        from portal.preferences import registry as settings

        register(ReservationImport())
        register(PurchaseImport())
        hold(Reservations())
        hold(Waits())
        settings.register(preferences.BOOKING)
        settings.register(preferences.CHECK_IN_GROUP)
        settings.register(preferences.PRACTICE_GROUP)
        alarms.register(practice_alarm)
        register_steps()
        notices.register_kinds()
        judging.register_previews()
        commands.register_commands()
        today.register_today()
        studio_log.register_log()
        operator.register()
        leaving.register()
