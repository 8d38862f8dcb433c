"""Which answers there are for a screen, for words, for a topic (P14). Where a language lacks one, English stands in."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from portal.commands import plain
from portal.models import Answer
from portal.support.topics import TOPICS

SPARE = "en"
#: What a word is worth where it stands: in the question, among its search words, in the answer.
TITLE, WORDS, TEXT = 12.0, 8.0, 2.0
#: A word found as the beginning of another, or inside one: compounds are long in German and Dutch.
BEGINNING, INSIDE = 0.6, 0.3
SHORTEST_INSIDE = 4
#: Of words that are not all found together, so many of their weight have to be.
ENOUGH = 0.5


@dataclass(frozen=True)
class Topic:
    word: str
    label: str | Promise
    answers: list[Answer]


def shown(language: str, *, with_text: bool = False) -> list[Answer]:
    """Each answer once, in the language or else in English, in their order. One query."""
    found = Answer.objects.filter(is_shown=True, language__in={language, SPARE})
    return _once(found if with_text else found.defer("text"), language)


def answers_for(page: str, language: str) -> list[Answer]:
    """Those for the screen with this url name ("bookings:check_ins"), then those for its app. One query."""
    if not page:
        return []
    of_app = f"{page.partition(':')[0]}:"
    found = Answer.objects.filter(is_shown=True, language__in={language, SPARE}).defer("text")
    found = found.filter(Q(pages__contains=[page]) | Q(pages__contains=[of_app]))
    return sorted(_once(found, language), key=lambda answer: page not in answer.pages)


def answer_in(slug: str, language: str) -> Answer | None:
    """One answer to be read. One query."""
    found = Answer.objects.filter(slug=slug, is_shown=True, language__in={language, SPARE})
    return next(iter(_once(found, language)), None)


def topics(answers: Sequence[Answer]) -> list[Topic]:
    """The answers under their headings, in the order of the headings; one with a topic of its own comes last."""
    by_topic: dict[str, list[Answer]] = {word: [] for word in TOPICS}
    for answer in answers:
        by_topic.setdefault(answer.topic, []).append(answer)
    return [
        Topic(word, TOPICS.get(word, word.replace("-", " ").capitalize()), found)
        for word, found in by_topic.items()
        if found
    ]


def search(words: str, language: str) -> list[Answer]:
    """The answers that the words find, the best first; accents, capitals and endings do not matter. One query.

    Those with all words; where there are none, those with most of what tells one answer from another.
    """
    asked = list(dict.fromkeys(_split(words)))
    if not asked:
        return []
    answers = shown(language, with_text=True)
    worth = [[_worth(word, parts) for word in asked] for parts in map(_parts, answers)]
    weights = [_weight(sum(1 for row in worth if row[at]), len(answers)) for at in range(len(asked))]
    whole = sum(weights)
    ranked: list[tuple[bool, float, int]] = []
    for at, row in enumerate(worth):
        there = sum(weight for value, weight in zip(row, weights, strict=True) if value)
        if there > 0 and there >= ENOUGH * whole:
            points = sum(value * weight for value, weight in zip(row, weights, strict=True))
            ranked.append((not all(row), -points, at))
    complete = [one for one in ranked if not one[0]]
    return [answers[at] for _partly, _points, at in sorted(complete or ranked)]


def _once(answers: "QuerySet[Answer]", language: str) -> list[Answer]:
    by_slug: dict[str, Answer] = {}
    for answer in answers:
        if answer.slug not in by_slug or answer.language == language:
            by_slug[answer.slug] = answer
    return sorted(by_slug.values(), key=lambda answer: (answer.position, answer.slug))


def _split(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", plain(text)) if len(word) > 1]


def _parts(answer: Answer) -> list[tuple[Counter[str], float]]:
    return [
        (Counter(_split(text)), value)
        for text, value in ((answer.title, TITLE), (answer.words, WORDS), (answer.text, TEXT))
    ]


def _worth(word: str, parts: list[tuple[Counter[str], float]]) -> float:
    """How much an answer is about this word; 0: it does not stand in it."""
    best = 0.0
    for there, value in parts:
        if word in there:
            best = max(best, value)
        elif any(one.startswith(word) for one in there):
            best = max(best, value * BEGINNING)
        elif len(word) >= SHORTEST_INSIDE and any(word in one for one in there):
            best = max(best, value * INSIDE)
    return best


def _weight(found_in: int, of: int) -> float:
    """What stands in each answer ("how", "the") tells nothing; what stands in one tells all."""
    return math.log((of + 1) / (found_in + 0.5)) if found_in < of else 0.05
