"""Does a reply say something that everybody should not read? Phone numbers and addresses (*Reviews*, Errors)."""

import re

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w@])\+?\(?\d[\d\s()/.\u2010-\u2014-]{5,}\d(?!\w)")
_DATE = re.compile(r"\d{1,2}([./-])\s?\d{1,2}\1\s?\d{2,4}|\d{4}-\d{2}-\d{2}")
_YEARS = re.compile(r"(?:19|20)\d\d\s?[\u2010-\u2014/-]\s?(?:19|20)\d\d")
FEWEST, MOST = 7, 15  # digits of a phone number


def addresses_in(text: str) -> tuple[str, ...]:
    """The e-mail addresses of the text, each once, in their order."""
    return tuple(dict.fromkeys(_ADDRESS.findall(text)))


def phones_in(text: str) -> tuple[str, ...]:
    """What looks like a phone number: 7 to 15 digits, set apart as people write them; not a date, not two years."""
    found = []
    for match in _NUMBER.finditer(_ADDRESS.sub(" ", text)):
        number = match.group().strip()
        digits = sum(sign.isdigit() for sign in number)
        if FEWEST <= digits <= MOST and not _DATE.fullmatch(number) and not _YEARS.fullmatch(number):
            found.append(number)
    return tuple(dict.fromkeys(found))
