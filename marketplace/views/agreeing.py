"""The contract with a marketplace, and a further version of its terms."""

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace import actions
from marketplace.forms.agreeing import MISDATED, ContractForm, TermsForm
from marketplace.models import Contract
from marketplace.selectors.connecting import today_of
from marketplace.views.connections import back, find_connection, whole_studio
from portal.access import StudioRequest, studio_view
from portal.once import once
from portal.roles import Right


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_http_methods(["GET", "HEAD", "POST"])
def contract(request: StudioRequest, marketplace: str) -> HttpResponse:
    """Its number, the day on which it was signed, its last day. The first one leads to its terms."""
    whole_studio(request)
    found = find_connection(request, marketplace)
    known = actions.contract_of(found)
    form = ContractForm(
        request.POST if request.method == "POST" else None,
        connection=found,
        instance=Contract(connection=found) if known is None else known,
    )
    if form.is_bound and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("number", "currency", "contracted_on", "ends_on")}
        actions.save_contract(found, **given, by=request.login, now=timezone.now())
        if known is None:
            messages.success(request, _("Written down. Now its terms."))
            return redirect("marketplace:terms", request.studio.slug, found.marketplace_id)
        messages.success(request, _("Saved."))
        return back(request, found, "contract")
    context = {"connection": found, "form": form, "contract": known}
    return render(request, "marketplace/contract.html", context, status=422 if form.is_bound else 200)


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def terms(request: StudioRequest, marketplace: str) -> HttpResponse:
    """A further version. Those that stand are never rewritten: what was visited under them is paid by them."""
    whole_studio(request)
    found, now = find_connection(request, marketplace), timezone.now()
    known = actions.contract_of(found)
    if known is None:
        messages.warning(request, _("First the contract itself, then its terms."))
        return redirect("marketplace:contract", request.studio.slug, found.marketplace_id)
    form = TermsForm(
        request.POST if request.method == "POST" else None, contract=known, today=today_of(request.studio, now=now)
    )
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                actions.add_terms(known, form.instance, by=request.login, now=now)
        except actions.NotAgreed as refusal:
            form.add_error("first_on", str(MISDATED[refusal.why]))
        except IntegrityError:
            form.add_error("first_on", _("Somebody else has just added a version. Look at it first."))
        else:
            messages.success(request, _("Added. It holds for classes from its first day on."))
            return back(request, found, "contract")
    context = {"connection": found, "form": form, "contract": known, "has_terms": known.terms.exists()}
    return render(request, "marketplace/terms.html", context, status=422 if form.is_bound else 200)
