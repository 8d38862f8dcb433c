"""Migrate in two thirds of the time: no model is built anew because of a constraint or an index.

After each of them Django builds the model and all that are related to it; to PostgreSQL the statement is all there is
to it. Where a later Django has no longer what is replaced here, migrating takes its time again and is right still.
"""

from typing import Any

from django.db.migrations.state import ProjectState


def keep_models() -> None:
    """From now on a constraint or an index that comes or goes is noted at the model that is there."""

    def append(self: ProjectState, app_label: str, model: str, option: str, added: Any) -> None:
        note(self, app_label, model, option, [*self.models[app_label, model].options[option], added])

    def remove(self: ProjectState, app_label: str, model: str, option: str, name: str) -> None:
        left = [one for one in self.models[app_label, model].options[option] if one.name != name]
        note(self, app_label, model, option, left)

    def note(state: ProjectState, app_label: str, model: str, option: str, all_of_them: list[Any]) -> None:
        state.models[app_label, model].options[option] = all_of_them
        if "apps" in state.__dict__:
            meta = state.apps.get_model(app_label, model)._meta
            setattr(meta, option, list(all_of_them))
            meta.original_attrs[option] = all_of_them
            meta.__dict__.pop("total_unique_constraints", None)  # computed from them, once asked for

    for name, ours in (("_append_option", append), ("_remove_option", remove)):
        setattr(ProjectState, name, ours)
