"""The answers that the product ships: complete in three languages, with links that lead somewhere, for every screen."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.utils import translation

from portal.models import Answer
from portal.support import finding, shipped
from portal.support.markdown import Reader, html_of
from portal.support.topics import TOPICS
from tests.access_table import TABLE, Studio
from tests.factories import StaffLoginFactory
from tests.routes import all_routes

FILES = shipped.shipped()
HEAD = "---\ntitle: How?\nwords: why\ntopic: help\npages: portal:support\nposition: 5\n---\n"
#: Addresses that answer GET and are no screen: files, pictures, and what a page asks for while it is open.
NO_SCREENS = {
    "bookings:at_risk", "bookings:bookable", "bookings:check_ins_changes", "bookings:member_search",
    "bookings:reservation_photo", "bookings:member_photo", "bookings:session_changes", "bookings:session_seen",
    "invoicing:invoice_document", "marketplace:at_risk", "portal:logo", "portal:commands", "portal:answer",
    "portal:ticket_file",
}  # fmt: skip
FILE_WORDS = ("_csv", "_xlsx", "_pdf", "_file", "_export", "_refused", "_year", "_visits_file")


def links_of(text: str, reader: Reader) -> list[tuple[str, str]]:
    """(written, leads to) for each link in the Markdown; "" where it leads nowhere."""
    found = []

    class Noting(Reader):
        def address(self, href: str) -> str:
            found.append((href, reader.address(href)))
            return found[-1][1]

    html_of(text, Noting(reader.slug, reader.login))
    return found


def test_each_answer_is_there_in_each_language() -> None:
    by_language = {language: {one.slug for one in FILES if one.language == language} for language in shipped.LANGUAGES}
    assert by_language["en"]
    assert by_language["de"] == by_language["en"]
    assert by_language["nl"] == by_language["en"]
    strays = {path.name for path in shipped.FOLDER.iterdir()} - {f"{one.slug}.{one.language}.md" for one in FILES}
    assert strays == set()


def test_links_lead_somewhere_and_are_the_same_in_each_language() -> None:
    slugs, english = {one.slug for one in FILES}, {}
    for one in FILES:
        links = links_of(one.text, Reader("demo"))
        assert [written for written, address in links if not address] == [], (one.slug, one.language)
        answers = {written.removeprefix("answer:") for written, _to in links if written.startswith("answer:")}
        assert answers <= slugs, (one.slug, one.language)
        targets = sorted({written for written, _to in links})
        assert english.setdefault(one.slug, targets) == targets, (one.slug, one.language)


def test_pages_are_pages_and_each_screen_has_answers() -> None:
    routes = {route.name for route in all_routes()}
    named = {page for one in FILES for page in one.pages}
    assert {page for page in named if not page.endswith(":")} <= routes
    screens = {
        name
        for name, rule in TABLE.items()
        if isinstance(rule, Studio) and rule.get and name not in NO_SCREENS and not name.endswith(FILE_WORDS)
    }
    without = {name for name in screens if name not in named and f"{name.partition(':')[0]}:" not in named}
    assert without == set()


def test_texts_are_as_long_as_somebody_reads_and_have_no_html() -> None:
    for one in FILES:
        assert one.topic in TOPICS
        assert 20 <= len(one.text.split()) <= 400, (one.slug, one.language)
        assert len(one.title) <= 200, one.slug
        assert len(one.words) <= 500, one.slug
        assert "&lt;" not in html_of(one.text, Reader("demo")), (one.slug, one.language)


@pytest.mark.django_db
class TestLoading:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        Answer.objects.all().delete()
        (tmp_path / "how.en.md").write_text(HEAD + "So.\n")
        (tmp_path / "how.de.md").write_text("---\ntitle: Wie?\nwords:\n---\nDarum.\n")
        return tmp_path

    def test_what_the_product_ships_is_loaded_whole(self) -> None:
        Answer.objects.all().delete()
        assert shipped.load() == len(FILES)
        assert shipped.load() == 0

    def test_nothing_to_do_costs_one_query(self, folder: Path, django_assert_num_queries: Any) -> None:
        assert shipped.load(folder=folder) == 2
        with django_assert_num_queries(1):
            assert shipped.load(folder=folder) == 0

    def test_a_new_text_replaces_the_old_one_and_what_is_gone_goes(self, folder: Path) -> None:
        shipped.load(folder=folder)
        Answer.objects.update(is_shown=False)
        (folder / "how.en.md").write_text(HEAD + "So, now.\n")
        (folder / "how.de.md").unlink()
        assert shipped.load(folder=folder) == 2
        (answer,) = Answer.objects.all()
        assert (answer.text, answer.is_shown, answer.pages, answer.position) == (
            "So, now.\n",
            False,
            ["portal:support"],
            5,
        )

    def test_what_the_operator_edited_or_wrote_stays(self, folder: Path) -> None:
        shipped.load(folder=folder)
        Answer.objects.filter(language="en").update(text="Mine.", edited_at="2026-11-01T10:00Z")
        Answer.objects.create(slug="own", language="en", title="Own?", text="Own.", topic="help")
        (folder / "how.en.md").write_text(HEAD + "So, now.\n")
        (folder / "own.en.md").write_text(HEAD + "Theirs.\n")
        assert shipped.load(folder=folder) == 0
        assert dict(Answer.objects.filter(language="en").values_list("slug", "text")) == {"how": "Mine.", "own": "Own."}

    def test_a_database_that_is_not_that_far_is_left_alone(self) -> None:
        class Earlier:
            def get_model(self, *_names: str) -> None:
                raise LookupError

        shipped.load_after_migration(apps=Earlier())
        shipped.load_after_migration(apps=apps)

    def test_a_file_that_is_not_right_is_named(self, folder: Path) -> None:
        (folder / "how.de.md").write_text("---\ntitle: Wie?\n---\nDarum.\n")
        with pytest.raises(shipped.BadAnswer, match=r"how\.de\.md"):
            shipped.load(folder=folder)


class TestMarkdown:
    def test_html_scripts_and_pictures_are_text(self) -> None:
        text = "# Head\n<script>alert(1)</script> <b onclick=x>b</b> ![x](https://evil.test/x.png)\n\n<div>block</div>"
        html = html_of(text, Reader("demo"))
        assert "<script" not in html
        assert "<b" not in html
        assert "<img" not in html
        assert "<div" not in html
        assert "<h2>Head</h2>" in html

    @pytest.mark.parametrize(
        "href",
        [
            "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "http://example.test/",
            "//evil.test/", "/\\\\evil.test", "page:bookings:nothing", "page:", "mailto:a@b.test", "answer:no such",
        ],
    )  # fmt: skip
    def test_other_links_are_words(self, href: str) -> None:
        html = html_of(f"See [there](<{href}>).", Reader("demo"))
        assert "href" not in html
        assert "there" in html

    def test_links_lead_to_the_readers_own_studio(self) -> None:
        html = html_of(
            "[a](page:bookings:check_ins) [b](https://example.test/) [c](page:portal:settings_group/x#y)", Reader("one")
        )
        assert 'href="/one/check-ins/"' in html
        assert 'href="https://example.test/"' in html
        assert 'href="/one/settings/x/#y"' in html

    def test_links_to_help_carry_on_where_the_reader_came_from_and_others_do_not(self) -> None:
        reader = Reader("one", whence="from=%2Fone%2F")
        html = html_of(
            "[a](page:portal:ticket_new) [b](answer:check-in) [c](page:bookings:check_ins) [d](page:)", reader
        )
        assert re.findall('href="([^"]*)"', html) == [
            "/one/support/ask/?from=%2Fone%2F", "/one/support/answers/check-in/?from=%2Fone%2F", "/one/check-ins/",
        ]  # fmt: skip

    @pytest.mark.django_db
    def test_who_may_not_open_a_page_reads_its_name(self) -> None:
        viewer = StaffLoginFactory(studio__slug="one", preset="viewer")
        html = html_of("[Staff](page:portal:staff) [In](page:bookings:check_ins)", Reader("one", viewer))
        assert "Staff <a" in html
        assert "/one/staff/" not in html


@pytest.mark.django_db
class TestFinding:
    @pytest.fixture(autouse=True)
    def answers(self) -> None:
        Answer.objects.all().delete()
        for slug, title, words, pages, text in (
            (
                "check-in",
                "How do I check somebody in?",
                "tick scan",
                ["bookings:check_ins"],
                "Type the name and press Enter.",
            ),
            ("invoice", "When does the invoice come?", "bill", ["invoicing:"], "On the 5th. Do check in early."),
            ("refund", "How do I give money back?", "refund", [], "Open the purchase."),
        ):
            Answer.objects.create(
                slug=slug, language="en", title=title, words=words, pages=pages, text=text, topic="help"
            )
        Answer.objects.create(
            slug="refund", language="de", title="Wie erstatte ich Geld zurück?", text="Öffne den Kauf.", topic="help",
            words="Rückerstattung",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("words", "language", "first"),
        [
            ("CHECK", "en", "check-in"),
            ("scanning", "en", None),
            ("sca", "en", "check-in"),
            ("how do I refund", "en", "refund"),
            ("zuruck", "de", "refund"),
            ("RÜCKERST", "de", "refund"),
            ("erstattung", "de", "refund"),
            ("bill", "de", "invoice"),
            ("  ", "en", None),
            ("🌻 <script>", "en", None),
        ],
    )
    def test_words_find_the_best_first(self, words: str, language: str, first: str | None) -> None:
        found = finding.search(words, language)
        assert (found[0].slug if found else None) == first

    def test_a_hidden_answer_is_not_found(self) -> None:
        Answer.objects.filter(slug="refund").update(is_shown=False)
        assert finding.search("refund", "en") == []
        assert finding.answer_in("refund", "en") is None

    def test_a_screen_has_its_own_before_those_of_its_app(self) -> None:
        Answer.objects.create(
            slug="z", language="en", title="?", text=".", topic="help", pages=["invoicing:invoices"], position=900
        )
        assert [one.slug for one in finding.answers_for("invoicing:invoices", "en")] == ["z", "invoice"]
        assert finding.answers_for("", "en") == []

    def test_english_stands_in_for_a_language_that_lacks_one(self) -> None:
        with translation.override("de"):
            by_slug = {one.slug: one.language for one in finding.shown("de")}
        assert by_slug == {"check-in": "en", "invoice": "en", "refund": "de"}
