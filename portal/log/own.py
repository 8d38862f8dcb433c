"""What the ground floor says of its own changes: members, logins, settings, questions to the operator; and imports."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from portal.imports.kinds import kind_of
from portal.log.changes import Changes
from portal.log.inverses import undo_blocks, undo_closing, undo_switches
from portal.log.registry import (
    Asked,
    Line,
    Named,
    Reader,
    Source,
    Subject,
    Undo,
    Words,
    by_person,
    names_by,
    register,
    register_subject,
)
from portal.log.words import who_words
from portal.members.merging import Obstacle, obstacle_to_undo
from portal.models import (
    Change,
    ClosingDays,
    ImportRun,
    Invitation,
    Location,
    LoginWish,
    Member,
    MemberMerge,
    StaffLogin,
    Studio,
    Ticket,
)
from portal.preferences.taking_back import undo_of_settings

SET: dict[str, Words] = {"set": lazy("set"), "changed": lazy("changed"), "added": lazy("added")}

MEMBER: dict[str, Words] = {
    "created": lazy("became a member"),
    "edited": lazy("data changed"),
    "blocked": lazy("blocked"),
    "unblocked": lazy("block lifted"),
    "merged": lazy("merged with another profile"),
    "separated": lazy("merge taken back"),
    "photo": lazy("photo changed"),
    "scrubbed": lazy("deleted"),
}
STUDIO: dict[str, Words] = {
    **SET,
    "created": lazy("created"),
    "start_dismissed": lazy("the first steps put away"),
    "start_resumed": lazy("the first steps shown again"),
    "step_done": lazy("a first step done"),
    "step_skipped": lazy("a first step left out"),
    "practice_made": lazy("a studio for practice made"),
    "practice_removed": lazy("the studio for practice removed"),
    "looked_in": lazy("the operator looked in"),
    "looked_out": lazy("the operator left"),
}
LOGIN: dict[str, Words] = {
    "added": lazy("added"),
    "changed": lazy("rights changed"),
    "switched_on": lazy("switched on"),
    "switched_off": lazy("switched off"),
    "removed": lazy("removed"),
    "joined": lazy("joined"),
    "pin_set": lazy("PIN set"),
    "pin_removed": lazy("PIN removed"),
    "pin_locked": lazy("PIN rests after wrong tries"),
    "previewed": lazy("looked through this person's eyes"),
    "sessions_ended": lazy("sessions ended"),
    "edited": lazy("data changed"),
    "password_set": lazy("password set"),
    "step_removed": lazy("second step taken away"),
    "notices_chosen": lazy("chose what to be told by mail"),
    "language_chosen": lazy("chose the language of their mails"),
}
INVITATION: dict[str, Words] = {
    "invited": lazy("invited"),
    "withdrawn": lazy("invitation withdrawn"),
    "resent": lazy("invitation sent again"),
    "link_shown": lazy("link of the invitation shown"),
}
WISH: dict[str, Words] = {
    "asked": lazy("asked for"),
    "granted": lazy("approved"),
    "declined": lazy("declined"),
    "withdrawn": lazy("no longer wanted"),
}
TICKET: dict[str, Words] = {
    "opened": lazy("question asked"),
    "replied": lazy("asked again"),
    "answered": lazy("answered"),
    "closed": lazy("closed"),
    "reopened": lazy("opened again"),
}
STAFF_FIELDS: dict[str, Words] = {
    "preset": lazy("Preset"),
    "locations": lazy("Locations"),
    "email": lazy("E-mail"),
    "name": lazy("Name"),
    "language": lazy("Language"),
    "count": lazy("Number"),
    "reason": lazy("Reason"),
}

LOOK_FIELDS: dict[str, Words] = {
    "operator": lazy("Operator"),
    "reason": lazy("Reason"),
    "as": lazy("As whom"),
    "until": lazy("At most until"),
}


def named(
    find: Callable[[Studio], Any], url: Callable[[str, Any], str], name: Callable[[Any], str] = str
) -> Callable[[Studio, Collection[int]], Mapping[int, Named]]:
    """Names from one query over the studio's rows; `url` from the studio's word and the row."""

    def names(studio: Studio, keys: Collection[int]) -> Mapping[int, Named]:
        rows = find(studio).filter(pk__in=keys)
        return names_by((row.pk, name(row), url(studio.slug, row)) for row in rows)

    return names


def page(view: str) -> Callable[[str, Any], str]:
    """The address of a view that takes the studio and the row's key."""
    return lambda slug, row: reverse(view, args=[slug, row.pk])


def one_page(view: str) -> Callable[[str, Any], str]:
    """The address of a view of the studio."""
    return lambda slug, _row: reverse(view, args=[slug])


def _member_url(slug: str, member: Member) -> str:
    return reverse("bookings:member", args=[slug, member.merged_into_id or member.pk])


_WHY_NOT: dict[Obstacle, Words] = {
    Obstacle.UNDONE: lazy("It was taken back already."),
    Obstacle.SCRUBBED: lazy("The person was deleted since."),
    Obstacle.TOO_LATE: lazy("A merge can be taken back for 30 days."),
    Obstacle.MERGED_ON: lazy("The profile was merged with another one since."),
}


def _undo_merges(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    """Merges are found by the kept profile and the moment. One query, none without a merge."""
    wanted = {(one.subject_id, one.occurred_at): one.pk for one in changes if one.kind == "merged"}
    if not wanted:
        return {}
    merges = MemberMerge.objects.filter(studio=reader.studio, kept__in={kept for kept, _at in wanted})
    found: dict[int, Undo] = {}
    for merge in merges.select_related("kept"):
        key = wanted.get((merge.kept_id, merge.merged_at))
        if key is None:
            continue
        obstacle = obstacle_to_undo(merge, merge.kept, now=reader.now)
        url = reverse("bookings:member_merge_undo", args=[reader.studio.slug, merge.kept_id, merge.pk])
        found[key] = Undo(why_not=_WHY_NOT.get(obstacle, "")) if obstacle else Undo(url)
    return found


class Imports(Source):
    """Files that were uploaded to be imported; what became of their rows is told on the import's own page."""

    word = "import"
    moment = "created_at"

    def things(self) -> Mapping[str, Words]:
        return {"importrun": lazy("Import")}

    def kinds(self) -> Mapping[str, Words]:
        return dict(ImportRun.Status.choices)

    def rows(self, asked: Asked, reader: Reader) -> "QuerySet[Any] | None":
        if asked.thing not in ("", "importrun") or (asked.person and not asked.person.isdecimal()):
            return None
        rows = ImportRun.objects.filter(by_person(asked), studio=reader.studio)
        if asked.thing_id is not None:
            rows = rows.filter(pk=asked.thing_id)
        return rows.defer("content").select_related("by__user")

    def lines(self, rows: Sequence[Any], reader: Reader) -> Mapping[int, Line]:
        return {run.pk: self._line(run, reader) for run in rows}

    def _line(self, run: ImportRun, reader: Reader) -> Line:
        url = reverse("portal:import_run", args=[reader.studio.slug, run.pk])
        undo = None
        if run.status == ImportRun.Status.DONE:
            undo = Undo(reverse("portal:import_undo", args=[reader.studio.slug, run.pk]))
        elif run.status == ImportRun.Status.UNDONE:
            undo = Undo(why_not=_("It was taken back already."))
        return Line(
            what=_("uploaded: %(state)s") % {"state": run.get_status_display()},
            thing=str(kind_of(run.kind).label),
            about=Named(run.file_name, url),
            by=who_words(run.by, ""),
            undo=undo,
            key=("importrun", run.pk),
        )


def register_own() -> None:
    register(Changes())
    register(Imports())
    register_subject(
        Subject(
            "member",
            lazy("Member"),
            MEMBER,
            named(lambda studio: studio.members, _member_url),
            model=Member,
            contact=frozenset({"email", "phone"}),
            undo=lambda changes, reader: {**_undo_merges(changes, reader), **undo_blocks(changes, reader)},
        )
    )
    register_subject(
        Subject(
            "studio",
            lazy("Studio"),
            STUDIO,
            named(lambda studio: Studio.objects.filter(pk=studio.pk), one_page("portal:settings")),
            model=Studio,
            fields=LOOK_FIELDS,
            undo=undo_of_settings,
        )
    )
    register_subject(
        Subject(
            "location",
            lazy("Location"),
            {**SET, "created": lazy("created")},
            named(lambda studio: studio.locations, page("portal:settings_location")),
            model=Location,
            undo=undo_of_settings,
        )
    )
    register_subject(
        Subject(
            "closingdays",
            lazy("Closing days"),
            {"added": lazy("added"), "removed": lazy("removed")},
            named(lambda studio: ClosingDays.objects.filter(studio=studio), one_page("portal:settings_closing_days")),
            model=ClosingDays,
            undo=undo_closing,
        )
    )
    register_subject(
        Subject(
            "stafflogin",
            lazy("Login"),
            LOGIN,
            named(
                lambda studio: StaffLogin.objects.filter(studio=studio).select_related("user"),
                page("portal:staff_login"),
                lambda login: login.user.name,
            ),
            model=StaffLogin,
            fields=STAFF_FIELDS,
            undo=undo_switches,
        )
    )
    register_subject(
        Subject(
            "invitation",
            lazy("Invitation"),
            INVITATION,
            named(
                lambda studio: Invitation.objects.filter(studio=studio),
                one_page("portal:staff"),
                lambda one: one.name or one.email,
            ),
            model=Invitation,
            fields=STAFF_FIELDS,
        )
    )
    register_subject(
        Subject(
            "loginwish",
            lazy("Login asked for"),
            WISH,
            named(
                lambda studio: LoginWish.objects.filter(studio=studio),
                one_page("portal:staff"),
                lambda one: one.name or one.email,
            ),
            model=LoginWish,
            fields=STAFF_FIELDS,
        )
    )
    register_subject(
        Subject(
            "ticket",
            lazy("Question to support"),
            TICKET,
            named(
                lambda studio: Ticket.objects.filter(studio=studio),
                lambda slug, one: reverse("portal:ticket", args=[slug, one.reference]),
                lambda one: f"{one.reference} {one.subject}",
            ),
            model=Ticket,
            quiet=frozenset({"reference"}),
        )
    )
