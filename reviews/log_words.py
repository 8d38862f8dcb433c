"""What the studio's log says of reviews."""

from collections.abc import Collection, Mapping

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from portal.log.registry import Named, Subject, Words, names_by, register_subject
from portal.models import Studio
from reviews.models import Report, Review, ReviewPolicy

KINDS: dict[str, Words] = {
    "written": lazy("written by a member"),
    "changed": lazy("changed by its author"),
    "replied": lazy("answered"),
    "reply_changed": lazy("reply changed"),
    "reply_withdrawn": lazy("reply withdrawn"),
    "reported": lazy("reported to the operator"),
    **{decision.value: lazy("decided by the operator") for decision in Report.Decision},
}


def names_of(studio: Studio, keys: Collection[int]) -> Mapping[int, Named]:
    """By the class and the day of the visit; one query."""
    found = Review.objects.filter(studio=studio, pk__in=keys).select_related(
        "reservation__location", "reservation__session__item"
    )
    return names_by((one.pk, _name(one), reverse("reviews:review", args=[studio.slug, one.pk])) for one in found)


def _name(review: Review) -> str:
    visit = review.reservation
    return _("%(class)s, %(day)s") % {
        "class": visit.session.item.name,
        "day": date_format(visit.location.local_day(visit.starts_at), "SHORT_DATE_FORMAT"),
    }


def names_of_policies(studio: Studio, keys: Collection[int]) -> Mapping[int, Named]:
    url = reverse("portal:settings_group", args=[studio.slug, "reviews"])
    return names_by((key, _("Reviews"), url) for key in keys)


def register_words() -> None:
    fields = {"score": lazy("Score"), "rule": lazy("Rule"), "reason": lazy("Reason")}
    register_subject(Subject("review", lazy("Review"), KINDS, names_of, fields=fields))
    register_subject(
        Subject(
            "reviewpolicy", lazy("Settings of reviews"), {"set": lazy("set")}, names_of_policies, model=ReviewPolicy
        )
    )
