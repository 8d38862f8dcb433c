"""A logo as it is stored: read by Pillow, made small, and written anew as PNG, nothing else of the file stays."""

from io import BytesIO
from typing import BinaryIO

from django.core.files.base import ContentFile
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 5 * 2**20
MOST_PIXELS = 25_000_000
WIDTH, HEIGHT = 400, 112  # twice what the rail shows, for fine screens


class NoLogo(Exception):
    """The file is no picture that we take; `reason` is "type", "size" or "pixels"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def logo_of(file: BinaryIO, *, size: int) -> ContentFile:
    """The uploaded picture of `size` bytes as a small PNG. Raises NoLogo.

    The number of pixels stands in the file's head: a picture that would unpack to too much is never unpacked.
    """
    if size > MOST_BYTES:
        raise NoLogo("size")
    try:
        with Image.open(file, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise NoLogo("pixels")
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except Image.DecompressionBombError as error:
        raise NoLogo("pixels") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # what Pillow raises for what it cannot read
        raise NoLogo("type") from error
    upright.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    out = BytesIO()
    upright.save(out, "PNG", optimize=True)
    return ContentFile(out.getvalue(), name="logo.png")
