"""Is this number one that the country or the scheme could have given? Checked by form and check digits (`stdnum`).

Whether it is somebody's is known only to who gave it. Each function returns the number as it is kept, or None.
"""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from stdnum import ean, get_cc_module
from stdnum.at import businessid, tin
from stdnum.de import leitweg, stnr
from stdnum.exceptions import ValidationError
from stdnum.nl import bsn


class Checks(Protocol):
    """One of stdnum's modules."""

    def validate(self, number: str, /) -> str: ...


# Where the VAT id begins with something else than the country's code.
_VAT_PREFIX = {"GR": "EL"}
KVK, GLN, LEITWEG, EMAIL = "0106", "0088", "0204", "EM"
# Schemes (EAS) whose number is the VAT id of a country.
VAT_SCHEMES = {"9944": "NL", "9930": "DE", "9914": "AT"}
# HRB 86891, also with the court before it, as in "Berlin (Charlottenburg) HRB 86891 B".
_HRB = re.compile(
    r"(?P<court>[^\W\d][^\d]*\s)?\s*(?P<kind>HRA|HRB|GnR|PR|VR|GsR)\s*(?P<number>\d{1,6})\s*(?P<end>[A-Z]{0,3})"
)


def vat_prefix(country: str) -> str:
    """With what the VAT ids of a country begin: "NL", "EL" for Greece."""
    return _VAT_PREFIX.get(country, country)


def vat_id(text: str, country: str) -> str | None:
    """ "NL 004495445 B01" is "NL004495445B01". Of a country whose form is not known: its code and up to 13 signs."""
    plain = _plain(text)
    if not plain.startswith(vat_prefix(country)):
        return None
    module = get_cc_module(vat_prefix(country).lower(), "vat")
    if module is None:
        return plain if re.fullmatch(r"[A-Z]{2}[0-9A-Z]{2,13}", plain) else None
    kept = _by(module)(plain)
    if kept is None:
        return None
    return kept if kept.startswith(vat_prefix(country)) else vat_prefix(country) + kept


def tax_number(text: str, country: str) -> str | None:
    """Of DE, AT and NL by their check digits, kept as typed; of others 3 to 30 letters, digits, / - and points."""
    check = {"DE": _by(stnr), "AT": _by(tin), "NL": _by(bsn)}.get(country)
    text = " ".join(text.split())
    if check:
        return text if check(text) else None
    return text if re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z ./-]{2,29}", text) else None


def registration(text: str, country: str) -> str | None:
    """KvK (8 digits), Handelsregister (HRB 86891), Firmenbuch (FN 122119m); elsewhere anything."""
    text = " ".join(text.split())
    if country == "NL":
        plain = re.sub(r"[ .]", "", text)
        return plain if re.fullmatch(r"\d{8}", plain) else None
    if country == "DE":
        return text if _HRB.fullmatch(text) else None
    if country == "AT":
        kept = _by(businessid)(text)
        return f"FN {kept}" if kept else None
    return text


def electronic_address(scheme: str, text: str) -> str | None:
    """The address in its scheme, with the scheme's check digits; of a scheme that is not known anything."""
    if scheme in VAT_SCHEMES:
        return vat_id(text, VAT_SCHEMES[scheme])
    checks: Mapping[str, Callable[[str], str | None]] = {
        KVK: lambda typed: registration(typed, "NL"),
        GLN: _gln,
        LEITWEG: _by(leitweg),
        EMAIL: lambda typed: typed if re.fullmatch(r"[^\s@]{1,64}@[^\s@.][^\s@]*\.[^\s@.]{2,}", typed) else None,
    }
    return checks[scheme](text.strip()) if scheme in checks else text.strip() or None


def _gln(text: str) -> str | None:
    plain = re.sub(r"[ -]", "", text)
    return plain if re.fullmatch(r"[0-9]{13}", plain) and ean.is_valid(plain) else None


def _plain(text: str) -> str:
    return re.sub(r"[ .\-]", "", text).upper()


def _by(module: Checks) -> Callable[[str], str | None]:
    """A check by one of stdnum's modules."""

    def check(text: str) -> str | None:
        try:
            return str(module.validate(text))
        except ValidationError:
            return None

    return check
