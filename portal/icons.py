"""Lucide's icons, each drawn once in a process: the package copies and writes an icon's XML anew for every use."""

from functools import lru_cache

from django import template
from lucide.templatetags.lucide import lucide as drawn

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=1024)
def lucide(name: str, *, size: int | None = 24, **attributes: str | int) -> str:
    """The icon of that name as inline SVG, `size` pixels wide and high; raises IconDoesNotExist."""
    return drawn(name, size=size, **attributes)
