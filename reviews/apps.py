from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        from portal.members.holdings import register as hold
        from reviews import receivers  # noqa: F401 (which connects itself)
        from reviews.holdings import Reviews
        from reviews.kinds import register_kinds

        hold(Reviews())
        register_kinds()
