"""Why a reservation uses what it uses and whether it counts: its path through the two trees, in words (K7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Reservation
from bookings.purchase_words import COUNT_QUESTIONS, PASSED_OVER, count_fact, day, pass_words, purchase_words
from bookings.sources import source_name
from bookings.trees import Arrow, Box, Drawing, Tree, draw
from packages.models import Policy, Purchase
from packages.rules import Choice, CountQuestion, Outcome, PassedOver, Verdict

_MARKET = gettext_lazy("Was it booked through a marketplace?")
ENDS = {Verdict.COUNTED: "counted", Verdict.NOT_COUNTED: "not_counted", Verdict.NOT_YET: "not_yet"}


@dataclass(frozen=True)
class Looked:
    """One purchase that was looked at; without `why_not` it was taken."""

    words: str
    why_not: str
    # What was bought after the reservation, or taken from it: not known any more.
    pk: int


@dataclass(frozen=True)
class Said:
    """One question of the list, its answer and the fact behind it."""

    question: str
    answer: str
    fact: str = ""
    looked: list[Looked] = field(default_factory=list)


@dataclass(frozen=True)
class Explained:
    """One tree for one reservation: the drawing and the same as a list, with its end in words."""

    drawing: Drawing
    said: list[Said]
    end: str


@dataclass(frozen=True)
class Path:
    """A choice as it was made, with what was asked at that moment: the class's packages, the day, the studio's rule."""

    outcome: Outcome
    looked_at: list[tuple[int, PassedOver | None]]
    packages: list[int]
    on: date | None
    policy: Policy
    # The marketplace whose pass pays, by its name: then nothing else is asked (Q21).
    market: str = ""

    @classmethod
    def of(cls, choice: Choice) -> "Path":
        looked_at = [(look.candidate.purchase_id, look.passed_over) for look in choice.looked_at]
        policy = Policy(order=choice.order, over_use=choice.over_use)
        return cls(choice.outcome, looked_at, sorted(choice.accepted), choice.on, policy)

    @classmethod
    def stored(cls, reservation: Reservation) -> "Path":
        """The rule's path as it was when the reservation was made (`bookings.selectors.wallet.assignment_of`)."""
        kept = reservation.choice
        if "looked_at" not in kept:
            market = source_name(reservation.source) if pass_words(reservation) else ""
            return cls(Outcome.FREE, [], [], None, Policy(), market)
        path = [(pk, PassedOver(word) if word else None) for pk, word in kept["looked_at"]]
        outcome = Outcome.PURCHASE if any(why_not is None for _pk, why_not in path) else Outcome.UNPAID
        policy = Policy(order=kept["order"], over_use=kept["over_use"])
        return cls(outcome, path, kept["packages"], date.fromisoformat(kept["on"]), policy)


def choice_tree(policy: Policy, *, with_market: bool = False) -> Tree:
    """The first tree: which purchase is used (K2-K4, Q1); the studio's order and over-use stand in its words.

    `with_market` asks first whether it came through a marketplace, as of those that did (Q21).
    """
    yes, no = _("yes"), _("no")
    asks_uses = not policy.over_use
    another = _("Is there a purchase, or another one? In this order: %(order)s.") % {
        "order": policy.get_order_display()
    }
    boxes = [
        Box("packages", 0, 0, _("Are packages linked to the class?")),
        Box("free", 1, 0, _("Free: anyone can book"), is_end=True),
        Box("another", 0, 1, another),
        Box("unpaid", 1, 1, _("Unpaid: nothing is used"), is_end=True),
        Box("accepted", 0, 2, _("Is it one of the packages of the class?")),
        Box("next", 1, 3, _("Passed over: look at the next one")),
        Box("valid", 0, 3, _("Refunded, on hold, or expired on that day?")),
        Box("taken", 0, 5 if asks_uses else 4, _("This purchase is used"), is_end=True),
    ]
    arrows = [
        Arrow("packages", "free", no),
        Arrow("packages", "another", yes),
        Arrow("another", "unpaid", no),
        Arrow("another", "accepted", yes),
        Arrow("accepted", "next", no),
        Arrow("accepted", "valid", yes),
        Arrow("valid", "next", yes),
        Arrow("next", "another", "", back=True),
    ]
    if asks_uses:
        boxes.append(Box("left", 0, 4, _("Is a use left?")))
        arrows += [Arrow("valid", "left", no), Arrow("left", "next", no), Arrow("left", "taken", yes)]
    else:
        arrows.append(Arrow("valid", "taken", no))
    if with_market:
        boxes = [
            Box("market", 0, 0, str(_MARKET)),
            Box("pass", 1, 0, _("Its pass pays: no purchase is used"), is_end=True),
            *(replace(box, row=box.row + 1) for box in boxes),
        ]
        arrows += [Arrow("market", "pass", yes), Arrow("market", "packages", no)]
    return Tree("choice", _("Which purchase is used"), tuple(boxes), tuple(arrows))


def count_tree() -> Tree:
    """The second tree: whether it counts (K6)."""
    yes, no = _("yes"), _("no")
    words = {question: str(told) for question, told in COUNT_QUESTIONS.items()}
    boxes = (
        Box("purchase", 0, 0, words[CountQuestion.PURCHASE]),
        Box("not_counted", 1, 0, _("Does not count"), is_end=True),
        Box("cancelled", 0, 1, words[CountQuestion.CANCELLED]),
        Box("late_cancel_uses", 1, 1, words[CountQuestion.LATE_CANCEL_USES]),
        Box("checked_in", 0, 2, words[CountQuestion.CHECKED_IN]),
        Box("counted", 1, 2, _("Counts"), is_end=True),
        Box("session_cancelled", 0, 3, words[CountQuestion.SESSION_CANCELLED]),
        Box("off", 1, 3, _("Does not count"), is_end=True),
        Box("no_show", 0, 4, words[CountQuestion.NO_SHOW]),
        Box("missed", 1, 4, _("Counts"), is_end=True),
        Box("not_yet", 0, 5, _("Does not count yet"), is_end=True),
    )
    arrows = (
        Arrow("purchase", "not_counted", no),
        Arrow("purchase", "cancelled", yes),
        Arrow("cancelled", "late_cancel_uses", yes),
        Arrow("cancelled", "checked_in", no),
        Arrow("late_cancel_uses", "counted", yes),
        Arrow("late_cancel_uses", "not_counted", no),
        Arrow("checked_in", "counted", yes),
        Arrow("checked_in", "session_cancelled", no),
        Arrow("session_cancelled", "off", yes),
        Arrow("session_cancelled", "no_show", no),
        Arrow("no_show", "missed", yes),
        Arrow("no_show", "not_yet", no),
    )
    return Tree("count", _("Whether it counts"), boxes, arrows)


def explain_choice(
    path: Path, *, bought: Mapping[int, Purchase], named: Mapping[int, str], zone: ZoneInfo
) -> Explained:
    """The path of a choice. `bought`: the member's purchases by key, packages joined; `named`: packages by key."""
    policy = path.policy
    if path.market:
        words = _("The pass of %(marketplace)s pays; no purchase is used.") % {"marketplace": path.market}
        drawing = draw(
            choice_tree(policy, with_market=True), {"market", "market-pass", "pass"}, {"market": path.market}
        )
        return Explained(drawing, [Said(str(_MARKET), _("yes"), path.market)], words)
    tree, lit, said = choice_tree(policy), {"packages"}, []
    names = ", ".join(sorted(named[pk] for pk in path.packages if pk in named))
    if path.outcome is Outcome.FREE:
        said.append(Said(_("Are packages linked to the class?"), _("no"), _("It was free when it was booked.")))
        lit |= {"packages-free", "free"}
        return Explained(draw(tree, lit), said, _("Free: no purchase is used."))
    said.append(Said(_("Are packages linked to the class?"), _("yes"), names or _("None that is on sale.")))
    lit |= {"packages-another", "another"}
    looked = []
    for pk, why_not in path.looked_at:
        one = bought.get(pk)
        name = purchase_words(one, zone) if one else _("purchase %(number)d") % {"number": pk}
        looked.append(Looked(name, str(PASSED_OVER[why_not]) if why_not else "", pk))
        lit |= _lit_by(why_not, over_use=policy.over_use)
        if why_not is None:
            break
    taken = next((one for one in looked if not one.why_not), None)
    end = _("%(purchase)s is used.") % {"purchase": taken.words} if taken else _("Unpaid: no purchase can be used.")
    question = _("Which valid purchase comes first: %(order)s?") % {"order": policy.get_order_display()}
    answer = taken.words if taken else _("none")
    fact = "" if looked else _("Nothing was bought.")
    said.append(Said(question, answer, fact, looked))
    if taken is None:
        lit |= {"another-unpaid", "unpaid"}
    facts = {"packages": names, "taken": taken.words if taken else ""}
    if path.on is not None and "valid" in lit:
        facts["valid"] = day(path.on, zone)
    facts |= {"next": "; ".join(f"{one.words}: {one.why_not}" for one in looked[:4] if one.why_not)}
    return Explained(draw(tree, lit, facts), said, end)


def explain_count(reservation: Reservation, *, now: datetime) -> Explained:
    """The path of counting; session, location, purchase with package and version are joined."""
    count, tree = reservation.count(now), count_tree()
    keys = [str(step.question) for step in count.path]
    lit = {*keys, *(f"{one}-{other}" for one, other in pairwise(keys))}
    end = ENDS[count.verdict]
    if keys[-1] == CountQuestion.SESSION_CANCELLED:
        end = "off"
    elif keys[-1] == CountQuestion.NO_SHOW and count.counted:
        end = "missed"
    lit |= {end, f"{keys[-1]}-{end}"}
    facts = {step.question: count_fact(step, reservation) for step in count.path}
    said = [
        Said(str(COUNT_QUESTIONS[step.question]), _("yes") if step.answer else _("no"), facts[step.question])
        for step in count.path
    ]
    words = {
        Verdict.COUNTED: _("It counts."),
        Verdict.NOT_COUNTED: _("It does not count."),
        Verdict.NOT_YET: _("It does not count yet."),
    }
    return Explained(draw(tree, lit, {str(key): told for key, told in facts.items()}), said, words[count.verdict])


def _lit_by(why_not: PassedOver | None, *, over_use: bool) -> set[str]:
    lit = {"another-accepted", "accepted"}
    passed = {"next", "next-another"}
    if why_not is PassedOver.OTHER_PACKAGE:
        return lit | passed | {"accepted-next"}
    lit |= {"accepted-valid", "valid"}
    if why_not in {PassedOver.REFUNDED, PassedOver.ON_HOLD, PassedOver.EXPIRED}:
        return lit | passed | {"valid-next"}
    if over_use:
        return lit | {"valid-taken", "taken"}
    lit |= {"valid-left", "left"}
    if why_not is PassedOver.USED_UP:
        return lit | passed | {"left-next"}
    return lit | {"left-taken", "taken"}
