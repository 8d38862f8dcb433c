"""What the studio's log says of marketplaces: connections and their contracts, and conflicts that somebody settled."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from bookings.sources import who_words
from bookings.words import day_and_clock
from marketplace.actions.agreeing import TERMS
from marketplace.models import Conflict, Connection, ContractTerms
from marketplace.selectors.retirements import RESTORED, RETIRED, restored
from marketplace.words import DONE
from portal.log.own import named
from portal.log.registry import (
    Asked,
    Line,
    Named,
    Reader,
    Source,
    Subject,
    Undo,
    Words,
    register,
    register_subject,
)
from portal.models import Change, Studio
from portal.roles import Right

STUDIO: dict[str, Words] = {
    RETIRED: lazy("old passes retired"),
    RESTORED: lazy("old passes brought back"),
}


class Settled(Source):
    """Conflicts, as a person said that it was (Q11)."""

    word = "conflict"
    moment = "settled_at"

    def things(self) -> Mapping[str, Words]:
        return {"conflict": lazy("Conflict")}

    def kinds(self) -> Mapping[str, Words]:
        return dict(Conflict.Verdict.choices)

    def rows(self, asked: Asked, reader: Reader) -> "QuerySet[Any] | None":
        if asked.thing not in ("", "conflict", "connection") or (asked.person and not asked.person.isdecimal()):
            return None
        rows = Conflict.objects.filter(studio=reader.studio, settled_at__isnull=False)
        if asked.person:
            rows = rows.filter(settled_by=int(asked.person))
        if asked.thing == "connection" and asked.thing_id is None:
            return None
        if asked.thing_id is not None:
            rows = rows.filter(Q(connection=asked.thing_id) if asked.thing == "connection" else Q(pk=asked.thing_id))
        return rows.select_related(
            "settled_by__user",
            "connection__marketplace",
            "visit__session__item",
            "visit__session__location",
            "visit__guest__member",
            "guest__member",
            "session__item",
            "session__location",
        )

    def lines(self, rows: Sequence[Any], reader: Reader) -> Mapping[int, Line]:
        return {one.pk: self._line(one, reader) for one in rows}

    def _line(self, one: Conflict, reader: Reader) -> Line:
        session = (one.visit.session if one.visit else None) or one.session
        guest = one.guest or (one.visit.guest if one.visit else None)
        parts = [one.connection.marketplace.name, guest.member.name if guest else ""]
        url = ""
        if session is not None:
            parts.append(f"{session.item.name}, {day_and_clock(session.starts_at, session.location)}")
            url = reverse("bookings:session", args=[reader.studio.slug, session.pk])
        return Line(
            what=_("conflict settled: %(verdict)s") % {"verdict": one.get_verdict_display()},
            thing=_("Conflict"),
            about=Named(" · ".join(part for part in parts if part), url),
            by=who_words(one.settled_by, ""),
            difference=[one.get_kind_display()],
            key=("conflict", one.pk),
        )


def _connections(studio: Any) -> QuerySet[Connection]:
    return Connection.objects.filter(studio=studio).select_related("marketplace")


def _undo_paused(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    """A connection that rests goes on. One query."""
    wanted = {one.subject_id for one in changes if one.kind == "paused"}
    pinned = reader.login.locations.exists() if reader.login.is_pinned is None else reader.login.is_pinned
    if not wanted or pinned or Right.MANAGE_CONNECTIONS not in reader.login.rights:
        return {}
    rest = dict(_connections(reader.studio).filter(pk__in=wanted).values_list("pk", "marketplace_id"))
    paused = set(
        _connections(reader.studio).filter(pk__in=wanted, state=Connection.State.PAUSED).values_list("pk", flat=True)
    )
    found: dict[int, Undo] = {}
    for one in sorted((each for each in changes if each.kind == "paused"), key=lambda each: -each.pk):
        if one.subject_id not in paused:
            found[one.pk] = Undo(why_not=_("It was taken back already."))
        else:
            found[one.pk] = Undo(reverse("marketplace:resume", args=[reader.studio.slug, rest[one.subject_id]]))
            paused.discard(one.subject_id)  # only the last one
    return found


def _undo_retired(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    """Passes of before marketplaces come back, all but what was changed since (I13). One query."""
    wanted = [one.pk for one in changes if one.kind == RETIRED]
    if not wanted or Right.MANAGE_PACKAGES not in reader.login.rights:
        return {}
    back = restored(reader.studio, wanted)
    return {
        pk: Undo(why_not=_("It was taken back already."))
        if pk in back
        else Undo(reverse("marketplace:old_passes_restore", args=[reader.studio.slug, pk]))
        for pk in wanted
    }


def _no_names(studio: Studio, keys: Collection[int]) -> Mapping[int, Named]:
    return {}


def register_log() -> None:
    register(Settled())
    register_subject(
        Subject(
            "connection",
            lazy("Marketplace"),
            DONE,
            named(
                _connections,
                lambda slug, one: reverse("marketplace:connection", args=[slug, one.marketplace_id]),
                lambda one: one.marketplace.name,
            ),
            model=Connection,
            fields={one.name: one.verbose_name for one in ContractTerms._meta.fields},
            money=frozenset(name for name in TERMS if "rate" in name),
            undo=_undo_paused,
        )
    )
    # The studio's own kinds are the ground floor's.
    register_subject(Subject("studio", lazy("Studio"), STUDIO, _no_names, undo=_undo_retired))
