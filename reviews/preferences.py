"""What a studio asks its members after a visit, as settings (Q35)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.template.defaultfilters import floatformat
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.preferences.registry import Conflict, Group, Preview, Scope, Setting, register_preview
from portal.roles import Right
from reviews import rules
from reviews.member_words import NAMES
from reviews.rules import Criterion
from reviews.selectors.asking import policy_of
from reviews.selectors.judged import mean_with
from reviews.words import score_words

WEIGHTS = {f"weight_{one.value}": one for one in Criterion}


def row(scope: Scope) -> Model:
    return policy_of(scope.studio)


def conflicts(scope: Scope, values: Mapping[str, Any]) -> list[Conflict]:
    """Some criterion must have weight that every class is asked for: the teacher alone cannot carry it."""
    always = [name for name, one in WEIGHTS.items() if one is not Criterion.TEACHER]
    if any(values.get(name) for name in always):
        return []
    words = _("A class without a teacher would have nothing to mark: one of these needs a weight above 0.")
    return [Conflict(tuple(always), words)]


def _weight(criterion: Criterion, changes: Any) -> Setting:
    return Setting(f"weight_{criterion.value}", NAMES[criterion], changes)


REVIEWS = Group(
    word="reviews",
    label=gettext_lazy("Reviews"),
    summary=gettext_lazy("Criteria with their weights, and the mail that asks"),
    icon="message-square-quote",
    row=row,
    right=Right.ANSWER_REVIEWS,
    conflicts=conflicts,
    of_studio=(
        _weight(
            Criterion.CLASS,
            gettext_lazy(
                "How much this mark weighs in a score. Reviews that were written keep their weights. 0: not asked."
            ),
        ),
        _weight(
            Criterion.TEACHER,
            gettext_lazy("Of a class without a teacher it is not asked; the others share its weight."),
        ),
        _weight(Criterion.PLACE, gettext_lazy("Rooms, showers, equipment, as members mark them. 0: not asked.")),
        _weight(Criterion.WELCOME, gettext_lazy("How members were received. 0: not asked.")),
        Setting(
            "invites",
            gettext_lazy("Ask by mail after a visit"),
            gettext_lazy(
                "Members with an e-mail address get a link, good for 14 days. They can say that they want none."
            ),
        ),
        Setting(
            "invite_after_hours",
            gettext_lazy("Ask so long after the class"),
            gettext_lazy("Counted from its end."),
            gettext_lazy("hours"),
        ),
        Setting(
            "invite_pause_days",
            gettext_lazy("At most once in"),
            gettext_lazy("However often somebody comes, the next mail waits so long. 0: after every visit."),
            gettext_lazy("days"),
        ),
    ),
)


def register_previews() -> None:
    for name in WEIGHTS:
        register_preview(f"studio.{name}", _previewer(name))


def _previewer(name: str) -> Any:
    def preview(scope: Scope, value: int | None, now: datetime) -> Preview | None:
        return None if value is None else weights_preview(scope, WEIGHTS[name], value, now)

    return preview


def weights_preview(scope: Scope, criterion: Criterion, value: int, now: datetime) -> Preview | None:
    """What the criterion's share would be, and what last month's mean."""
    weights = {**policy_of(scope.studio).weights, criterion: value}
    shares = rules.weights_in_percent(weights) if any(weights.values()) else {}
    share = _("%(share)s %% of the score.") % {"share": floatformat(shares.get(criterion, Decimal(0)), -1)}
    place = next(iter(scope.locations), None)
    if place is None:
        return Preview(share)
    judged = mean_with(scope.studio, weights, zone=place.tz, now=now, locations=scope.locations)
    facts = {
        "month": date_format(judged.month, "YEAR_MONTH_FORMAT"),
        "mean": score_words(judged.mean),
        "then": score_words(judged.then),
        "number": judged.reviews,
    }
    if not judged.reviews:
        told = _("%(month)s has no reviews to judge by.")
    elif judged.mean == judged.then:
        told = _("The mean of %(month)s would have been %(mean)s all the same.")
    else:
        told = _("With these weights the mean of %(month)s would have been %(then)s instead of %(mean)s.")
    counted = ngettext(
        "%(number)s review that is shown, of a visit that stands. Those that were written keep their scores.",
        "%(number)s reviews that are shown, of visits that stand. Those that were written keep their scores.",
        judged.reviews,
    )
    return Preview(f"{share} {told % facts}", counted % facts if judged.reviews else "")
