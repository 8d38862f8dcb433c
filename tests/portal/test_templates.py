"""What no template may contain, because the content policy forbids it or because it would open a door (S13, S14)."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

TEMPLATES = Path(__file__).parents[2] / "templates"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))

FORBIDDEN = {
    "an inline style": re.compile(r"\sstyle\s*=|<style\b", re.IGNORECASE),
    "an inline handler": re.compile(r"\son[a-z]+\s*=(?!=)|\shx-on\b|\shx-on:|\sdata-hx-on", re.IGNORECASE),
    "an address or value that is script": re.compile(r"\bjs:|\bjavascript:", re.IGNORECASE),
    "a trigger filter": re.compile(r"hx-trigger\s*=\s*(\"[^\"]*\[|'[^']*\[)", re.IGNORECASE),
    "a script in the page": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "text that is not escaped": re.compile(r"\|\s*safe(seq)?\b|{%\s*autoescape\s+off"),
    "a moment in no studio's clock": re.compile(r"_(at|until)\|date:(?!['\"]c['\"])"),
}
# Mail programs read no stylesheet: what a mail is made of has its styles inside. It is no page of ours.
MAILS = {"portal/mail/frame.html", "portal/mail/line.html"}
# Of no studio: the operator's pages tell UTC, and a passkey belongs to a person.
IN_NO_STUDIO = ("admin/", "mfa/", "portal/mail.html", "portal/mail_shown.html")


def faults(text: str) -> set[str]:
    return {name for name, pattern in FORBIDDEN.items() if pattern.search(text)}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_holds_nothing_that_the_content_policy_forbids(name: str) -> None:
    allowed = {"an inline style"} if name in MAILS else set()
    if name.startswith(IN_NO_STUDIO):
        allowed = {"a moment in no studio's clock"}
    assert faults((TEMPLATES / name).read_text()) <= allowed


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_an_error_page_needs_no_context(name: str) -> None:
    """Django renders some of them with nothing at hand, when the database may be the very thing that is down."""
    assert "<h1>" in get_template(name).render()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('<b style="color: red">', "an inline style"),
        ("<STYLE>", "an inline style"),
        ('<a onclick="go()">', "an inline handler"),
        ('<a hx-on:click="go()">', "an inline handler"),
        ("<a hx-vals='js:{a: 1}'>", "an address or value that is script"),
        ("<a href='javascript:go()'>", "an address or value that is script"),
        ('<a hx-trigger="click[ctrlKey]">', "a trigger filter"),
        ("<script>go()</script>", "a script in the page"),
        ("{{ name|safe }}", "text that is not escaped"),
        ("{% autoescape off %}", "text that is not escaped"),
        ('{{ one.sent_at|date:"H:i" }}', "a moment in no studio's clock"),
    ],
)
def test_the_lint_sees_the_fault(text: str, fault: str) -> None:
    assert faults(text) == {fault}


def test_the_lint_lets_plain_templates_pass() -> None:
    plain = '<script src="a.js" defer></script><b class="on" data-key="s" hx-trigger="every 2s, focus">{{ name }}</b>'
    assert faults(plain) == set()
