"""Constraints and indexes come and go in migrations without the models being built anew (config/migrating.py)."""

from typing import Any

import pytest
from django.db import models
from django.db.migrations.operations import AddConstraint, AddIndex, RemoveConstraint, RemoveIndex
from django.db.migrations.state import ModelState, ProjectState

from config.migrating import keep_models


@pytest.fixture(autouse=True)
def _kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_append_option", "_remove_option"):
        assert hasattr(ProjectState, name)  # Django's own, still: without them, migrating is as slow as it was
        monkeypatch.setattr(ProjectState, name, getattr(ProjectState, name))
    keep_models()


@pytest.mark.parametrize(
    ("option", "one", "add", "remove"),
    [
        (
            "constraints",
            models.UniqueConstraint(fields=["name"], name="one"),
            AddConstraint,
            RemoveConstraint,
        ),
        ("indexes", models.Index(fields=["name"], name="one"), AddIndex, RemoveIndex),
    ],
)
def test_the_model_stays_and_knows_what_it_has(option: str, one: Any, add: Any, remove: Any) -> None:
    state = ProjectState()
    state.add_model(
        ModelState("app", "Thing", [("id", models.AutoField(primary_key=True)), ("name", models.TextField())])
    )
    built = state.apps.get_model("app", "thing")
    assert built._meta.total_unique_constraints == []

    add("thing", one).state_forwards("app", state)
    assert state.apps.get_model("app", "thing") is built
    assert getattr(built._meta, option) == state.models["app", "thing"].options[option] == [one]
    assert built._meta.total_unique_constraints == [one] * (option == "constraints")
    rebuilt = state.models["app", "thing"].clone().render(type(state.apps)([], {}))
    assert getattr(rebuilt._meta, option) == [one]

    remove("thing", "one").state_forwards("app", state)
    assert state.apps.get_model("app", "thing") is built
    assert getattr(built._meta, option) == state.models["app", "thing"].options[option] == []
