"""What the counter's strip of visits at risk is asked with."""

from django import forms

from marketplace.models import Conflict


class AtRiskForm(forms.Form):
    """`session`: only of that class."""

    session = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class SettleForm(AtRiskForm):
    verdict = forms.ChoiceField(choices=Conflict.Verdict.choices)
