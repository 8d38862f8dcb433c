"""Photos of members: what is uploaded becomes a small JPEG that holds a picture and nothing else."""

import struct
import zlib
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from io import BytesIO
from typing import Any, BinaryIO
from zlib import crc32

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from portal.models import Member, Studio

SIDE = 512  # pixels, of the longer one
MOST_PIXELS = 24_000_000
LONGEST_SIDE = 12_000
QUALITY = 85
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
# What some phones write: a JPEG with a second picture behind it. The first one is taken.
TWO_IN_ONE = "MPO"
AGE = 3600  # seconds for which a browser may keep a photo
_BROKEN = (OSError, ValueError, SyntaxError, TypeError, EOFError, IndexError, struct.error, zlib.error)


def cleaned(file: BinaryIO) -> bytes:
    """The picture as a JPEG of at most 512 x 512, upright, without what the camera wrote beside it (place, device).

    Raises ValidationError for what is no photo, moves, is meant for print, or is larger than a camera's pictures are.
    """
    try:
        with Image.open(file, formats=FORMATS) as picture:
            _check(picture)
            picture.draft("RGB", (2 * SIDE, 2 * SIDE))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((SIDE, SIDE))
            return _as_jpeg(upright)
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except _BROKEN as error:
        raise ValidationError(
            _("This file cannot be read as a photo. Nothing was changed. JPEG, PNG and WebP can be read.")
        ) from error


def _check(picture: Image.Image) -> None:
    """What the file's head says, before a pixel is read. Raises ValidationError."""
    if picture.width * picture.height > MOST_PIXELS or max(picture.size) > LONGEST_SIDE:
        raise _too_large()
    if picture.format != TWO_IN_ONE and getattr(picture, "n_frames", 1) > 1:
        raise ValidationError(_("This picture moves. Nothing was changed. Please choose one that stands still."))
    if picture.mode == "CMYK":
        raise ValidationError(
            _("This picture is meant for print (CMYK). Nothing was changed. Please save it for screens, as RGB.")
        )


def _too_large() -> ValidationError:
    return ValidationError(
        _("This picture has more than %(number)d million pixels. Nothing was changed. A smaller one is enough."),
        params={"number": MOST_PIXELS // 1_000_000},
    )


def _as_jpeg(picture: Image.Image) -> bytes:
    """On white where it lets something through."""
    solid = picture.convert("RGBA")
    page = Image.new("RGB", picture.size, "white")
    page.paste(solid, mask=solid.getchannel("A"))
    written = BytesIO()
    page.save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue()


def replace_photo(member: Member, jpeg: bytes | None) -> None:
    """Give the member this photo, or none. The old file goes when the transaction is committed, the new one if not."""
    storage, old = member.photo.storage, member.photo.name
    new = ""
    try:
        with transaction.atomic():
            if jpeg is None:
                member.photo = ""
            else:
                member.photo.save("photo.jpg", ContentFile(jpeg), save=False)
                new = member.photo.name or ""
            member.save(update_fields=["photo"])
            if old and old != new:
                transaction.on_commit(lambda: storage.delete(old))
    except BaseException:
        if new:
            storage.delete(new)
        raise


def photo_url(studio: Studio, member: Member) -> str:
    """The guarded address of the member's photo, another one for another photo; empty without one."""
    if not member.photo:
        return ""
    address = reverse("bookings:member_photo", args=[studio.slug, member.pk])
    return f"{address}?v={crc32((member.photo.name or '').encode()):x}"


def photo_answer(photo: FieldFile) -> HttpResponse:
    """The file as a picture or not at all (`nosniff` is on every answer); 204 when there is none."""
    if not photo:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    try:
        with photo.open("rb") as file:
            content = file.read()
    except FileNotFoundError:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return HttpResponse(content, content_type="image/jpeg", headers={"Content-Disposition": "inline"})


def kept_privately(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let this browser alone keep the answer for an hour: a day's list shows the same photos again and again."""

    @wraps(view)
    def kept(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        if response.status_code == HTTPStatus.OK:
            response.headers["Cache-Control"] = f"private, max-age={AGE}"
            del response.headers["Expires"]
        return response

    return kept
