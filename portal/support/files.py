"""What may be attached to a question: few files, small ones, of kinds that an operator can look at."""

from collections.abc import Sequence
from pathlib import PurePath

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.models import TicketFile

MOST, LARGEST = 3, 5 * 2**20  # files, bytes of one
LONGEST_NAME = 150
#: What a file of this kind begins with; empty: text.
KINDS = {
    "pdf": b"%PDF-",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "xlsx": b"PK\x03\x04",
    "csv": b"",
    "txt": b"",
}
ACCEPT = ",".join(f".{kind}" for kind in KINDS)


def faults(files: Sequence[UploadedFile]) -> list[str]:
    """What is wrong with these files, a sentence for each; an empty list: they can be taken."""
    found = []
    if len(files) > MOST:
        text = ngettext("%(most)d file can be attached.", "At most %(most)d files can be attached.", MOST)
        found.append(text % {"most": MOST} + " " + _("These are %(number)d.") % {"number": len(files)})
    return found + [fault for file in files if (fault := _fault(file))]


def as_download(file: TicketFile) -> HttpResponse:
    """An attachment to be saved, never shown: what is in it is somebody else's."""
    return HttpResponse(
        bytes(file.content),
        content_type="application/octet-stream",
        headers={"Content-Disposition": content_disposition_header(True, file.name) or "attachment"},
    )


def clean_name(name: str) -> str:
    """The file's name without folders and signs that no name needs; its kind stays when it is cut."""
    plain = "".join(sign for sign in PurePath(name.replace("\\", "/")).name if sign.isprintable()) or "file"
    suffix = PurePath(plain).suffix
    return plain if len(plain) <= LONGEST_NAME else plain[: LONGEST_NAME - len(suffix)] + suffix


def _fault(file: UploadedFile) -> str:
    name, size = clean_name(file.name or ""), file.size or 0
    if size > LARGEST:
        return _("%(name)s has %(size)s. A file may have %(most)s: this one is %(over)s too large.") % {
            "name": name,
            "size": filesizeformat(size),
            "most": filesizeformat(LARGEST),
            "over": filesizeformat(size - LARGEST),
        }
    if not size:
        return _("%(name)s is empty.") % {"name": name}
    kind = PurePath(name).suffix.lower().removeprefix(".")
    if kind not in KINDS:
        return _("%(name)s is not a PDF, PNG, JPG, CSV, XLSX or TXT file.") % {"name": name}
    file.seek(0)
    beginning = file.read(4096)
    file.seek(0)
    is_right = beginning.startswith(KINDS[kind]) if KINDS[kind] else b"\0" not in beginning
    return "" if is_right else _("%(name)s is not what its name says.") % {"name": name}
