"""What staff type about members."""

from django import forms


class MemberSearchForm(forms.Form):
    """What finds members as one types. What cannot be read finds nobody."""

    LIMIT, MOST = 10, 50
    BUTTONS, LINKS = "buttons", "links"

    q = forms.CharField(max_length=100, required=False)
    limit = forms.IntegerField(min_value=1, max_value=MOST, required=False)
    options = forms.ChoiceField(choices=[(BUTTONS, BUTTONS), (LINKS, LINKS)], required=False)
