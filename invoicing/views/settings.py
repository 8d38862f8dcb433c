"""Settings > Invoices: seller, bank account, tax status, self-billing. Owners alone; nobody else finds it."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from invoicing.actions import parties
from invoicing.actions.locking import behind_issues
from invoicing.forms.parties import SellerForm, SignForm, TaxStatusForm, seller_form
from invoicing.preferences import BANK, ELECTRONIC, LEGAL, NUMBERS, PARTY, TAX
from invoicing.selectors.parties import payer_of
from marketplace.actions import contract_of
from marketplace.models import Connection, Contract, ContractTerms
from marketplace.selectors.connecting import today_of
from portal.access import StudioRequest, asked_who_it_is, locations_for, studio_view
from portal.models import Change
from portal.preferences import changing
from portal.preferences.registry import Scope, Setting
from portal.roles import Right

LANGUAGES = {"en": "English", "de": "Deutsch", "nl": "Nederlands"}


@studio_view(Right.CLOSE_MONTHS, hidden=True, real=True)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: StudioRequest) -> HttpResponse:
    """Who the studio is on its invoices, and on the same page what belongs to it."""
    if request.method == "POST":
        form, changed = _save(request, PARTY)
        if changed is not None:
            return _saved(request, form, changed, "invoicing:settings")
        return _page(request, form=form)
    return _page(request)


@sensitive_post_parameters("iban", "bic", "account_holder")
@studio_view(Right.CLOSE_MONTHS, hidden=True, real=True)
@require_http_methods(["GET", "HEAD", "POST"])
def bank(request: StudioRequest) -> HttpResponse:
    """Where the money goes: only after the password, or the second step, was given anew. All owners hear of it."""
    if asked := asked_who_it_is(request):
        return asked
    scope = _scope(request)
    form = seller_form(scope, BANK)
    if not form.before.legal_name:  # type: ignore[attr-defined]
        messages.warning(request, _("First who the studio is, then its bank account."))
        return redirect("invoicing:settings", request.studio.slug)
    if request.method == "POST":
        form, changed = _save(request, BANK)
        if changed is not None:
            return _saved(request, form, changed, "invoicing:settings")
    context = {"form": form, "rows": form.rows(timezone.now()), "zone": _zone(request), "crumbs": _crumbs(request)}
    return render(request, "invoicing/settings_bank.html", context, status=422 if form.errors else 200)


def _save(request: StudioRequest, settings: tuple[Setting, ...]) -> tuple[SellerForm, list[str] | None]:
    """The form, and which fields were changed; None: it was refused. The owners are told of another bank account."""
    with transaction.atomic():
        behind_issues([request.studio.pk])
        form = seller_form(changing.locked(_scope(request)), settings, request.POST)
        if not form.is_valid():
            return form, None
        changed = changing.save(form, by=request.login, now=timezone.now())
        if changed and settings is BANK:
            parties.mail_bank_changed(request.studio)
    return form, changed


def _saved(request: StudioRequest, form: SellerForm, changed: list[str], url_name: str) -> HttpResponse:
    for name in form.kept:
        messages.warning(request, form.kept_words(name))
    messages.success(request, _("Saved. It holds from now on.") if changed else _("Nothing was changed."))
    return redirect(url_name, request.studio.slug)


@studio_view(Right.CLOSE_MONTHS, hidden=True, real=True)
@require_POST
def tax_status(request: StudioRequest) -> HttpResponse:
    """A small business from a day on, or no longer."""
    form = TaxStatusForm(request.POST, studio=request.studio)
    if not form.is_valid():
        return _page(request, tax_form=form)
    given, now = form.cleaned_data, timezone.now()
    made = parties.add_tax_status(
        request.studio, given["first_on"], small_business=given["small_business"], by=request.login, now=now
    )
    if made is None:
        form.add_error("first_on", _("Something holds from this day on already. Take it away first."))
        return _page(request, tax_form=form)
    issued = request.studio.invoices.filter(month__gte=made.first_on.replace(day=1), corrects=None, credit=None).count()
    if issued:
        words = _("%(number)d invoices since then stay as they were issued. Ask for their correction on their pages.")
        messages.warning(request, words % {"number": issued})
    messages.success(request, _("Saved. It holds for visits from that day on."))
    return redirect(reverse("invoicing:settings", args=[request.studio.slug]) + "#setting-tax_status")


@studio_view(Right.CLOSE_MONTHS, hidden=True, real=True)
@require_POST
def tax_status_remove(request: StudioRequest, tax_status: int) -> HttpResponse:
    found = get_object_or_404(request.studio.tax_statuses, pk=tax_status)
    try:
        parties.remove_tax_status(found, by=request.login, now=timezone.now())
    except parties.InUse:
        words = _("Invoices were issued by it, so it stays. Add what holds instead, from the day on which it does.")
        messages.error(request, words)
    else:
        messages.success(request, _("Taken away."))
    return redirect(reverse("invoicing:settings", args=[request.studio.slug]) + "#setting-tax_status")


@studio_view(Right.CLOSE_MONTHS, hidden=True, real=True)
@require_http_methods(["GET", "HEAD", "POST"])
def agreement(request: StudioRequest, marketplace: str) -> HttpResponse:
    """The text of self-billing in each language, and its signature."""
    connection, contract = _contract(request, marketplace)
    if contract is None:
        messages.warning(request, _("First the contract itself, then who writes its invoices."))
        return redirect("invoicing:settings", request.studio.slug)
    form = SignForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        parties.sign(contract, form.cleaned_data["name"], by=request.login, now=timezone.now())
        messages.success(request, _("Signed. Invoices of the next months are written for you."))
        return redirect("invoicing:settings_agreement", request.studio.slug, marketplace)
    standing = parties.standing_agreement(contract)
    language = request.GET.get("language", "")
    language = language if language in LANGUAGES else (get_language() or "en")[:2]
    version = standing.version if standing else parties.AGREEMENT_VERSION
    shown = version if version in parties.AGREEMENT_TEXTS else parties.AGREEMENT_VERSION
    context = {
        "connection": connection,
        "standing": standing,
        "earlier": contract.self_billing.exclude(ended_on=None).order_by("-pk"),
        "version": version,
        "shown": shown,
        "text": _text(request, connection, contract, shown, language),
        "language": language,
        "languages": LANGUAGES.items(),
        "form": form,
        "crumbs": _crumbs(request),
    }
    return render(request, "invoicing/settings_agreement.html", context, status=422 if form.errors else 200)


@studio_view(Right.CLOSE_MONTHS, hidden=True, real=True)
@require_POST
def agreement_end(request: StudioRequest, marketplace: str) -> HttpResponse:
    """It ends today: nothing more is written for the studio under it."""
    _connection, contract = _contract(request, marketplace)
    standing = parties.standing_agreement(contract) if contract else None
    if standing is None:
        messages.info(request, _("Nothing is agreed any more."))
    else:
        parties.end_agreement(standing, by=request.login, now=timezone.now())
        words = _("Ended. What is not issued yet waits until you sign again, or the terms say that you issue yourself.")
        messages.success(request, words)
    return redirect("invoicing:settings_agreement", request.studio.slug, marketplace)


def _contract(request: StudioRequest, marketplace: str) -> tuple[Connection, Contract | None]:
    found = get_object_or_404(request.studio.connections.select_related("marketplace"), marketplace=marketplace)
    return found, contract_of(found)


def _text(request: StudioRequest, connection: Connection, contract: Contract, version: str, language: str) -> str:
    """The agreement as it was worded in that version; not translated, but written in each language."""
    seller = seller_form(_scope(request), LEGAL).before
    payer = payer_of(connection.marketplace_id)
    names = {
        "studio": seller.legal_name or request.studio.name,  # type: ignore[attr-defined]
        "marketplace": payer.legal_name if payer else connection.marketplace.name,
        "number": contract.number,
    }
    return render_to_string(f"invoicing/agreements/{version}/{language}.txt", names)


def _page(
    request: StudioRequest, *, form: SellerForm | None = None, tax_form: TaxStatusForm | None = None
) -> HttpResponse:
    scope, now = _scope(request), timezone.now()
    shown = form or seller_form(scope, PARTY)
    rows = {row.setting.field: row for row in shown.rows(now)}
    account = seller_form(scope, BANK)
    statuses = list(request.studio.tax_statuses.order_by("-first_on"))
    today = today_of(request.studio, now=now)
    added = _added(request)
    holds = next((one.pk for one in statuses if one.first_on <= today), None)
    context: dict[str, Any] = {
        "form": shown,
        "rows": list(rows.values()),
        "sections": [
            (title, [rows[one.field] for one in settings])
            for title, settings in (
                (_("Seller"), LEGAL),
                (_("Tax"), TAX),
                (_("E-invoices"), ELECTRONIC),
                (_("Numbers"), NUMBERS),
            )
        ],
        "bank": [(row, account.words_for(row.setting.field, row.field.value())) for row in account.rows(now)],
        "has_seller": bool(shown.before.legal_name),  # type: ignore[attr-defined]
        "tax_form": tax_form or TaxStatusForm(studio=request.studio, initial={"first_on": today}),
        "statuses": [(one, added.get(one.pk), one.pk == holds, one.first_on > today) for one in statuses],
        "agreements": _agreements(request),
        "zone": _zone(request),
        "crumbs": _crumbs(request),
    }
    refused = bool(form or tax_form)
    return render(request, "invoicing/settings.html", context, status=422 if refused else 200)


def _added(request: StudioRequest) -> dict[int, Change]:
    """Who wrote down which tax status, by its key."""
    found = request.studio.changes.filter(subject="taxstatus", kind="added").select_related("by__user")
    return {one.subject_id: one for one in found}


def _agreements(request: StudioRequest) -> list[dict[str, Any]]:
    """Each marketplace with a contract: who issues by its newest terms, what is agreed, and who pays."""
    found = []
    connections = request.studio.connections.select_related("marketplace__payer").order_by("pk")
    for connection in connections.prefetch_related("contracts__terms", "contracts__self_billing"):
        contract = max(connection.contracts.all(), key=lambda one: one.pk, default=None)
        if contract is None or (contract.ends_on and connection.contracted_on is None):
            continue
        newest = max(contract.terms.all(), key=lambda one: one.first_on, default=None)
        found.append(
            {
                "connection": connection,
                "self_billed": newest is None or newest.issuer == ContractTerms.Issuer.MARKETPLACE,
                "standing": next((one for one in contract.self_billing.all() if one.ended_on is None), None),
                "payer": getattr(connection.marketplace, "payer", None),
            }
        )
    return found


def _scope(request: StudioRequest) -> Scope:
    return Scope(request.studio, None, locations_for(request.login))


def _zone(request: StudioRequest) -> str:
    places = locations_for(request.login)
    return places[0].zone if places else "UTC"


def _crumbs(request: StudioRequest) -> list[tuple[str, str]]:
    crumbs = [(_("Settings"), reverse("portal:settings", args=[request.studio.slug]))]
    name = request.resolver_match.url_name if request.resolver_match else ""
    if name != "settings" and not (name or "").startswith("settings_tax"):
        crumbs.append((_("Invoices"), reverse("invoicing:settings", args=[request.studio.slug])))
    return crumbs
