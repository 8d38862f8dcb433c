"""`python -m tests.migrating`: migrate as `python -m config.prepare database` does, in half the time.

After each constraint and each index Django builds all related models anew; to PostgreSQL the statement is all there is
to it. Installations migrate with Django as it is, as do the tests that start one.
"""

import os
from typing import Any

import django
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

    ProjectState._append_option = append
    ProjectState._remove_option = remove


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    keep_models()
    from config.prepare import prepare_database

    prepare_database()
