"""The decisions of invoicing. Pure."""

from invoicing.rules.months import (
    closes_at,
    ends_at,
    issue_at,
    last_day,
    month_before,
    month_of,
    newest_due,
    next_month,
)
from invoicing.rules.obstacles import Obstacle, Papers, obstacles
from invoicing.rules.payable import (
    PAID,
    AdditionalBy,
    Because,
    Kind,
    Payable,
    Step,
    Terms,
    VisitFacts,
    flat_shares,
    is_refilled,
    payable,
    step_rate,
)
from invoicing.rules.payouts import PayoutState, payout_on

__all__ = [
    "PAID",
    "AdditionalBy",
    "Because",
    "Kind",
    "Obstacle",
    "Papers",
    "Payable",
    "PayoutState",
    "Step",
    "Terms",
    "VisitFacts",
    "closes_at",
    "ends_at",
    "flat_shares",
    "is_refilled",
    "issue_at",
    "last_day",
    "month_before",
    "month_of",
    "newest_due",
    "next_month",
    "obstacles",
    "payable",
    "payout_on",
    "step_rate",
]
