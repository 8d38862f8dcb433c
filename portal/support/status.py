"""How the parts of the installation are doing, in words for everybody and in numbers for owners and managers.

What watches the processes registers itself (`config.health`), since the ground floor does not know it.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.mail_health import REFUSED, SENT
from portal.models import Heartbeat

Report = dict[str, Any]

#: A queue whose oldest job is due for longer than this stands still.
QUEUE_LATE = 300.0  # seconds
BACKUP_OLD = timedelta(days=2)

_examiners: list[Callable[[], Report]] = []


@dataclass(frozen=True)
class Part:
    """`is_well` None: nobody knows. `words`: what it means for the reader; `number`: for owners and managers."""

    word: str
    label: str | Promise
    is_well: bool | None
    words: str | Promise
    number: str = ""


def register(examine: Callable[[], Report]) -> None:
    """Set who looks: a report as `/healthz` gives it, each part with `ok` and what is known of it."""
    _examiners[:] = [examine]


def parts(now: datetime) -> list[Part]:
    """Each part as it is. A query of its own beside what the report costs."""
    report: Report = _examiners[0]() if _examiners else {}
    return [
        _application(report),
        _seen(
            report, "worker", _("Background work"), _("It sends mails, syncs with marketplaces and issues invoices.")
        ),
        _seen(report, "beat", _("Clock"), _("It begins what is due at an hour: syncs, no-shows, invoices.")),
        _queue(report.get("queue")),
        _mail(now),
        backup(now),
    ]


@cache
def version() -> str:
    """Of this installation, as its project file says."""
    with (Path(settings.BASE_DIR) / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _application(report: Report) -> Part:
    needed = [report.get(name, {}).get("ok", False) for name in ("web", "database", "migrations", "broker")]
    seconds = report.get("database", {}).get("seconds")
    words = _("Pages answer, and what you do is kept.") if all(needed) else _("Pages may be slow or fail.")
    number = "" if seconds is None else _("The database answers in %(number)d ms.") % {"number": seconds * 1000}
    return Part("application", gettext_lazy("Application"), all(needed), words, number)


def _seen(report: Report, word: str, label: str, what: str) -> Part:
    part = report.get(word)
    # The clock is heard by a worker: while none is at work, nobody knows whether it ticks.
    if part is None or (word == "beat" and not part["ok"] and not report.get("worker", {}).get("ok", True)):
        return Part(word, label, None, _("Not known."))
    ago = part.get("seconds_ago")
    number = _("It has never been seen.") if ago is None else _("Last seen %(ago)s ago.") % {"ago": _span(ago)}
    still = _("It stands still. What you do here is kept, and is caught up on as soon as it runs again.")
    return Part(word, label, part["ok"], what if part["ok"] else still, number)


def _queue(queue: Report | None) -> Part:
    label = gettext_lazy("Work that waits")
    if queue is None:
        return Part("queue", label, None, _("Not known."))
    due, oldest, dead = queue["due"], queue["oldest_due_seconds"] or 0.0, queue["dead"]
    is_well = oldest < QUEUE_LATE
    words = _("Nothing is late.") if is_well else _("Mails and syncs are late. Nothing of them is lost.")
    number = ngettext("%(number)d job is due", "%(number)d jobs are due", due) % {"number": due}
    if oldest:
        number += ", " + _("the oldest for %(span)s") % {"span": _span(oldest)}
    if dead:
        number += ". " + ngettext(
            "%(number)d was given up and waits for the operator", "%(number)d were given up and wait for the operator",
            dead,
        ) % {"number": dead}  # fmt: skip
    return Part("queue", label, is_well, words, number.removesuffix(".") + ".")


def _mail(now: datetime) -> Part:
    seen = dict(Heartbeat.objects.filter(name__in=[SENT, REFUSED]).values_list("name", "seen_at"))
    sent, refused = seen.get(SENT), seen.get(REFUSED)
    label, number = gettext_lazy("Mail"), []
    if sent:
        number.append(_("The last one was sent %(ago)s ago.") % {"ago": _span((now - sent).total_seconds())})
    if refused:
        number.append(_("The last failure was %(ago)s ago.") % {"ago": _span((now - refused).total_seconds())})
    if sent is None and refused is None:
        return Part("mail", label, None, _("No mail has been sent yet."))
    is_well = refused is None or (sent is not None and sent > refused)
    words = (
        _("Mails go out.") if is_well else _("The mail server does not take mails. They are tried again by themselves.")
    )
    return Part("mail", label, is_well, words, " ".join(number))


def backup(now: datetime) -> Part:
    """When the file that the backup leaves behind was written last (`BACKUP_FILE`, docs/running.md)."""
    label, file = gettext_lazy("Backup"), settings.BACKUP_FILE
    try:
        seconds = Path(file).stat().st_mtime if file else None
    except OSError:
        seconds = None
    if seconds is None:
        return Part("backup", label, None, _("Not known here: ask who runs this installation."))
    made = datetime.fromtimestamp(seconds, tz=UTC)
    is_well = now - made < BACKUP_OLD
    words = _("The data is copied regularly.") if is_well else _("The last copy of the data is old.")
    return Part("backup", label, is_well, words, date_format(made, "SHORT_DATETIME_FORMAT") + " UTC")


def _span(seconds: float) -> str:
    """ "4 s", "12 min", "3 h", "2 days": as exact as matters."""
    whole = max(int(seconds), 0)
    if whole < 120:
        return _("%(number)d s") % {"number": whole}
    if whole < 7200:
        return _("%(number)d min") % {"number": whole // 60}
    if whole < 172_800:
        return _("%(number)d h") % {"number": whole // 3600}
    return ngettext("%(number)d day", "%(number)d days", whole // 86_400) % {"number": whole // 86_400}
