"""The columns of a reservation history, with the names that other systems have for them."""

from django.utils.translation import gettext_noop as _

from portal.imports.kinds import Target

TARGETS = (
    Target(
        "external_ref",
        _("booking number"),
        ("id", "booking id", "reservation id", "visit id", "buchungsnummer", "buchungs id", "reservierungsnummer")
        + ("boekingsnummer", "reserveringsnummer", "booking number"),
        _("Tells rows apart, and finds them again when the file is imported once more."),
    ),
    Target(
        "member_number",
        _("member number"),
        ("member id", "client id", "customer id", "user id", "mitgliedsnummer", "kundennummer", "mitglied id")
        + ("lidnummer", "klantnummer", "lid id"),
    ),
    Target("member_email", _("member's e-mail"), ("email", "e-mail address", "mail", "client email", "e-mail-adresse")
           + ("emailadres", "e-mailadres", "email address")),
    Target("member_name", _("member's name"), ("name", "client", "member", "client name", "full name", "mitglied", "kunde")
           + ("lid", "klant", "naam", "teilnehmer", "deelnemer")),
    Target(
        "place",
        _("studio or location"),
        ("studio key", "location", "location name", "studio", "studio name", "site", "standort", "filiale", "locatie")
        + ("vestiging", "club", "branch", "location id"),
        _("Each value is asked about: which of your locations it is."),
    ),
    Target(
        "address",
        _("address of the studio"),
        ("studio address street", "location address", "street", "address", "strasse", "straße", "adresse", "adres")
        + ("straat",),
        _("Tells apart the rows that name no studio."),
    ),
    Target(
        "class_name",
        _("class"),
        ("class tag", "class", "class type", "session", "session name", "course", "kurs", "kursname", "angebot", "les")
        + ("lesnaam", "activity", "service", "appointment type", "class name"),
    ),
    Target(
        "starts_at",
        _("start of the class"),
        ("class time at", "class time", "class date", "start", "start time", "date", "datum", "beginn", "kursbeginn")
        + ("session start", "class start", "termin", "starttijd", "begin", "scheduled at", "date time", "start date"),
    ),
    Target(
        "start_clock",
        _("time of day"),
        ("time", "uhrzeit", "tijd", "zeit", "start clock"),
        _("Where the date stands in a column of its own."),
    ),
    Target(
        "booked_at",
        _("booked at"),
        ("reserved at", "created at", "booked on", "booking date", "gebucht am", "buchungsdatum", "geboekt op")
        + ("booking time", "reserved on"),
    ),
    Target(
        "cancelled_at",
        _("cancelled at"),
        ("canceled at", "cancelled on", "cancelled date", "canceled on", "storniert am", "geannuleerd op")
        + ("cancellation date", "abgesagt am"),
    ),
    Target(
        "cancelled",
        _("cancelled, yes or no"),
        ("canceled", "is cancelled", "is canceled", "storniert", "geannuleerd", "abgesagt"),
    ),
    Target(
        "checked_in_at",
        _("checked in at"),
        ("check in time", "checkin at", "check-in", "arrived at", "eingecheckt am", "eingecheckt um", "ingecheckt op")
        + ("check in", "check in at", "signed in at"),
    ),
    Target(
        "checked_in",
        _("checked in, yes or no"),
        ("attended", "signed in", "is checked in", "present", "anwesend", "teilgenommen", "aanwezig", "eingecheckt")
        + ("ingecheckt", "showed up"),
    ),
    Target(
        "status",
        _("status"),
        ("state", "booking status", "visit status", "buchungsstatus", "attendance", "outcome", "reservation status"),
        _("Each word is asked about: what it means here."),
    ),
)  # fmt: skip

LABELS = {target.name: target.label for target in TARGETS}

YES = frozenset(
    [
        "1",
        "true",
        "t",
        "yes",
        "y",
        "x",
        "ja",
        "j",
        "wahr",
        "oui",
        "si",
        "✓",
        "cancelled",
        "canceled",
        "checked",
        "attended",
        "storniert",
    ]
)
NO = frozenset(["0", "false", "f", "no", "n", "nein", "nee", "falsch", "non", "-", "–"]) | {""}

STATUS_WORDS = {
    "booked": "booked confirmed reserved active enrolled gebucht bestätigt geboekt bevestigd scheduled",
    "checked_in": "checkedin attended present arrived showed completed signedin visited eingecheckt anwesend "
    "teilgenommen aanwezig ingecheckt erschienen checkin",
    "no_show": "noshow absent missed nichterschienen abwesend afwezig nietverschenen",
    "cancelled": "cancelled canceled cancel earlycancel earlycancelled earlycanceled storniert abgesagt geannuleerd",
    "late_cancelled": "latecancel latecancelled latecanceled late spätstorniert zuspätabgesagt laatgeannuleerd",
    "excused": "excused entschuldigt verontschuldigd",
}
