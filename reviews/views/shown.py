"""What lines and pages show of a review, made once for lists, the page of one, and a member's profile."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.shortcuts import get_object_or_404

from portal.access import StudioRequest
from portal.locations import LocationChoice
from portal.models import Location
from reviews.models import Review
from reviews.rules import LOW
from reviews.rules.standing import stars_of
from reviews.selectors.listing import furnished
from reviews.selectors.overall import at
from reviews.words import REPLY_STATE_WORDS, reply_state, rule_words

FOLDED = 400  # characters of a text that a list shows before it folds


@dataclass(frozen=True)
class Shown:
    """One review as a line; `text` is empty while it is hidden or without words."""

    review: Review
    zone: ZoneInfo

    @property
    def stars(self) -> int:
        return stars_of(self.review.score)

    @property
    def is_low(self) -> bool:
        return self.review.score <= LOW

    @property
    def is_hidden(self) -> bool:
        return self.review.hidden_at is not None

    @property
    def rule(self) -> str:
        """The rule that it breaches, of a hidden one."""
        return rule_words(getattr(self.review, "case_rule", None) or "")

    @property
    def text(self) -> str:
        return "" if self.is_hidden else self.review.text

    @property
    def is_long(self) -> bool:
        return len(self.text) > FOLDED or self.text.count("\n") > 5

    @property
    def begins(self) -> str:
        """The first words of a long text."""
        words, _cut, _rest = " ".join(self.text.split())[:FOLDED].rpartition(" ")
        return words or " ".join(self.text.split())[:FOLDED]

    @property
    def visited_at(self) -> datetime:
        return self.review.reservation.starts_at.astimezone(self.review.reservation.location.tz)

    @property
    def written_at(self) -> datetime:
        return self.review.written_at.astimezone(self.zone)

    @property
    def edited_at(self) -> datetime | None:
        return self.review.edited_at and self.review.edited_at.astimezone(self.zone)

    @property
    def reply(self) -> str:
        return reply_state(self.review)

    @property
    def reply_words(self) -> str:
        return str(REPLY_STATE_WORDS[self.reply])

    @property
    def response(self) -> Any:
        return getattr(self.review, "response", None)


def zone_of(places: list[Location]) -> ZoneInfo:
    """In whose clock days and months of reviews are told: the first location's that the reader sees."""
    return places[0].tz if places else ZoneInfo("UTC")


def the_review(request: StudioRequest, pk: int, choice: LocationChoice) -> Review:
    """The review of this studio, of a visit where the login may look. Raises Http404."""
    reviews = at(request.studio.reviews.all(), choice.visible)
    found: Review = get_object_or_404(furnished(reviews).select_related("reservation__studio", "studio"), pk=pk)
    return found
