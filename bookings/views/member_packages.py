"""A member's packages: what is left, the ledger that explains it, selling, and everything that changes a purchase."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import purchase_forms as ask
from bookings.actions import ActionIdReused as BookingIdReused
from bookings.actions import assigning
from bookings.invoices import invoices
from bookings.marketplaces import SpecialPass, marketplaces
from bookings.purchase_words import change_words, day, not_possible_words, purchase_words, standing_words, zone_of
from bookings.selectors import purchases as bought
from bookings.selectors.purchases import Owned
from bookings.selectors.wallet import Balance, balances
from bookings.views.member import leads_to_the_kept_one
from bookings.views.member_head import alive, head, the_member
from bookings.views.money import sees_invoices
from bookings.views.purchase_lines import ledger_lines
from bookings.words import day_and_clock
from packages import actions
from packages.actions import ActionIdReused, NotPossible, Reason
from packages.models import Purchase
from packages.words import money_words
from portal.access import StudioRequest, studio_view
from portal.locations import location_choice
from portal.models import Location, Member
from portal.roles import Right

Act = Callable[..., actions.Done]
# Of `components/settlement.html`: two sides say different things.
DISPUTED = "disputed"


@dataclass(frozen=True)
class Card:
    """One purchase as the tab shows it. `against`: what speaks against using it today."""

    owned: Owned
    name: str
    against: list[str]
    last_day: str
    price: str


@dataclass(frozen=True)
class Trouble:
    """A visit to come whose purchase cannot be used on its day, with a button that finds another (Q7)."""

    visit: Any
    when: str
    uses: str
    because: str
    action_id: UUID


@studio_view(Right.VIEW_MEMBERS)
@require_safe
@leads_to_the_kept_one
def member_packages(request: StudioRequest, member: int) -> HttpResponse:
    """All purchases with used, planned and free, what lapses soon, and what a hold or an expiry left behind."""
    now, found = timezone.now(), the_member(request, member)
    context = head(request, found, tab="member_packages", now=now)
    visible = request.location_choice.visible
    zone = zone_of(visible)
    mine = bought.owned(found, today=now.astimezone(zone).date(), now=now)
    sold = next((one.purchase for one in mine if str(one.purchase.pk) == request.GET.get("sold", "")), None)
    context |= {
        "open": [_card(request, one) for one in mine if one.is_open],
        "closed": [_card(request, one) for one in mine if not one.is_open],
        "trouble": _trouble(request, mine, now=now),
        "sold": sold,
        "sold_name": purchase_words(sold, zone) if sold else "",
        "offers": _offers(request, sold, now=now) if sold else [],
        "action_id": uuid4(),
        "passes": _passes(request, found, visible, now=now),
        "sees_invoices": sees_invoices(request),
    }
    return render(request, "bookings/member_packages.html", context)


def _passes(request: StudioRequest, member: Member, visible: list[Location], *, now: datetime) -> list[SpecialPass]:
    """With what statement and payout say of them; an open dispute about the visit stands before that."""
    passes = marketplaces().passes(member, visible, now=now)
    if not passes or not sees_invoices(request):
        return passes
    said = invoices().settled(request.studio, [one.reservation for one in passes])
    return [
        replace(one, settled=said.get(one.reservation, one.settled)) if one.settled.word != DISPUTED else one
        for one in passes
    ]


@studio_view(Right.SELL)
@require_http_methods(["GET", "HEAD", "POST"])
def purchase_sell(request: StudioRequest, member: int) -> HttpResponse:
    """Sell a package, now or back-dated; then what unpaid visits could use it (Q8)."""
    now, found = timezone.now(), alive(request, member)
    zone = zone_of(location_choice(request).visible)
    form = ask.SellForm(
        request.POST or None,
        studio=request.studio,
        zone=zone,
        with_price=request.may(Right.SEE_MONEY),
        initial={"action_id": uuid4(), "package": request.GET.get("package")},
    )
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            done = actions.sell(
                asked["package"],
                found,
                zone=zone,
                action_id=asked["action_id"],
                by=request.login,
                now=now,
                purchased_at=asked["purchased_at"],
                price=asked.get("price"),
            )
        except NotPossible as refused:
            form.add_error(
                "purchased_at" if refused.reason is Reason.IN_THE_FUTURE else None, not_possible_words(refused, zone)
            )
        except ActionIdReused:
            form.add_error(None, _("Nothing was sold: this button was used before. Please load the page again."))
        else:
            name = purchase_words(done.purchase, zone)
            messages.success(request, _("Sold: %(purchase)s.") % {"purchase": name})
            address = reverse("bookings:member_packages", args=[request.studio.slug, found.pk])
            return redirect(f"{address}?sold={done.purchase.pk}")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {
        "member": found,
        "form": form,
        "packages": request.studio.packages.on_sale().exists(),
        "crumbs": _crumbs(request, found),
    }
    return render(request, "bookings/purchase_sell.html", context, status=status)


@studio_view(Right.VIEW_MEMBERS)
@require_safe
def purchase(request: StudioRequest, member: int, purchase: int) -> HttpResponse:
    """One purchase: its three numbers, its ledger, and what can be done with it."""
    return _page(request, *_the_purchase(request, member, purchase))


@studio_view(None, post=Right.SELL)
@require_POST
def purchase_hold(request: StudioRequest, member: int, purchase: int) -> HttpResponse:
    def act(one: Purchase, asked: dict[str, Any], **by: Any) -> actions.Done:
        return actions.hold(one, first_on=asked["first_on"], last_on=asked["last_on"], reason=asked["reason"], **by)

    return _change(request, member, purchase, "hold", act)


@studio_view(None, post=Right.SELL)
@require_POST
def purchase_resume(request: StudioRequest, member: int, purchase: int) -> HttpResponse:
    def act(one: Purchase, _asked: dict[str, Any], **by: Any) -> actions.Done:
        on = by["now"].astimezone(zone_of(request.location_choice.visible)).date()
        return actions.resume(one, on=on, **by)

    return _change(request, member, purchase, "resume", act)


@studio_view(None, post=Right.MANAGE_PACKAGES)
@require_POST
def purchase_expire(request: StudioRequest, member: int, purchase: int) -> HttpResponse:
    def act(one: Purchase, asked: dict[str, Any], **by: Any) -> actions.Done:
        return actions.expire(one, reason=asked["reason"], **by)

    return _change(request, member, purchase, "expire", act)


@studio_view(None, post=Right.MANAGE_PACKAGES)
@require_POST
def purchase_revive(request: StudioRequest, member: int, purchase: int) -> HttpResponse:
    def act(one: Purchase, _asked: dict[str, Any], **by: Any) -> actions.Done:
        return actions.revive(one, **by)

    return _change(request, member, purchase, "revive", act)


@studio_view(None, post=Right.MANAGE_PACKAGES)
@require_POST
def purchase_extend(request: StudioRequest, member: int, purchase: int) -> HttpResponse:
    def act(one: Purchase, asked: dict[str, Any], **by: Any) -> actions.Done:
        return actions.extend(one, last_on=asked["last_on"], reason=asked["reason"], **by)

    return _change(request, member, purchase, "extend", act)


@studio_view(None, post=Right.MANAGE_PACKAGES)
@require_POST
def purchase_adjust(request: StudioRequest, member: int, purchase: int) -> HttpResponse:
    def act(one: Purchase, asked: dict[str, Any], **by: Any) -> actions.Done:
        def spoken_for(locked: Purchase) -> int:
            return balances([locked], now=by["now"])[locked.pk].spoken_for

        return actions.adjust(one, uses=asked["uses"], spoken_for=spoken_for, reason=asked["reason"], **by)

    return _change(request, member, purchase, "adjust", act)


@studio_view(None, post=Right.MANAGE_PACKAGES)
@require_POST
def purchase_refund(request: StudioRequest, member: int, purchase: int) -> HttpResponse:
    def act(one: Purchase, asked: dict[str, Any], **by: Any) -> actions.Done:
        return actions.refund(one, amount=asked["amount"], reason=asked["reason"], **by)

    return _change(request, member, purchase, "refund", act)


@studio_view(None, post=Right.BOOK)
@require_POST
def purchase_use(request: StudioRequest, member: int, purchase: int) -> HttpResponse:
    """Let the ticked unpaid visits use it (Q8)."""
    now = timezone.now()
    found, one = _the_purchase(request, member, purchase)
    visible = request.location_choice.visible
    # Those that it is used for already, too: the same form may come twice.
    could = {visit.pk: visit for visit in bought.could_use(one, visible, now=now)}
    could |= {visit.pk: visit for visit in one.reservations.filter(location__in=visible)}
    form = ask.UseForm(request.POST, visits=list(could))
    address = reverse("bookings:member_packages", args=[request.studio.slug, found.pk])
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: tick the visits that are to use this purchase."))
        return redirect(f"{address}?sold={one.pk}")
    visits = [could[pk] for pk in form.cleaned_data["visit"]]
    try:
        made = assigning.assign_unpaid(visits, one, action_id=form.cleaned_data["action_id"], by=request.login, now=now)
    except (assigning.ChangedSince, assigning.NotTheirs, BookingIdReused):
        messages.error(request, _("Nothing was changed: these visits or the purchase were changed since. Look again."))
        return redirect(f"{address}?sold={one.pk}")
    name, number = purchase_words(one, zone_of(visible)), len(visits)
    done = ngettext("%(number)d visit uses it now.", "%(number)d visits use it now.", number) % {"number": number}
    told = change_words(name, made.before[one.pk], made.after[one.pk]) if made else name
    messages.success(request, f"{told}. {done}")
    return redirect(address)


def _the_purchase(request: StudioRequest, member: int, purchase: int) -> tuple[Member, Purchase]:
    location_choice(request)
    found = get_object_or_404(request.studio.members, pk=member)
    if found.scrubbed_at is not None:
        raise Http404
    return found, get_object_or_404(found.purchases.select_related("package", "version"), pk=purchase)


def _change(request: StudioRequest, member: int, purchase: int, deed: str, act: Act) -> HttpResponse:
    """Do it and lead back to the purchase; a refusal stands at its form with 422."""
    now, (found, one) = timezone.now(), _the_purchase(request, member, purchase)
    zone = zone_of(request.location_choice.visible)
    form = FORMS[deed](request.POST, prefix=None)
    if form.is_valid():
        try:
            act(one, form.cleaned_data, action_id=form.cleaned_data["action_id"], by=request.login, now=now)
        except NotPossible as refused:
            form.add_error(None, not_possible_words(refused, zone, one.currency))
        except ActionIdReused:
            form.add_error(None, _("Nothing was changed: this button was used before. Please load the page again."))
        else:
            messages.success(request, _("Done: it stands in the ledger."))
            return redirect("bookings:purchase", request.studio.slug, found.pk, one.pk)
    return _page(request, found, one, deed=deed, form=form)


FORMS: dict[str, type[forms.Form]] = {
    "hold": ask.HoldForm,
    "resume": ask.PurchaseForm,
    "expire": ask.ExpireForm,
    "revive": ask.PurchaseForm,
    "extend": ask.ExtendForm,
    "adjust": ask.AdjustForm,
    "refund": ask.RefundForm,
}


@dataclass(frozen=True)
class Deed:
    """One thing that can be done with a purchase: its form, open where it was refused."""

    name: str
    words: str
    help: str
    form: forms.Form
    url: str
    is_open: bool
    is_danger: bool = False


def _deeds(request: StudioRequest, owned: Owned, *, now: datetime, refused: str, form: forms.Form | None) -> list[Deed]:
    one, today = owned.purchase, owned.today
    ended = one.refunded_at is not None or one.expired_at is not None
    sells, manages = request.may(Right.SELL), request.may(Right.MANAGE_PACKAGES)
    possible: list[tuple[str, str, str, bool, dict[str, Any]]] = [
        (
            "hold",
            _("Put on hold"),
            _("It rests on these days, both included. Its last day stays."),
            sells and not ended,
            {"first_on": today},
        ),
        ("resume", *_resuming(owned), sells and one.refunded_at is None and owned.next_hold is not None, {}),
        ("extend", _("Change the last day"), "", manages and not ended, {"last_on": one.expires_on}),
        ("adjust", _("Add or remove uses"), "", manages and not ended and one.uses is not None, {}),
        ("expire", _("Expire now"), _("Visits that use it keep it."), manages and not ended, {}),
        (
            "revive",
            _("Take the expiry back"),
            "",
            manages and one.expired_at is not None and one.refunded_at is None,
            {},
        ),
        (
            "refund",
            _("Refund"),
            _("What is left ends; what was used stays counted."),
            manages and one.refunded_at is None,
            {"amount": one.price},
        ),
    ]
    args = [request.studio.slug, one.member_id, one.pk]
    deeds = []
    for name, words, help_text, is_possible, initial in possible:
        if not is_possible and name != refused:
            continue
        is_refused = name == refused and form is not None
        blank = FORMS[name](auto_id=f"{name}-%s", initial={"action_id": uuid4(), **initial})
        if is_refused and form is not None:
            form.auto_id = f"{name}-%s"
        url = reverse(f"bookings:purchase_{name}", args=args)
        shown = form if is_refused and form is not None else blank
        deeds.append(Deed(name, words, help_text, shown, url, is_refused, name in {"expire", "refund"}))
    return deeds


def _resuming(owned: Owned) -> tuple[str, str]:
    """What the button does, with a hold that covers today and with one that has not begun."""
    if owned.hold is not None or owned.next_hold is None:
        return _("Resume today"), _("It can be used again from today on.")
    day_words = date_format(owned.next_hold.first_on, _("j M Y"))
    return _("Take the hold back"), _("It would begin on %(day)s.") % {"day": day_words}


def _page(
    request: StudioRequest, member: Member, one: Purchase, *, deed: str = "", form: forms.Form | None = None
) -> HttpResponse:
    now = timezone.now()
    visible = request.location_choice.visible
    zone = zone_of(visible)
    today = now.astimezone(zone).date()
    owned = Owned(one, balances([one], now=now)[one.pk], list(one.holds.all()), today)
    context = {
        "member": member,
        "card": _card(request, owned),
        "holds": [
            (day(hold.first_on, zone), day(hold.last_on, zone) if hold.last_on else "", hold.reason)
            for hold in owned.holds
        ],
        "lines": ledger_lines(one, visible, with_money=request.may(Right.SEE_MONEY), now=now),
        "deeds": _deeds(request, owned, now=now, refused=deed, form=form),
        "trouble": _trouble(request, [owned], now=now),
        "crumbs": _crumbs(request, member),
        "may_book": request.may(Right.BOOK),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form is not None else HTTPStatus.OK
    return render(request, "bookings/purchase.html", context, status=status)


def _card(request: StudioRequest, owned: Owned) -> Card:
    zone, one = zone_of(request.location_choice.visible), owned.purchase
    return Card(
        owned,
        purchase_words(one, zone),
        standing_words(one, owned.holds, owned.balance, owned.today, zone),
        day(one.expires_on, zone) if one.expires_on else "",
        money_words(one.price, one.currency) if request.may(Right.SEE_MONEY) else "",
    )


def _trouble(request: StudioRequest, mine: list[Owned], *, now: datetime) -> list[Trouble]:
    found = []
    for visit, one in bought.in_trouble(mine, request.location_choice.visible, now=now):
        on, zone = visit.location.local_day(visit.starts_at), visit.location.tz
        because = standing_words(one.purchase, one.holds, Balance(None), on, zone)
        when = day_and_clock(visit.starts_at, visit.location)
        found.append(Trouble(visit, when, purchase_words(one.purchase, zone), ", ".join(because), uuid4()))
    return found


def _offers(request: StudioRequest, sold: Purchase, *, now: datetime) -> list[tuple[Any, str]]:
    return [
        (visit, day_and_clock(visit.starts_at, visit.location))
        for visit in bought.could_use(sold, request.location_choice.visible, now=now)
    ]


def _crumbs(request: StudioRequest, member: Member) -> list[tuple[str, str]]:
    slug = request.studio.slug
    return [
        (member.name, reverse("bookings:member", args=[slug, member.pk])),
        (_("Packages"), reverse("bookings:member_packages", args=[slug, member.pk])),
    ]
