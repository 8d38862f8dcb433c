from django import template

from bookings.sources import OWN, source_name

register = template.Library()
register.filter("source_name", source_name)


@register.filter
def is_marketplace(source: str) -> bool:
    return source not in OWN
