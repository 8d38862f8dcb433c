"""The sandbox knows nothing of the project, and the project nothing of it."""

import ast
from pathlib import Path

from standardwebhooks import Webhook

from marketplace.sandbox import signing, words
from marketplace.sandbox.moments import read
from marketplace.sandbox.switches import DIFFERENCES, FAULTS, WAYS
from marketplace.sandbox.views import RULES, TOLD
from tests.config.installation import ROOT

HOME = ROOT / "marketplace/sandbox"
OURS = ("config", "invoicing", "marketplace", "reviews", "bookings", "packages", "portal")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in OURS}


def test_it_imports_nothing_of_the_project() -> None:
    for path in HOME.rglob("*.py"):
        assert {name for name in imported(path) if not name.startswith("marketplace.sandbox")} == set(), path


def test_nothing_of_its_own_app_imports_it() -> None:
    """Import contracts hold the packages of the app and all other apps to it; these are modules beside it."""
    for path in (ROOT / "marketplace").glob("*.py"):
        assert {name for name in imported(path) if name.startswith("marketplace.sandbox")} == set(), path


def said() -> set[str]:
    """Every word that a page says, and every one that code says."""
    found = {text for text, _good in TOLD.values()} | set(RULES.values())
    found |= set(WAYS.values()) | set(FAULTS.values()) | set(DIFFERENCES.values())
    for page in HOME.rglob("*.html"):
        for part in page.read_text().split("{% say ")[1:]:
            quote = part[0]
            if quote in "\"'":
                found.add(part[1:].split(quote)[0])
    for path in HOME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "word":
                found |= {one.value for one in node.args if isinstance(one, ast.Constant)}
    return found


def test_every_word_is_there_in_german_and_dutch_and_none_is_left_over() -> None:
    shown_by_state = {"asked", "booked", "waiting", "refused", "cancelled", "in", "out", "no answer", "given up"}
    shown_by_state.add("no answer in 15 minutes")
    assert said() - set(words.WORDS) == set()
    assert set(words.WORDS) - said() - shown_by_state - {"additional", "correction"} == set()
    for text, others in words.WORDS.items():
        for other in others:
            assert other
            assert set(text.split("{")[1:]) == set() or {p.split("}")[0] for p in text.split("{")[1:]} == {
                p.split("}")[0] for p in other.split("{")[1:]
            }


def test_it_signs_as_the_convention_has_it() -> None:
    """As the convention's own library does, which the other side uses."""
    secret, body, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}', 1614265330
    moment = read("2021-02-25T15:02:10Z")
    assert moment is not None
    expected = Webhook(secret).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", moment, body.decode())
    assert int(moment.timestamp()) == at
    assert signing.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body) == expected
