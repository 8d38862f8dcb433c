"""Every address of the product, read from the URL resolver."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

OURS = ("config", "invoicing", "marketplace", "reviews", "bookings", "packages", "portal")


@dataclass(frozen=True)
class Route:
    """`name`: "bookings:check_ins", or the route itself where it has no name. `arguments`: the words in its address."""

    name: str
    view: Callable[..., Any]
    arguments: tuple[str, ...]

    @property
    def is_admin(self) -> bool:
        """The operator's: Django's admin, and the mails that stayed in the house."""
        return self.name.startswith(("admin:", "admin/", "portal:mail"))

    @property
    def is_ours(self) -> bool:
        return self.view.__module__.split(".")[0] in OURS

    @property
    def is_studio(self) -> bool:
        return "studio" in self.arguments

    def url(self, values: dict[str, Any]) -> str:
        if self.name.startswith("admin/"):  # has no name of its own: the admin's own redirections
            return "/" + re.sub(
                r"\(\?P<(\w+)>.*\)\$?|<\w+:(\w+)>", lambda found: str(values[found[1] or found[2]]), self.name
            )
        return reverse(self.name, kwargs={word: values[word] for word in self.arguments})


def all_routes() -> list[Route]:
    return sorted(_walk(get_resolver().url_patterns, (), "", ()), key=lambda route: route.name)


def _walk(
    patterns: list[URLPattern | URLResolver], namespaces: tuple[str, ...], prefix: str, arguments: tuple[str, ...]
) -> Iterator[Route]:
    for pattern in patterns:
        words = arguments + tuple(
            getattr(pattern.pattern, "converters", {}) or getattr(pattern.pattern, "regex", None).groupindex  # type: ignore[union-attr]
        )
        if isinstance(pattern, URLResolver):
            deeper = namespaces + ((pattern.namespace,) if pattern.namespace else ())
            yield from _walk(pattern.url_patterns, deeper, prefix + str(pattern.pattern), words)
        else:
            name = ":".join((*namespaces, pattern.name)) if pattern.name else prefix + str(pattern.pattern)
            yield Route(name, pattern.callback, words)
