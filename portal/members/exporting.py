"""The person's own copy of what is known about them, as one archive (Q39)."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from portal.downloads import Cell, Column, Table, as_csv
from portal.members.holdings import Exported, holdings
from portal.members.scrubbing import profiles_of
from portal.models import Member


def export(member: Member, *, now: datetime) -> BinaryIO:
    """A ZIP: `member.json` with everything by name, a CSV for each kind of rows, and the photo of each profile."""
    members = profiles_of(member)
    tables = [_profile(members)]
    tables += [exported for holding in holdings() for exported in holding.export(members, now=now)]
    file = TemporaryFile()  # noqa: SIM115 (closed by the response that sends it)
    everything: dict[str, list[dict[str, Any]]] = {}
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for exported in tables:
            names, rows = [name for name, _heading in exported.columns], [list(row) for row in exported.rows]
            everything[exported.name] = [dict(zip(names, row, strict=True)) for row in rows]
            archive.writestr(f"{exported.name}.csv", b"".join(as_csv(_table(exported, rows))))
        text = json.dumps(everything, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
        archive.writestr("member.json", text)
        for one in members:
            _add_photo(archive, one, "photo.jpg" if one.pk == member.pk else f"photo_{one.pk}.jpg")
    file.seek(0)
    return file


def _profile(members: Sequence[Member]) -> Exported:
    columns = (
        ("number", _("Member number")),
        ("first_name", _("First name")),
        ("last_name", _("Last name")),
        ("email", _("E-mail")),
        ("phone", _("Phone")),
        ("joined_on", _("Member since")),
        ("notes", _("Notes")),
        ("blocked_reason", _("Blocked because")),
    )
    rows: Iterable[Sequence[Cell]] = [[getattr(member, name) for name, _heading in columns] for member in members]
    return Exported("profile", columns, rows)


def _table(exported: Exported, rows: Iterable[Sequence[Cell]]) -> Table:
    return Table(exported.name, [Column(str(heading)) for _name, heading in exported.columns], rows)


def _add_photo(archive: ZipFile, member: Member, name: str) -> None:
    if not member.photo:
        return
    try:
        with member.photo.open("rb") as photo:
            archive.writestr(name, photo.read())
    except FileNotFoundError:
        return
