"""Forms for settings. Each remembers what the person saw, so that two people do not overwrite each other unseen."""

import json
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Field, Model
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.models import Change, Location, Studio
from portal.preferences import places
from portal.preferences.registry import Group, Scope, Setting, preview_of
from portal.preferences.since import since


class SettingsForm(forms.ModelForm):
    """Some settings of a studio or a location.

    `before` is the row as it stands in the database. What somebody else set meanwhile and this person did not touch
    stays theirs (`kept`); what both changed is an error that says so, and saving again decides.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, group: Group, scope: Scope, settings: tuple[Setting, ...], row: Model, data: QueryDict | None = None
    ) -> None:
        self.group, self.scope, self.settings = group, scope, settings
        self.names = [setting.field for setting in settings]
        self.before = copy(row)
        # Validation writes into the scope's row; previews judge what is saved.
        self.saved = scope
        if isinstance(self.before, Location):
            self.saved = replace(scope, location=self.before)
        elif isinstance(self.before, Studio):
            self.saved = replace(scope, studio=self.before)
        self.kept: list[str] = []
        super().__init__(data.copy() if data is not None else None, instance=row)
        self.changes: dict[str, Change] = since(scope.studio, row, self.names) if row.pk else {}
        for setting in settings:
            self.fields[setting.field].label = str(setting.label)
        if "country" in self.fields:
            self.fields["country"] = forms.ChoiceField(
                label=self.fields["country"].label, choices=[("", _("not set")), *places.countries()], required=False
            )
        if "zone" in self.fields:
            self.fields["zone"].widget.attrs["list"] = "zones"
        self.initial["seen"] = self._as_seen()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._keep_what_others_set(cleaned)
        if not self.errors:
            for conflict in self.group.conflicts(self.scope, cleaned):
                for name in set(conflict.fields) & set(self.names):
                    self.add_error(name, conflict.words)
        return cleaned

    def _keep_what_others_set(self, cleaned: dict[str, Any]) -> None:
        seen = self._seen(cleaned.get("seen", ""))
        for name in self.names:
            if name not in seen or name not in cleaned:
                continue
            now, mine = getattr(self.before, name), cleaned[name]
            if now in (seen[name], mine):
                continue
            if mine == seen[name]:
                cleaned[name] = now
                self.kept.append(name)
                self.data[self.add_prefix(name)] = "" if now is None else now  # type: ignore[index]
            else:
                self.add_error(name, self._changed_meanwhile(name, now))
        self.data[self.add_prefix("seen")] = self._as_seen()  # type: ignore[index]

    def _changed_meanwhile(self, name: str, value: Any) -> str:
        change = self.changes.get(name)
        words = {
            "who": change.by.user.name if change and change.by else _("somebody"),
            "value": self.words_for(name, value),
            "time": date_format(timezone.localtime(change.occurred_at, self.scope.locations[0].tz), "TIME_FORMAT")
            if change and self.scope.locations
            else "",
        }
        return _("Meanwhile %(who)s set this to %(value)s (%(time)s). Save again to use yours.") % words

    def kept_words(self, name: str) -> str:
        """What to tell somebody whose page was older than a setting of somebody else's."""
        change = self.changes.get(name)
        return _("Meanwhile %(who)s set “%(label)s” to %(value)s. That was kept.") % {
            "who": change.by.user.name if change and change.by else _("somebody"),
            "label": self.fields[name].label,
            "value": self.words_for(name, getattr(self.before, name)),
        }

    def words_for(self, name: str, value: Any) -> str:
        """A value as a person reads it."""
        if value is None or value == "":
            return _("empty")
        if isinstance(value, bool):
            return _("on") if value else _("off")
        choices = dict(getattr(self.fields[name], "choices", ()))
        return str(choices.get(value, value))

    def _as_seen(self) -> str:
        return json.dumps({name: getattr(self.before, name) for name in self.names})

    def _seen(self, text: str) -> Mapping[str, Any]:
        try:
            seen = json.loads(text)
        except ValueError:
            return {}
        return seen if isinstance(seen, dict) else {}

    def typed(self, name: str) -> Any:
        """The value to preview: as typed, or as saved."""
        if not self.is_bound:
            return getattr(self.before, name)
        return self.cleaned_data.get(name)

    def has_default(self, name: str) -> bool:
        field = type(self.before)._meta.get_field(name)
        return isinstance(field, Field) and (field.has_default() or field.null)

    def default(self, name: str) -> Any:
        """What the setting is as delivered; only of one that `has_default`."""
        field = type(self.before)._meta.get_field(name)
        return field.get_default() if isinstance(field, Field) and field.has_default() else None

    def data_with(self, name: str, value: Any, seen: str) -> QueryDict:
        """What a browser would send if only this one had been set."""
        data = QueryDict(mutable=True)
        values = {one: getattr(self.before, one) for one in self.names} | {name: value}
        data.update({one: value for one, value in values.items() if value is not None and value is not False})
        data["seen"] = seen
        return data

    def rows(self, now: datetime) -> list["SettingRow"]:
        return [SettingRow(self, setting, now) for setting in self.settings]


class SettingRow:
    """What the page shows of one setting."""

    def __init__(self, form: SettingsForm, setting: Setting, now: datetime) -> None:
        name = setting.field
        self.setting, self.field = setting, form[name]
        self.change = form.changes.get(name)
        self.can_reset = form.has_default(name) and form.default(name) != getattr(form.before, name)
        self.default = form.words_for(name, form.default(name)) if self.can_reset else ""
        self.preview = None
        if name not in form.errors:
            self.preview = preview_of(f"{form.scope.name}.{name}", form.saved, form.typed(name), now)
