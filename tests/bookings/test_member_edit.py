"""Creating, changing, blocking, and the photo: bad input is answered, and each change has its line in the log."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from portal.models import Change, Member, StaffLogin
from portal.roles import Preset
from tests.factories import LocationFactory, MemberFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db
KIM = {
    "first_name": "Kim",
    "last_name": "de Boer",
    "email": "Kim@Example.test",
    "phone": "+31 6 1",
    "joined_on": "",
    "notes": "",
}


@pytest.fixture
def owner(client: Client, settings: Any, tmp_path: Path) -> StaffLogin:
    settings.MEDIA_ROOT = tmp_path
    login = StaffLoginFactory(studio=LocationFactory(studio__slug="ours").studio, preset=Preset.OWNER)
    client.force_login(login.user)
    return login


@pytest.fixture
def kim(owner: StaffLogin) -> Member:
    return MemberFactory(studio=owner.studio, first_name="Kim", last_name="de Boer", number="4711", email="kim@x.test")


def kinds(member: Member) -> list[str]:
    return [change.kind for change in Change.objects.filter(subject="member", subject_id=member.pk)]


def test_a_new_member_gets_the_next_number(client: Client, kim: Member) -> None:
    response = client.post("/ours/members/new/", KIM)
    made = Member.objects.get(email="kim@example.test")
    assert response["Location"] == f"/ours/members/{made.pk}/"
    assert (made.number, made.name, made.joined_on is not None) == ("4712", "Kim de Boer", True)
    assert kinds(made) == ["created"]


def test_a_known_email_names_whose_it_is(client: Client, kim: Member) -> None:
    response = client.post("/ours/members/new/", KIM | {"email": "KIM@x.test"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "This e-mail belongs to Kim de Boer, member 4711." in page
    assert f'href="/ours/members/{kim.pk}/"' in page
    assert Member.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_name": ""},
        {"first_name": "x" * 101},
        {"email": "kim"},
        {"phone": "1" * 41},
        {"joined_on": "31.02.2026"},
        {"notes": "x" * 2001},
    ],
)
def test_bad_input_is_answered(client: Client, kim: Member, wrong: dict[str, str]) -> None:
    for address in ("/ours/members/new/", f"/ours/members/{kim.pk}/edit/"):
        assert client.post(address, KIM | wrong).status_code == 422
    kim.refresh_from_db()
    assert (Member.objects.count(), kim.email) == (1, "kim@x.test")


def test_a_change_stands_in_the_log(client: Client, kim: Member) -> None:
    Member.objects.filter(pk=kim.pk).update(compared_at="2026-01-01T00:00Z")
    client.post(f"/ours/members/{kim.pk}/edit/", KIM | {"last_name": "Boer"})
    kim.refresh_from_db()
    assert (kim.last_name, kim.email, kim.compared_at) == ("Boer", "kim@example.test", None)
    change = Change.objects.get(subject_id=kim.pk)
    assert (change.before["last_name"], change.after["last_name"]) == ("de Boer", "Boer")
    client.post(f"/ours/members/{kim.pk}/edit/", KIM | {"last_name": "Boer"})
    assert kinds(kim) == ["edited"]


def test_a_block_has_a_reason_and_can_be_lifted(client: Client, kim: Member) -> None:
    address = f"/ours/members/{kim.pk}/block/"
    assert client.post(address, {"reason": ""}).status_code == 422
    client.post(address, {"reason": "unpaid"})
    kim.refresh_from_db()
    assert kim.blocked_reason == "unpaid"
    assert "Blocked: unpaid" in client.get(f"/ours/members/{kim.pk}/").content.decode()
    client.post(address, {"lift": "1"})
    kim.refresh_from_db()
    assert kim.blocked_reason == ""
    assert kinds(kim) == ["unblocked", "blocked"]


def test_the_desk_changes_data_and_does_not_block(client: Client, kim: Member) -> None:
    client.force_login(StaffLoginFactory(studio=kim.studio, preset=Preset.DESK).user)
    assert client.post(f"/ours/members/{kim.pk}/edit/", KIM).status_code == 302
    assert client.post(f"/ours/members/{kim.pk}/block/", {"reason": "x"}).status_code == 403


def picture(size: tuple[int, int] = (900, 600), kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size).save(written, kind, **options)
    return written.getvalue()


def send(client: Client, member: Member, content: bytes, name: str = "photo.jpg") -> Any:
    file = SimpleUploadedFile(name, content, content_type="image/jpeg")
    return client.post(f"/ours/members/{member.pk}/photo/change/", {"photo": file})


def files(settings: Any) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_a_photo_is_made_small_upright_and_bare(client: Client, kim: Member, settings: Any) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SecretCamera"  # turned by a quarter; the maker
    assert send(client, kim, picture(exif=exif)).status_code == 302
    kim.refresh_from_db()
    with Image.open(kim.photo) as kept:
        assert (kept.format, kept.size) == ("JPEG", (341, 512))
        assert not kept.getexif()
    assert b"SecretCamera" not in files(settings)[0].read_bytes()
    shown = client.get(f"/ours/members/{kim.pk}/photo/")
    assert (shown["Content-Type"], shown["Cache-Control"]) == ("image/jpeg", "private, max-age=3600")


@pytest.mark.django_db(transaction=True)
def test_a_new_photo_takes_the_place_of_the_old_one(client: Client, kim: Member, settings: Any) -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        send(client, kim, picture(kind=kind))
    assert len(files(settings)) == 1
    client.post(f"/ours/members/{kim.pk}/photo/change/", {"remove": "1"})
    assert files(settings) == []
    assert client.get(f"/ours/members/{kim.pk}/photo/").status_code == 204


def bomb() -> bytes:
    """A few hundred bytes that would be 40 million pixels."""
    return picture((8000, 5000), "PNG", "1")


def moving() -> bytes:
    written = io.BytesIO()
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [  # drawn by the test that sends it
        (lambda: b"", "empty"),
        (lambda: b"GIF89a", "cannot be read as a photo"),
        (lambda: b"<svg onload=alert(1)>", "cannot be read as a photo"),
        (lambda: picture()[:400], "cannot be read as a photo"),
        (lambda: picture(kind="PNG")[:60], "cannot be read as a photo"),
        (bomb, "24 million pixels"),
        (lambda: picture((13_000, 1), "PNG"), "24 million pixels"),
        (lambda: picture((40_000, 5_000), "PNG", "1"), "24 million pixels"),
        (moving, "This picture moves"),
        (lambda: picture(mode="CMYK"), "meant for print"),
        (lambda: picture(kind="BMP"), "cannot be read as a photo"),
    ],
)
def test_what_is_no_photo_is_answered_and_not_kept(
    client: Client, kim: Member, settings: Any, content: Callable[[], bytes], words: str
) -> None:
    response = send(client, kim, content())
    assert response.status_code == 422
    assert words in response.content.decode()
    assert files(settings) == []
    kim.refresh_from_db()
    assert not kim.photo


def test_another_studio_does_not_see_the_photo(client: Client, kim: Member) -> None:
    send(client, kim, picture())
    client.force_login(StaffLoginFactory().user)
    assert client.get(f"/ours/members/{kim.pk}/photo/").status_code == 404
