"""How scores and means come about, what does not count, and why nobody deletes a review (Q33, Q35)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.access import StudioRequest, studio_view
from portal.roles import Right
from reviews import rules
from reviews.member_words import NAMES
from reviews.models import Rule
from reviews.selectors.asking import policy_of
from reviews.words import sum_words

#: The marks of the page's example.
EXAMPLE: dict[str, int] = {
    rules.Criterion.CLASS: 4,
    rules.Criterion.TEACHER: 5,
    rules.Criterion.PLACE: 3,
    rules.Criterion.WELCOME: 5,
}


@studio_view(Right.ANSWER_REVIEWS)
@require_safe
def method(request: StudioRequest) -> HttpResponse:
    """To read and to print: what holds here, with the studio's own weights."""
    weights = policy_of(request.studio).weights
    asked = {one: marks for one, marks in EXAMPLE.items() if weights[one]}
    without = {one: marks for one, marks in asked.items() if one != rules.Criterion.TEACHER}
    context = {
        "shares": [(NAMES[one], weights[one], share) for one, share in rules.weights_in_percent(weights).items()],
        "example": rules.score(asked, weights),
        "example_sum": sum_words(rules.score(asked, weights)),
        "without_teacher": sum_words(rules.score(without, weights)) if weights[rules.Criterion.TEACHER] else "",
        "terms": Rule.choices,
        "may_set": request.may(Right.MANAGE_SETTINGS),
        "crumbs": [(_("Reviews"), reverse("reviews:reviews", args=[request.studio.slug]))],
    }
    return render(request, "reviews/method.html", context)
