from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        from bookings import profile_tabs
        from portal import commands as palette
        from portal.members.holdings import register as hold
        from portal.preferences import registry as settings
        from portal.roles import Right
        from portal.today import registry as today
        from reviews import commands, leaving, log_words, operator, preferences, receivers  # noqa: F401 (which connect themselves)
        from reviews.holdings import Reviews
        from reviews.kinds import register_kinds
        from reviews.today import unanswered

        hold(Reviews())
        register_kinds()
        operator.register()
        leaving.register()
        log_words.register_words()
        settings.register(preferences.REVIEWS)
        preferences.register_previews()
        today.register(unanswered, place=45)
        palette.register(commands.reviews, place=48)
        profile_tabs.register(profile_tabs.ProfileTab("reviews:member_reviews", _("Reviews"), Right.ANSWER_REVIEWS))
