"""Rules of the house that are read from the code itself."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import ForeignObject, ManyToManyField

# From left to right: an app refers only to what stands to its right (`docs`: arrows).
ARROWS = ["config", "invoicing", "marketplace", "reviews", "bookings", "packages", "portal"]
LIBRARIES = {"auth", "contenttypes"}

# Reads in views that may start at all rows of a model, with the reason why.
FREE = {
    ("portal/access.py", "StaffLogin"): "finds the login of the address, by person and studio together",
    ("bookings/views/reservations.py", "ReservationEvent"): "filtered by the studio; events have no related name",
    ("bookings/views/session.py", "ReservationEvent"): "filtered by the studio; events have no related name",
    ("bookings/views/assigning.py", "ReservationEvent"): "filtered by the studio; events have no related name",
    (
        "bookings/views/waiting.py",
        "WaitingEntry",
    ): "opened from a mail: its signed word names one entry, of this studio",
    (
        "portal/views/imports.py",
        "ImportRun",
    ): "filtered by the studio, or a run found through it, changed if still as it was",
}
# Functions of selectors that read without such a parameter, with the reason why.
UNBOUND = {
    ("bookings/selectors/members.py", "_waits"): "of the member of the query that it is part of",
    ("bookings/selectors/members.py", "_twins"): "of the member of the query that it is part of",
    ("bookings/selectors/waiting.py", "to_settle"): "the clock's: the lists of every studio",
    ("marketplace/selectors/answers.py", "said_absent"): "of the visits of the query that it is part of",
    ("marketplace/selectors/connecting.py", "marketplaces"): "no studio's: what the installation knows",
    ("marketplace/selectors/connecting.py", "setting_up"): "the operator's: of every studio",
    (
        "invoicing/selectors/payouts.py",
        "expected",
    ): "the operator's: of every studio; others filter it by their invoices",
    ("invoicing/selectors/payouts.py", "with_state"): "the operator's, and the clock's: of every studio",
    ("invoicing/selectors/payouts.py", "standings"): "of the payouts that it is given",
    ("invoicing/selectors/checking.py", "flaws"): "the clock's: the books of every studio",
    ("invoicing/selectors/checking.py", "without_files"): "the clock's: of every studio",
    ("invoicing/selectors/due.py", "reopened"): "the clock's: of every studio",
    ("invoicing/selectors/parties.py", "payer_of"): "no studio's: whom the operator wrote down",
    ("invoicing/selectors/payouts.py", "by_month"): "the operator's: of every studio; others filter it",
    ("invoicing/selectors/payouts.py", "_received"): "of the payouts of the query that it is part of",
}
# Parameters that carry a tenant: the studio itself, or rows of one.
BOUNDS = {
    "day",
    "studio",
    "studio_id",
    "login",
    "location",
    "locations",
    "connection",
    "session",
    "sessions",
    "item",
    "member",
    "reservation",
    "booked",
    "people",
    "members",
    "reservations",
    "package",
    "packages",
    "purchase",
    "purchases",
    "visits",
    "contract",
    "contracts",
    "connections",
    "invoice",
    "invoices",
    "review",
    "reviews",
}


def test_foreign_keys_follow_the_arrows() -> None:
    """Import contracts do not see them: a string names the model."""
    wrong = []
    for model in apps.get_models(include_auto_created=True):
        app = model._meta.app_label
        if app not in ARROWS:
            continue
        for field in model._meta.get_fields(include_hidden=True):
            if not isinstance(field, ForeignObject | ManyToManyField) or field.auto_created:
                continue
            target = field.related_model._meta.app_label  # type: ignore[union-attr]
            if target in LIBRARIES:
                continue
            if ARROWS.index(target) < ARROWS.index(app):
                wrong.append(f"{model.__name__}.{field.name} -> {target}")
    assert wrong == []


def files(*kinds: str) -> list[Path]:
    """Modules of this name in each app, or the modules of the package of this name."""
    folders = [settings.BASE_DIR / app for app in ARROWS[1:]]
    found = [
        one for folder in folders for kind in kinds for one in (folder / f"{kind}.py", *(folder / kind).glob("*.py"))
    ]
    return sorted(path for path in found if path.exists())


def managers(tree: ast.AST) -> list[ast.Attribute]:
    """Each `Model.objects` in it."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"objects", "_base_manager", "_default_manager"}
        and isinstance(node.value, ast.Name)
    ]


def functions_of(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]


def is_unbound(function: ast.FunctionDef) -> bool:
    """Whether it reads a model without a parameter that carries a tenant."""
    given = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    return bool(managers(function)) and not given & BOUNDS


def named(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


@pytest.mark.parametrize("path", files("views", "api", "access", "context", "locations"), ids=named)
def test_views_start_at_the_studio(path: Path) -> None:
    """`Model.objects` in a view forgets the tenant sooner or later."""
    found = {(named(path), node.value.id) for node in managers(ast.parse(path.read_text()))}  # type: ignore[attr-defined]
    assert found <= set(FREE)


@pytest.mark.parametrize("path", files("selectors"), ids=named)
def test_selectors_are_given_what_bounds_them(path: Path) -> None:
    """A function that reads a model takes the studio, the login, or rows that were found through one."""
    found = {(named(path), function.name) for function in functions_of(path) if is_unbound(function)}
    assert found <= set(UNBOUND)


def test_no_exemption_is_stale() -> None:
    for where, model in FREE:
        assert f"{model}.objects" in (settings.BASE_DIR / where).read_text(), where
    for where, name in UNBOUND:
        assert any(one.name == name and is_unbound(one) for one in functions_of(settings.BASE_DIR / where)), name
