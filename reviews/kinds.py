"""What staff can be told about reviews."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from portal.notices.registry import How, NoticeKind, register
from portal.roles import Preset, Right
from reviews import rules

LOW, WRITTEN, CHANGED, DECIDED = "reviews.low", "reviews.written", "reviews.changed", "reviews.decided"

_RIGHT = Right.ANSWER_REVIEWS


def kind_for(score: Decimal) -> str:
    return LOW if score <= rules.LOW else WRITTEN


def register_kinds() -> None:
    register(
        NoticeKind(
            word=LOW,
            label=_("Review of 3 or less"),
            counted=ngettext_lazy("%(number)d review of 3 or less", "%(number)d reviews of 3 or less", "number"),
            about=_("A member gave a visit a score of 3.00 or less. A quick and kind reply helps most."),
            right=_RIGHT,
            defaults={Preset.OWNER: How.AT_ONCE, Preset.MANAGER: How.DIGEST},
        )
    )
    register(
        NoticeKind(
            word=WRITTEN,
            label=_("New review"),
            counted=ngettext_lazy("%(number)d new review", "%(number)d new reviews", "number"),
            about=_("A member wrote a review with a score above 3.00."),
            right=_RIGHT,
            defaults={Preset.OWNER: How.DIGEST, Preset.MANAGER: How.DIGEST},
        )
    )
    register(
        NoticeKind(
            word=CHANGED,
            label=_("Review changed after your reply"),
            counted=ngettext_lazy(
                "%(number)d review changed after your reply", "%(number)d reviews changed after your reply", "number"
            ),
            about=_("A member changed a review that you had replied to, so that the reply may no longer fit."),
            right=_RIGHT,
            defaults={Preset.OWNER: How.AT_ONCE, Preset.MANAGER: How.DIGEST},
        )
    )
    register(
        NoticeKind(
            word=DECIDED,
            label=_("Decision about a review"),
            counted=ngettext_lazy("%(number)d decision about a review", "%(number)d decisions about reviews", "number"),
            about=_("The operator decided about a review: that you reported, or that had to be looked at."),
            right=_RIGHT,
            defaults={Preset.OWNER: How.AT_ONCE, Preset.MANAGER: How.AT_ONCE},
        )
    )
