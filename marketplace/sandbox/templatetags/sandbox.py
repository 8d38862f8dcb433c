"""Words in the visitor's language, and moments by the studio's clock."""

from datetime import datetime

from django import template
from django.utils.html import format_html

from marketplace.sandbox import moments
from marketplace.sandbox.words import word

register = template.Library()


@register.simple_tag
def say(text: str, **values: object) -> str:
    """`{% say "Free until {moment}" moment=... %}`: escaped, in the language of the page."""
    return format_html(word(text), **values)


@register.filter
def without_query(address: str) -> str:
    """For where there is little room: the names of the parts are enough."""
    path, asked, _query = address.partition("?")
    return path + ("?…" if asked else "")


@register.filter
def moment(text: str) -> datetime | None:
    return moments.read(text)
