"""One ZIP, written while it is read: tables, files, the data dictionary, and a manifest that proves it is whole."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import FileField
from django.template.loader import render_to_string
from django.utils import translation

from portal.downloads import long_read
from portal.leaving import dictionary, tables
from portal.leaving.registry import Kind, file_sources, kinds
from portal.models import Studio

# Tables shrink to a tenth with little work; more of it wins little and takes three times as long.
LEVEL = 3
PIECE = 256 * 1024  # bytes
Tell = Callable[[int, int], None]


class Incomplete(Exception):
    """What was written is not what the database counted."""


@dataclass(frozen=True)
class Written:
    """What went into the archive."""

    rows: int
    files: int


class Archive:
    """A ZIP whose entries are hashed as they are written."""

    def __init__(self, target: BinaryIO) -> None:
        self._zip = ZipFile(target, "w", ZIP_DEFLATED, compresslevel=LEVEL)
        self.entries: list[dict[str, Any]] = []

    def add(self, path: str, pieces: Iterable[bytes]) -> None:
        digest, size = sha256(), 0
        with self._zip.open(path, "w", force_zip64=True) as entry:
            for piece in pieces:
                entry.write(piece)
                digest.update(piece)
                size += len(piece)
        self.entries.append({"path": path, "bytes": size, "sha256": digest.hexdigest()})

    def close(self) -> None:
        self._zip.close()


def zone_of(studio: Studio) -> ZoneInfo:
    """In whose offset moments are written: that of the studio's first location."""
    first = studio.locations.in_order().first()
    return first.tz if first else ZoneInfo("UTC")


@contextmanager
def snapshot(zone: ZoneInfo) -> Iterator[None]:
    """One transaction that sees one moment, however long it takes, and writes nothing; moments in this zone."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        with long_read(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone.key])
            yield
            cursor.execute("SET LOCAL TimeZone TO 'UTC'")


def write(studio: Studio, target: BinaryIO, *, now: datetime, tell: Tell | None = None) -> Written:
    """Write the studio's archive; `tell` hears how many of all rows are in it, twice counted: CSV and JSON.

    Raises Incomplete when the tables hold another number of rows than the database says.
    """
    zone = zone_of(studio)
    with closing(Archive(target)) as archive, snapshot(zone), translation.override(studio.language):
        counts = {kind.name: tables.count(kind, studio, now=now) for kind in kinds()}
        total, done = 2 * sum(counts.values()), 0
        archive.add("README.txt", [_read_me(studio, zone, now)])
        archive.add("DATA-DICTIONARY.csv", [dictionary.as_csv(zone)])
        archive.add("DATA-DICTIONARY.html", [dictionary.as_html(zone, counts)])
        for kind in kinds():
            for ending, written in (("csv", tables.as_csv), ("ndjson", tables.as_json_lines)):
                counted = _Counted(written(kind, studio, now=now), _told(tell, done, total))
                archive.add(f"data/{kind.name}.{ending}", counted)
                if counted.rows != counts[kind.name]:
                    raise Incomplete(kind.name)
                done += counted.rows
        for path, pieces in _files(studio, now):
            archive.add(path, pieces)
        manifest = _manifest(studio, zone, now, counts, archive.entries)
        archive.add("MANIFEST.json", [json.dumps(manifest, ensure_ascii=False, indent=1).encode()])
    return Written(sum(counts.values()), len(archive.entries))


def _told(tell: Tell | None, before: int, total: int) -> Callable[[int], None]:
    def told(rows: int) -> None:
        if tell is not None:
            tell(before + rows, total)

    return told


class _Counted:
    """The bytes of a table; how many rows they were is known afterwards."""

    def __init__(self, pieces: Iterable[tuple[int, bytes]], tell: Callable[[int], None]) -> None:
        self.rows, self._pieces, self._tell = 0, pieces, tell

    def __iter__(self) -> Iterator[bytes]:
        for rows, piece in self._pieces:
            yield piece
            self.rows += rows
            self._tell(self.rows)


def _files(studio: Studio, now: datetime) -> Iterator[tuple[str, Iterable[bytes]]]:
    for kind in kinds():
        for field in kind.fields:
            if isinstance(field, FileField):
                yield from _uploads(kind, field, studio, now)
    for source in file_sources():
        yield from source(studio, now)


def _uploads(kind: Kind, field: FileField, studio: Studio, now: datetime) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Photos and logos, where the column says: below "files/". One that is gone from the disk is left out."""
    names = kind.rows(studio, now=now).exclude(**{field.name: ""}).values_list(field.name, flat=True)
    for name in names.iterator(chunk_size=1000):
        try:
            file = field.storage.open(name)
        except FileNotFoundError:
            continue
        with file:
            yield f"files/{name}", iter(lambda: file.read(PIECE), b"")  # noqa: B023 - read before the next one


def _read_me(studio: Studio, zone: ZoneInfo, now: datetime) -> bytes:
    context = {"studio": studio, "zone": zone.key, "made_at": now.astimezone(zone).isoformat(timespec="seconds")}
    return render_to_string("portal/export/readme.txt", context).strip().replace("\n", "\r\n").encode() + b"\r\n"


def _manifest(
    studio: Studio, zone: ZoneInfo, now: datetime, counts: dict[str, int], entries: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "format": "tresen-export",
        "version": 1,
        "studio": {"address": studio.slug, "name": studio.name},
        "made_at": now.astimezone(zone).isoformat(timespec="seconds"),
        "time_zone": zone.key,
        "tables": [{"name": name, "rows": rows} for name, rows in counts.items()],
        "files": entries,
    }
