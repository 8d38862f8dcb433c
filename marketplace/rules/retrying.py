"""When is a call tried again?"""

from datetime import timedelta

# As the Standard Webhooks convention has it: ten tries over three days.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
# So many failures in a row are an outage: when it is over, everything that it delayed goes at once.
OUTAGE = 3
FIRST_SILENCE, LONGEST_SILENCE = timedelta(seconds=5), timedelta(minutes=5)


def pause_after(attempts: int, chance: float) -> timedelta | None:
    """How long does a call wait after so many failed attempts? None: it is given up and waits for a person.

    `chance` (0 to 1) adds up to a tenth, so that what failed together does not come back together.
    """
    if attempts > len(PAUSES):
        return None
    return spread(PAUSES[attempts - 1], chance)


def silence_after(failures: int, chance: float) -> timedelta:
    """How long is a marketplace left alone that did not answer so many times in a row?

    One call asks whether it is back; the others wait, and use none of their attempts.
    """
    return spread(min(FIRST_SILENCE * (1 << min(failures - 1, 10)), LONGEST_SILENCE), chance)


def spread(pause: timedelta, chance: float) -> timedelta:
    return pause * (1 + chance / 10)
