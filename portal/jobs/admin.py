"""The queue on the operator's desk. `portal/admin.py` imports this."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.admin_site import ReadOnly, is_operator
from portal.jobs import retry
from portal.jobs.kinds import kinds
from portal.jobs.progress import progress_of
from portal.models import Heartbeat, Job, ScheduledRun
from portal.operator.sections import Section
from portal.operator.waiting import MAIL_FAILED


class JobState(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("dead", _("given up")),
            ("failing", _("failing")),
            ("mails", _("failing mails")),
            ("open", _("waiting")),
            ("done", _("done")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        states = {
            "dead": Q(dead_at__isnull=False),
            "failing": Q(done_at=None, dead_at=None) & ~Q(last_error=""),
            "mails": Q(done_at=None) & MAIL_FAILED,
            "open": Q(done_at=None, dead_at=None),
            "done": Q(done_at__isnull=False),
        }
        return queryset.filter(states.get(self.value() or "", Q()))


@admin.register(Job)
class JobAdmin(ReadOnly):
    """What waits, fails and was given up; the operator can have the latter tried again."""

    label = _("Jobs")
    named = _("job"), _("jobs")
    section = Section.MACHINES
    icon = "list-checks"
    place = 10
    list_display = ["kind", "key", "studio", "attempts", "run_after", "done_at", "dead_at", "last_error"]
    list_filter = [JobState, "kind"]
    change_list_template = "admin/portal/jobs.html"
    list_select_related = ["studio"]
    search_fields = ["key"]
    ordering = ["-pk"]
    show_full_result_count = False
    actions = ["try_again"]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return is_operator(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Of one kind, also how far a run of it is: "214 of 1000"."""
        if (kind := request.GET.get("kind")) and (progress := progress_of(kind)):
            text = _("%(kind)s: %(done)d of %(total)d are done.")
            told = {"kind": kind, "done": progress.done, "total": progress.total}
            self.message_user(request, text % told, messages.INFO)
        shown = {} if request.GET else {"kinds": kinds(timezone.now())}
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    @admin.action(description=_("Try again what was given up"), permissions=["operate"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        count = retry(queryset.values_list("pk", flat=True))
        text = ngettext("%(count)d job is tried again.", "%(count)d jobs are tried again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly):
    section = Section.MACHINES
    icon = "heart-pulse"
    label = _("Signs of life")
    named = _("sign of life"), _("signs of life")
    place = 40
    list_display = ["name", "seen_at"]


@admin.register(ScheduledRun)
class ScheduledRunAdmin(ReadOnly):
    """Which slots of periodic work were turned into jobs."""

    label = _("Runs by the clock")
    named = _("run"), _("runs")
    section = Section.MACHINES
    icon = "calendar-clock"
    place = 30
    list_display = ["name", "slot"]
    list_filter = ["name"]
    ordering = ["-slot", "name"]
