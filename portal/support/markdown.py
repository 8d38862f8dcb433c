"""Markdown to HTML for answers: no HTML of the author's own, no pictures, links to our pages or to https alone (S13).

`[Check-ins](page:bookings:check_ins)` leads to that screen of the reader's studio, `[more](answer:check-in)` to another
answer. What follows a slash is an argument, `page:portal:settings_group/booking`; an #anchor may follow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import nh3
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from portal.models import StaffLogin

TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_inline", "html_block"])


@dataclass(frozen=True)
class Reader:
    """For whom links are made. `login` None: for whoever looks at the text alone; then each page may be opened.

    `whence`: where the reader came from, as a query; links to other pages of help carry it on.
    """

    slug: str
    login: StaffLogin | None = None
    whence: str = ""

    def address(self, href: str) -> str:
        """Where a link leads; "" when it leads nowhere, or where the reader may not go."""
        kind, _colon, rest = href.partition(":")
        if kind in {"page", "answer"}:
            found = page_address(rest, self.slug) if kind == "page" else answer_address(rest, self.slug)
            if self.login is not None and not may_open(found, self.login):
                return ""
            return self._carried_on(found)
        parts = urlsplit(href)
        if parts.scheme == "https" and parts.netloc:
            return href
        is_ours = (
            not parts.scheme
            and not parts.netloc
            and href.startswith("/")
            and "\\" not in href
            and "%5c" not in href.lower()
        )
        return href if is_ours else ""

    def _carried_on(self, address: str) -> str:
        """The address with `whence`, where it is one of help: the contact form is filled in from it."""
        if not self.whence or not address.startswith(reverse("portal:support", args=[self.slug])):
            return address
        path, mark, anchor = address.partition("#")
        return f"{path}?{self.whence}{mark}{anchor}"


def page_address(rest: str, slug: str) -> str:
    """The address of "bookings:check_ins", "portal:settings_group/booking#setting-x"; "" for one that is not."""
    path, _hash, anchor = rest.partition("#")
    name, *words = path.split("/")
    try:
        return reverse(name, args=[slug, *words]) + (f"#{anchor}" if anchor else "")
    except NoReverseMatch:
        return ""


def answer_address(rest: str, slug: str) -> str:
    try:
        return reverse("portal:answer", args=[slug, rest])
    except NoReverseMatch:
        return ""


def may_open(address: str, login: StaffLogin) -> bool:
    """Whether the login has the right that the page asks for, as its view says."""
    try:
        view = resolve(address.partition("#")[0]).func
    except Resolver404:
        return False
    right = getattr(view, "access", (None, None))[0]
    return right is None or right in login.rights


def html_of(text: str, reader: Reader) -> SafeString:
    """The answer as HTML, to stand below the page's h1."""
    tokens = _PARSER.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        if token.children:
            token.children = _with_links(token.children, reader.address)
    rendered = _PARSER.renderer.render(tokens, _PARSER.options, {})
    clean = nh3.clean(rendered, tags=TAGS, attributes={"a": {"href"}}, url_schemes={"https"}, link_rel="noopener")
    return mark_safe(clean)  # noqa: S308 - cleaned by nh3, and no HTML of the author's came so far


def _with_links(children: list[Token], address: Callable[[str], str]) -> list[Token]:
    """The tokens of a line; of a link that leads nowhere only its words stay."""
    kept, is_dead = [], False
    for token in children:
        if token.type == "link_open":
            href = address(str(token.attrGet("href") or ""))
            is_dead = not href
            if is_dead:
                continue
            token.attrs = {"href": href}
        elif token.type == "link_close" and is_dead:
            is_dead = False
            continue
        kept.append(token)
    return kept
