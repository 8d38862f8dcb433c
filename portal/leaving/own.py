"""What of the ground floor leaves with a studio, and what stays; how long it is kept."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from portal import mailbox
from portal.imports.runs import clean_file_name
from portal.leaving.exports import KEPT_FOR, READY
from portal.leaving.registry import (
    Derived,
    Kept,
    Words,
    export,
    leave_out,
    register_files,
    register_retention,
)
from portal.log.registry import Named, Subject, register_subject
from portal.members.merging import UNDO_WITHIN
from portal.models import (
    Change,
    ClosingDays,
    DeskPin,
    DigestSent,
    DuplicateSuggestion,
    Export,
    ImportProgress,
    ImportRow,
    ImportRun,
    ImportTemplate,
    Invitation,
    Job,
    KeptMail,
    Location,
    LoginWish,
    Member,
    MemberMerge,
    MemberNote,
    Notice,
    NoticeChoice,
    Onboarding,
    SavedView,
    StaffLogin,
    Studio,
    Teacher,
    Ticket,
    TicketFile,
    TicketMessage,
)
from portal.notices import rounds
from portal.notices.registry import NoticeKind
from portal.notices.registry import register as register_notice
from portal.roles import Right

OPERATOR: Words = lazy("Who runs this installation is no part of the studio.")
SECRET: Words = lazy("A secret, or what opens something: of no use elsewhere, and a danger in a file.")
MACHINERY: Words = lazy("Machinery of this installation, without data of its own.")
AS_FILES: Words = lazy("Stands below files/ as it is.")


def days(span: timedelta) -> str:
    return ngettext("%(number)d day", "%(number)d days", span.days) % {"number": span.days}


def register() -> None:
    _tables()
    _people()
    _machinery()
    register_files("ticket_files", ticket_files)
    register_retention(retention)
    register_notice(
        NoticeKind(
            word=READY,
            label=lazy("Everything exported"),
            about=lazy("An owner had everything written into one archive. All owners hear of it."),
            right=Right.EXPORT_ALL,
            whole=True,
            fixed=True,
        )
    )
    register_subject(
        Subject(
            "export",
            lazy("Export of everything"),
            {
                "asked": lazy("asked for everything in one archive"),
                "finished": lazy("everything is in one archive"),
                "downloaded": lazy("archive with everything downloaded"),
            },
            lambda studio, keys: {
                one.pk: Named(f"{one.asked_at:%Y-%m-%d}", reverse("portal:settings_data", args=[studio.slug]))
                for one in Export.objects.filter(studio=studio, pk__in=keys)
            },
            fields={"rows": lazy("Rows"), "bytes": lazy("Bytes"), "sha256": lazy("SHA-256")},
        )
    )


def _tables() -> None:
    export(Studio, "studio", path="pk", without={"practice_of_id": lazy("Of studios for practice alone.")})
    export(Location, "locations")
    export(ClosingDays, "closing_days")
    export(Change, "studio_log")
    export(Ticket, "questions")
    export(TicketMessage, "question_messages", without={"operator_id": OPERATOR})
    export(TicketFile, "question_files", without={"content": AS_FILES})
    export(ImportRun, "imports", without={"content": lazy("The file that you gave yourself."), "job_id": MACHINERY})
    export(ImportRow, "import_rows")
    export(ImportTemplate, "import_templates")
    export(Onboarding, "first_steps")
    export(SavedView, "saved_views")
    export(
        Export,
        "exports",
        without={"job_id": MACHINERY, "file": lazy("Archives like this one are in no archive.")},
    )


def _people() -> None:
    export(
        StaffLogin,
        "staff_logins",
        without={"user_id": lazy("A login's name and e-mail stand here themselves; passwords and second steps stay.")},
        derived={"name": Derived("text", lazy("Name")), "email": Derived("text", lazy("E-mail"))},
        annotate=_with_names,
    )
    export(StaffLogin.locations.through, "staff_login_locations")
    export(Invitation, "invitations", without={"secret_hash": SECRET})
    export(Invitation.locations.through, "invitation_locations")
    export(LoginWish, "login_requests")
    export(LoginWish.locations.through, "login_request_locations")
    export(NoticeChoice, "notice_choices")
    export(Teacher, "teachers")
    export(Member, "members")
    export(MemberNote, "member_notes")
    export(MemberMerge, "member_merges")
    export(DuplicateSuggestion, "duplicate_suggestions")


def _with_names(rows: "QuerySet[Any]", now: datetime) -> "QuerySet[Any]":
    return rows.annotate(name=F("user__name"), email=F("user__email"))


def _machinery() -> None:
    leave_out(DeskPin, SECRET)
    leave_out(Job, MACHINERY)
    leave_out(ImportProgress, MACHINERY)
    leave_out(DigestSent, MACHINERY)
    leave_out(Notice, lazy("News that waits for a morning mail; what it tells of stands in its own table."))
    leave_out(KeptMail, lazy("Mails that wait to be read by who runs this installation; links in them open something."))


def ticket_files(studio: Studio, now: datetime) -> Iterator[tuple[str, list[bytes]]]:
    """What was attached to questions, one at a time."""
    rows = TicketFile.objects.filter(message__ticket__studio=studio).order_by("pk")
    for pk, name, content in rows.values_list("pk", "name", "content").iterator(chunk_size=1):
        yield f"files/questions/{pk}_{clean_file_name(name)}", [bytes(content)]


def retention() -> list[Kept]:
    return [
        Kept(
            _("Reservations, purchases, members, the log"),
            _("until you delete a person; then they stay without who it was"),
        ),
        Kept(_("Files that you import"), _("until they are imported or thrown away")),
        Kept(_("Profiles that were merged"), _("can be taken apart for %(days)s") % {"days": days(UNDO_WITHIN)}),
        Kept(_("News for the morning mail"), days(rounds.KEPT_FOR)),
        Kept(_("Mails that were not sent but kept in the house"), days(mailbox.KEPT_FOR)),
        Kept(_("Archives with everything"), days(KEPT_FOR)),
    ]
