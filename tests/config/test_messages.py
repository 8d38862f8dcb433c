from pathlib import Path

import pytest

from config import messages

COMPLETE = """\
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Hello %(name)s"
msgstr "Hallo %(name)s"

msgid "%(count)s place"
msgid_plural "%(count)s places"
msgstr[0] "%(count)s Platz"
msgstr[1] "%(count)s Plätze"
"""


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The faults of a German catalogue with this text, when code asks for two messages."""

    def of(text: str) -> list[str]:
        path = tmp_path / "locale" / "de" / "LC_MESSAGES" / "django.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        monkeypatch.setattr(messages, "ROOT", tmp_path)
        (tmp_path / "templates").mkdir(exist_ok=True)
        (tmp_path / "templates" / "page.html").write_text(
            "{% load i18n %}{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}"
            "{% blocktranslate count count=n %}{{ count }} place{% plural %}{{ count }} places{% endblocktranslate %}"
        )
        return messages.faults("de", messages.wanted())

    return of


def test_a_complete_catalogue_has_no_faults(faults):
    assert faults(COMPLETE) == []


@pytest.mark.parametrize(
    ("was", "becomes", "fault"),
    [
        ('msgstr "Hallo %(name)s"', 'msgstr ""', "untranslated: 'Hello %(name)s'"),
        ('msgstr "Hallo %(name)s"', 'msgstr "Hallo %(nom)s"', "unknown named placeholder 'nom': 'Hello %(name)s'"),
        ('msgstr[1] "%(count)s Plätze"', 'msgstr[1] ""', "untranslated: ('%(count)s place', '%(count)s places')"),
        ('msgid "Hello %(name)s"\n', '#, fuzzy\nmsgid "Hello %(name)s"\n', "uncertain: 'Hello %(name)s'"),
    ],
)
def test_an_incomplete_message_is_a_fault(faults, was, becomes, fault):
    assert faults(COMPLETE.replace(was, becomes)) == [fault]


def test_missing_and_left_over_messages_are_faults(faults):
    renamed = COMPLETE.replace('msgid "Hello %(name)s"', 'msgid "Bye %(name)s"')
    assert faults(renamed) == ["left over: 'Bye %(name)s'", "missing: 'Hello %(name)s'"]


@pytest.mark.parametrize(
    ("code", "lost"),
    [
        ('_("Hello")', []),
        ('said("Hello")', ["a.py:2: said() is not a known name"]),
        ("f\"{_('Hello')}, {name}\"", ["a.py:2: _() is in an f-string"]),
        ('f"{name}" + _("Hello")', []),
    ],
)
def test_words_that_babel_would_not_hear_are_faults(code: str, lost: list[str]) -> None:
    imports = "from django.utils.translation import gettext as _, gettext_lazy as said\n"
    assert messages.unheard(Path("a.py"), imports + code) == lost
