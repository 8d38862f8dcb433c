"""What the command palette knows of reviews beside the page itself."""

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.access import StudioRequest
from portal.commands import Command, Section, matching
from portal.roles import Right

SHORTEST = 2  # letters


def reviews(request: StudioRequest, text: str) -> Section:
    if not request.may(Right.ANSWER_REVIEWS) or len(text.strip()) < SHORTEST:
        return Section(_("Reviews"), [])
    slug = request.studio.slug
    address = reverse("reviews:reviews", args=[slug])
    found = [
        Command(_("Reviews without a reply"), f"{address}?unanswered=1", "reply"),
        Command(_("Reviews of 3 or less"), f"{address}?low=1", "star"),
        Command(_("How scores come about"), reverse("reviews:method", args=[slug]), "calculator"),
    ]
    return Section(_("Reviews"), matching(text, found))
