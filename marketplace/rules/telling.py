"""What has to be said so that a marketplace knows what it should."""

from dataclasses import dataclass
from enum import StrEnum

from marketplace.rules.fingerprints import Marks
from marketplace.rules.publishing import Publication, Question, Stand


class Operation(StrEnum):
    PUBLISH = "publish"  # a session that is not there, with its places
    CHANGE = "change"  # what it says, when and where it is
    SEATS = "seats"
    CANCEL = "cancel"  # it does not take place; the marketplace tells its people
    WITHDRAW = "withdraw"  # it takes place without this marketplace


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the marketplace was told last; it has the session unless that was to drop it."""

    stand: Stand
    marks: Marks


def what_to_tell(
    told: Told | None, publication: Publication, wanted: Marks | None, *, can_move: bool
) -> tuple[Operation, ...]:
    """Which calls bring the marketplace up to date? None, where it knows everything already.

    `wanted`: the offer's marks, None when there is nothing to offer. `can_move`: the marketplace changes time and place
    of a session that it has; where it cannot, the session is cancelled there and published anew (Q27).
    """
    is_there = told is not None and told.stand is not Stand.GONE
    if publication.reason is Question.BEGUN:  # it stays as it was shown
        return ()
    if publication.stand is Stand.GONE or wanted is None:
        if not is_there:
            return ()
        return (Operation.CANCEL if publication.reason is Question.CANCELLED else Operation.WITHDRAW,)
    if told is None or not is_there:
        return (Operation.PUBLISH,)
    if told.marks.place != wanted.place and not can_move:
        return (Operation.CANCEL, Operation.PUBLISH)
    is_changed = (told.marks.place, told.marks.content) != (wanted.place, wanted.content)
    said = [Operation.CHANGE] if is_changed else []
    if told.marks.seats != wanted.seats or told.stand is not publication.stand:
        said.append(Operation.SEATS)
    return tuple(said)
