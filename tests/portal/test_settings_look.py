"""The studio's logo and colour: what is taken, what is shown, and the arithmetic of contrast."""

from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from portal.models import Change, Studio
from portal.preferences import colours
from portal.preferences.logos import NoLogo, logo_of
from tests.factories import LocationFactory, StaffLoginFactory, StudioFactory
from tests.portal.test_look import luminance, tokens

PAGE = "/linden/settings/look/"


def picture(kind: str = "PNG", size: tuple[int, int] = (800, 300), mode: str = "RGB") -> bytes:
    out = BytesIO()
    Image.new(mode, size, "#aa2244").save(out, kind)
    return out.getvalue()


@pytest.fixture
def media(tmp_path: Path, settings: object) -> Path:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return tmp_path


@pytest.fixture
def studio(db: None) -> Studio:
    studio = StudioFactory(slug="linden")
    LocationFactory(studio=studio)
    return studio


@pytest.fixture
def client(studio: Studio) -> Client:
    client = Client()
    client.force_login(StaffLoginFactory(studio=studio).user)
    return client


def send(client: Client, content: bytes, name: str = "logo.png") -> int:
    return client.post(PAGE, {"step": "logo", "logo": SimpleUploadedFile(name, content)}).status_code


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_logo_is_written_anew_and_small(client: Client, studio: Studio, media: Path, kind: str) -> None:
    hidden = b"<?php system($_GET['x']); ?>"
    assert send(client, picture(kind) + hidden) == 302
    studio.refresh_from_db()
    stored = Path(studio.logo.path).read_bytes()
    assert hidden not in stored
    with Image.open(BytesIO(stored)) as logo:
        assert (logo.format, logo.size) == ("PNG", (299, 112))
    answer = client.get("/linden/logo/")
    assert (answer.content, answer["Content-Type"]) == (stored, "image/png")
    assert f'src="/linden/logo/?v={Path(studio.logo.name).stem}"' in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:60], picture("TIFF"), b"\x89PNG\0\0"],
    ids=["nothing", "gif", "svg", "cut short", "tiff", "only a head"],
)  # fmt: skip
def test_what_is_no_picture_is_answered_with_words(client: Client, studio: Studio, media: Path, content: bytes) -> None:
    assert send(client, content) == 422
    studio.refresh_from_db()
    assert not studio.logo


def test_a_picture_that_unpacks_to_too_much_is_never_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    content = picture(size=(6400, 6400), mode="1")
    monkeypatch.setattr(Image.Image, "convert", lambda *_args: pytest.fail("was unpacked"))
    with pytest.raises(NoLogo, match="pixels"):
        logo_of(BytesIO(content), size=len(content))


def test_the_file_of_a_logo_that_is_replaced_or_removed_goes(
    client: Client, studio: Studio, media: Path, django_capture_on_commit_callbacks: object
) -> None:
    for step in (None, None, "remove_logo"):
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            if step:
                client.post(PAGE, {"step": step})
            else:
                send(client, picture())
    assert list(media.rglob("*.png")) == []
    assert client.get("/linden/logo/").status_code == 204
    assert Change.objects.filter(studio=studio).count() == 3


def test_a_colour_is_used_only_on_the_paper_where_it_is_seen(client: Client, studio: Studio) -> None:
    assert client.post(PAGE, {"brand_colour": "#FFCC00"}).status_code == 302
    page = client.get(PAGE).content.decode()
    assert "On light paper 1.4 : 1" in page
    assert "not used here" in page
    assert page.count("brand-mark brand-own on-dark") == 1
    assert "brand-own on-light" not in page
    assert 'class="brand-mark on-light"' in page


@pytest.mark.parametrize("colour", ["red", "#12", "#gggggg", "#1234567", '"><x>', "javascript:"])
def test_what_is_no_colour_is_answered_with_words(client: Client, studio: Studio, colour: str) -> None:
    answer = client.post(PAGE, {"brand_colour": colour})
    assert answer.status_code == 422
    assert client.post(PAGE, {"brand_colour": colour, "step": "preview"}).status_code == 200
    studio.refresh_from_db()
    assert studio.brand_colour == ""


def test_two_people_who_choose_a_colour_do_not_overwrite_each_other_unseen(client: Client, studio: Studio) -> None:
    seen = client.get(PAGE).context["colour"]["seen"].value()
    client.post(PAGE, {"brand_colour": "#112233", "seen": seen})
    answer = client.post(PAGE, {"brand_colour": "#445566", "seen": seen})
    assert answer.status_code == 422
    again = {"brand_colour": "#445566", "seen": answer.context["colour"]["seen"].value()}
    assert client.post(PAGE, again).status_code == 302


def test_the_papers_are_those_of_the_stylesheets() -> None:
    for theme, paper in (("light", colours.LIGHT), ("dark", colours.DARK)):
        assert colours.luminance(paper) == pytest.approx(luminance(tokens(theme)["paper"]), abs=0.003)
    assert colours.luminance(colours.INK) == pytest.approx(luminance(tokens("light")["ink"]), abs=0.003)


def test_every_colour_can_be_a_mark_somewhere_and_is_written_on_legibly() -> None:
    greys_and_others = [
        f"#{red:02x}{green:02x}{blue:02x}" for red in (0, 90, 255) for green in (0, 120, 255) for blue in (0, 160, 255)
    ]
    for colour in greys_and_others + [f"#{grey:02x}{grey:02x}{grey:02x}" for grey in range(0, 256, 5)]:
        assert any(ground.is_used for ground in colours.grounds(colour)), colour
        assert colours.contrast(colours.on(colour), colour) >= 4, colour
    assert colours.contrast("#ffffff", "#000000") == pytest.approx(21)
