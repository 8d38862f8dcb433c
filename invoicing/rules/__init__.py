"""The decisions of invoicing. Pure."""

from invoicing.rules.payable import (
    PAID,
    AdditionalBy,
    Because,
    Kind,
    Payable,
    Step,
    Terms,
    VisitFacts,
    flat_share,
    is_refilled,
    payable,
    step_rate,
)

__all__ = [
    "PAID",
    "AdditionalBy",
    "Because",
    "Kind",
    "Payable",
    "Step",
    "Terms",
    "VisitFacts",
    "flat_share",
    "is_refilled",
    "payable",
    "step_rate",
]
