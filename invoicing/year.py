"""A year's invoices as one ZIP, written while it is sent: never more of it in memory than one file."""

import csv
import io
from collections.abc import Generator, Iterable, Iterator
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from invoicing.models import Invoice
from invoicing.resources import visits_table
from portal.downloads import BOM, as_csv, defused, file_name, separator

# A PDF is compressed already.
STORED = {"application/pdf"}


class _Passing(io.RawIOBase):
    """What ZipFile writes to and cannot seek in: it hands on what was written since it was asked last."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._kept.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        taken = b"".join(self._kept)
        self._kept.clear()
        return taken


def year_as_zip(invoices: Iterable[Invoice], *, with_members: bool) -> Generator[bytes, None, None]:
    """Each invoice's files and its visits in a folder of its number, and `index.csv`, which names every file with its
    size and SHA-256. A kind that was not made has no line."""
    passing = _Passing()
    index = io.StringIO()
    writer = csv.writer(index, delimiter=separator(), lineterminator="\r\n")
    writer.writerow(["number", "month", "file", "kind", "bytes", "sha256", "made_at"])
    with ZipFile(passing, "w", ZIP_DEFLATED) as archive:
        for invoice in invoices:
            for key in invoice.documents.order_by("kind").values_list("pk", flat=True):
                stored = invoice.documents.get(pk=key)
                path = f"{invoice.number}/{stored.file_name}"
                content = bytes(stored.content)
                _add(archive, path, content, stored=stored.media_type in STORED)
                made = [stored.kind, len(content), stored.sha256, stored.made_at.isoformat(timespec="seconds")]
                writer.writerow([defused(invoice.number), f"{invoice.month:%Y-%m}", path, *made])
                yield passing.taken()
            path = f"{invoice.number}/{file_name('visits', invoice.number, kind='csv')}"
            yield from _visits(archive, passing, path, invoice, with_members=with_members)
        _add(archive, "index.csv", f"{BOM}{index.getvalue()}".encode())
    yield passing.taken()


def _visits(archive: ZipFile, passing: _Passing, path: str, invoice: Invoice, *, with_members: bool) -> Iterator[bytes]:
    with archive.open(_info(path, ZIP_DEFLATED), "w") as file:
        for chunk in as_csv(visits_table(invoice, with_members=with_members)):
            file.write(chunk)
            yield passing.taken()
    yield passing.taken()


def _add(archive: ZipFile, path: str, content: bytes, *, stored: bool = False) -> None:
    archive.writestr(_info(path, ZIP_STORED if stored else ZIP_DEFLATED), content)


def _info(path: str, kind: int) -> ZipInfo:
    """Without the clock of this machine: the same files make the same archive."""
    info = ZipInfo(path)
    info.compress_type = kind
    info.external_attr = 0o644 << 16
    return info
