"""Addresses of a member's purchases, of what a visit uses, and of the answers to "why?"."""

from django.urls import path

from bookings.views import assigning, member_packages, why

ONE = "members/<int:member>/packages/<int:purchase>"

urlpatterns = [
    path("members/<int:member>/packages/", member_packages.member_packages, name="member_packages"),
    path("members/<int:member>/packages/sell/", member_packages.purchase_sell, name="purchase_sell"),
    path(f"{ONE}/", member_packages.purchase, name="purchase"),
    path(f"{ONE}/hold/", member_packages.purchase_hold, name="purchase_hold"),
    path(f"{ONE}/resume/", member_packages.purchase_resume, name="purchase_resume"),
    path(f"{ONE}/expire/", member_packages.purchase_expire, name="purchase_expire"),
    path(f"{ONE}/revive/", member_packages.purchase_revive, name="purchase_revive"),
    path(f"{ONE}/extend/", member_packages.purchase_extend, name="purchase_extend"),
    path(f"{ONE}/adjust/", member_packages.purchase_adjust, name="purchase_adjust"),
    path(f"{ONE}/refund/", member_packages.purchase_refund, name="purchase_refund"),
    path(f"{ONE}/use/", member_packages.purchase_use, name="purchase_use"),
    path("reservations/<int:reservation>/purchase/", assigning.assign, name="assign"),
    path("reservations/<int:reservation>/choose-again/", assigning.choose_again, name="choose_again"),
    path("events/<int:event>/purchase/undo/", assigning.assign_undo, name="assign_undo"),
    path("reservations/<int:reservation>/why/", why.why, name="why"),
    path("support/packages/", why.support_packages, name="support_packages"),
    path("packages/what-if/", why.what_if, name="what_if"),
]
