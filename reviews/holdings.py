"""What a member holds of reviews: what they wrote about their visits, and that they want no mails about them (Q39)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.members.holdings import Exported, Holding, People, Preview
from portal.members.masking import GONE, whole_words
from portal.models import Member, StaffLogin
from reviews.models import Report, Response, ResponseVersion, Review, ReviewInvitation, ReviewOptOut, ReviewVersion
from reviews.rules import CRITERIA


class Reviews(Holding):
    """A review is of its reservation and goes with it; only the wish not to be asked is the member's own."""

    key, label, position = "reviews", gettext_lazy("Reviews"), 30

    def preview(self, merged: Member, kept: Member) -> Preview:
        return Preview(str(self.label), Review.objects.filter(reservation__member=merged).count())

    def lock(self, merged: Member, kept: Member, moved: Any = None) -> Any:
        return None

    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        """Who said no as either is not asked as both."""
        theirs = ReviewOptOut.objects.filter(member=merged).first()
        if theirs is None:
            return {"opted_out": None, "given": False}
        _kept, given = ReviewOptOut.objects.get_or_create(member=kept, defaults={"at": theirs.at})
        theirs.delete()
        return {"opted_out": theirs.at.isoformat(), "given": given}

    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        if moved["opted_out"] is None:
            return []
        at = datetime.fromisoformat(moved["opted_out"])
        ReviewOptOut.objects.get_or_create(member=merged, defaults={"at": at})
        if moved["given"]:
            ReviewOptOut.objects.filter(member=kept, at=at).delete()
        return []

    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        columns = (
            ("visit", _("Visit")),
            ("class", _("Class")),
            ("written_at", _("Written")),
            ("changed_at", _("Changed")),
            ("marks", _("Marks")),
            ("score", _("Score")),
            ("text", _("Review")),
            ("source", _("Source")),
            ("hidden_at", _("Hidden since")),
            ("reply", _("Reply")),
            ("replied_at", _("Replied")),
        )
        earlier = (
            ("visit", _("Visit")),
            ("written_at", _("Written")),
            ("replaced_at", _("Replaced")),
            ("marks", _("Marks")),
            ("score", _("Score")),
            ("text", _("Review")),
        )
        return [
            Exported("reviews", columns, [_row(review) for review in _of(members)]),
            Exported("reviews_before_changes", earlier, [_version_row(version) for version in _versions_of(members)]),
            *_asked(members),
        ]

    def let_go(self, members: Sequence[Member], *, by: StaffLogin, now: datetime) -> int:
        return 0

    def scrub(self, people: People, *, now: datetime) -> None:
        """The words go, here and in what was said before; marks and score stay, for the mean."""
        members = people.members
        reviews = Review.objects.filter(reservation__member__in=members, scrubbed_at=None).order_by("pk")
        keys = list(reviews.select_for_update(of=("self",)).values_list("pk", flat=True))
        Review.objects.filter(pk__in=keys).update(text="", scrubbed_at=now)
        ReviewVersion.objects.filter(review__in=keys).exclude(text="").update(text="")
        ReviewOptOut.objects.filter(member__in=members).delete()
        _take_names_out(keys, people.words)


def _take_names_out(reviews: Sequence[int], words: Sequence[str]) -> None:
    """Of what studio and operator said about these reviews: who wrote them is not named there any more."""
    if not words:
        return
    wanted = whole_words(words)
    said: list[tuple[QuerySet[Any], tuple[str, ...]]] = [
        (Response.objects.filter(review__in=reviews), ("text",)),
        (ResponseVersion.objects.filter(response__review__in=reviews), ("text",)),
        (Report.objects.filter(review__in=reviews), ("reason", "decision_reason")),
    ]
    for rows, fields in said:
        for row in rows:
            before = [getattr(row, field) for field in fields]
            after = [wanted.sub(GONE, text) for text in before]
            if before != after:
                rows.filter(pk=row.pk).update(**dict(zip(fields, after, strict=True)))


def _asked(members: Sequence[Member]) -> list[Exported]:
    """When the person was asked for a review, and since when they are not."""
    asked = (("visit", _("Visit")), ("asked_at", _("Asked")), ("opened_at", _("Opened")))
    invitations = ReviewInvitation.objects.filter(reservation__member__in=members).order_by("pk")
    wishes = ReviewOptOut.objects.filter(member__in=members).order_by("at")
    return [
        Exported(
            "review_invitations", asked, invitations.values_list("reservation__starts_at", "invited_at", "opened_at")
        ),
        Exported("review_wishes", (("not_asked_since", _("Not asked since")),), wishes.values_list("at")),
    ]


def _of(members: Sequence[Member]) -> Any:
    together = ("reservation__session__item", "reservation__location", "response")
    return Review.objects.filter(reservation__member__in=members).select_related(*together).order_by("written_at", "pk")


def _versions_of(members: Sequence[Member]) -> Any:
    versions = ReviewVersion.objects.filter(review__reservation__member__in=members)
    return versions.select_related("review__reservation__location").order_by("pk")


def _row(review: Review) -> list[Any]:
    visit, reply = review.reservation, getattr(review, "response", None)
    zone = visit.location.tz
    if reply is not None and not reply.stands:
        reply = None
    return [
        visit.starts_at.astimezone(zone),
        visit.session.item.name,
        review.written_at.astimezone(zone),
        review.edited_at and review.edited_at.astimezone(zone),
        _marks(review.marks),
        review.score,
        review.text,
        review.source,
        review.hidden_at and review.hidden_at.astimezone(zone),
        reply.text if reply else "",
        (reply.edited_at or reply.written_at).astimezone(zone) if reply else None,
    ]


def _version_row(version: ReviewVersion) -> list[Any]:
    visit = version.review.reservation
    zone = visit.location.tz
    return [
        visit.starts_at.astimezone(zone),
        version.written_at.astimezone(zone),
        version.replaced_at.astimezone(zone),
        _marks(version.marks),
        version.score,
        version.text,
    ]


def _marks(marks: dict[str, int]) -> str:
    return ", ".join(f"{one.value} {marks[one]}" for one in CRITERIA if one in marks)
