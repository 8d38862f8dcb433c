"""What of marketplaces leaves with a studio: what was agreed, visited and said, without what proves who calls."""

from django.db.models import F, Func, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from marketplace.actions.keeping import KEEP_CONTENT, KEEP_LOG
from marketplace.models import (
    Call,
    Conflict,
    ConnectedLocation,
    Connection,
    Contract,
    ContractTerms,
    Exchange,
    GivenAnswer,
    Guest,
    InboxMessage,
    Listing,
    Marketplace,
    SyncRun,
    Visit,
)
from portal.leaving.own import MACHINERY, SECRET, days
from portal.leaving.registry import Kept, Masked, export, leave_out, register_retention

SAID = lazy("What was sent word by word stays: marketplaces put secrets and other people into it.")

# Where a marketplace sends its webhooks is as secret as the column "hook".
WITHOUT_HOOK = Masked(
    Func(F("path"), Value("(/api/webhooks/)[^/?]+"), Value(r"\1…"), function="regexp_replace"),
    SECRET,
)


def register() -> None:
    export(Marketplace, "marketplaces", path="connections__studio")
    secrets = ("hook", "sealed_credentials", "sealed_secret", "sealed_previous_secret", "previous_secret_until")
    export(Connection, "marketplace_connections", without=dict.fromkeys(secrets, SECRET))
    export(ConnectedLocation, "marketplace_locations")
    export(Contract, "marketplace_contracts")
    export(ContractTerms, "marketplace_contract_terms")
    export(Guest, "marketplace_guests")
    export(Visit, "marketplace_visits")
    export(Conflict, "marketplace_conflicts")
    export(Listing, "marketplace_listings", without=dict.fromkeys(("lease_until", "lease_token"), MACHINERY))
    export(SyncRun, "marketplace_sync_runs")
    export(Call, "marketplace_calls")
    masked = {"path": WITHOUT_HOOK}
    export(Exchange, "marketplace_sync_log", without=dict.fromkeys(("request", "answer"), SAID), masked=masked)
    export(InboxMessage, "marketplace_messages", without=dict.fromkeys(("headers", "body"), SAID), masked=masked)
    leave_out(GivenAnswer, lazy("Answers that are given again for a day when a marketplace asks twice."))
    register_retention(retention)


def retention() -> list[Kept]:
    return [
        Kept(_("Lines of the sync log, and calls that went well"), days(KEEP_LOG)),
        Kept(_("What marketplaces sent, word by word"), days(KEEP_CONTENT)),
    ]
