"""Rules of classification without any input or output: which category a report gets, and why."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

# The category for what nobody can place, in every municipality's tree.
REST = "overig"
TOP = 3
MAX_TEXT = 4000


class ReportNotFoundError(Exception):
    """There is no such report, or not for this caller."""


class CategoryUnknownError(Exception):
    """The category does not exist in this municipality or is not in use."""


class Origin(enum.StrEnum):
    """Who decided on a category."""

    MODEL = "model"
    REPORTER = "reporter"
    HANDLER = "handler"


class Thresholds(NamedTuple):
    """How sure the model must be, from 0 to 1."""

    category: float
    main_category: float


@dataclass(frozen=True)
class Tree:
    """The active categories of one municipality.

    ``main_of`` gives the main category of each category; ``rest_of`` the rest class of the main categories that
    have one.
    """

    main_of: Mapping[str, str]
    rest_of: Mapping[str, str]

    def main_category(self, category: str) -> str:
        """Return the main category of ``category``; raise ``CategoryUnknownError`` when it is not in use."""
        try:
            return self.main_of[category]
        except KeyError:
            raise CategoryUnknownError from None


@dataclass(frozen=True)
class Candidate:
    """A category with the model's confidence in it, from 0 to 1."""

    category: str
    main_category: str
    confidence: float


@dataclass(frozen=True)
class Judgement:
    """What the model says: the most probable categories, best first, and the one that it is sure enough of.

    ``chosen.confidence`` is the confidence of what was decided: of the category, of its main category when that
    one's rest class was taken, and of the best guess when nothing was sure.
    """

    top: tuple[Candidate, ...]
    chosen: Candidate


def judge(probabilities: Mapping[str, float], tree: Tree, thresholds: Thresholds) -> Judgement:
    """Decide from the probability of each category which one a report gets.

    Categories that the municipality does not use do not take part. The probability of a main category is the sum
    over its categories. When the best category is not sure enough, the rest class of the most probable main
    category is taken; when that one is not sure either, or has no rest class, ``overig``.
    """
    possible = {slug: chance for slug, chance in probabilities.items() if slug in tree.main_of}
    ranked = sorted(possible, key=lambda slug: (-possible[slug], slug))
    top = tuple(Candidate(slug, tree.main_of[slug], round(possible[slug], 4)) for slug in ranked[:TOP])
    if not top:
        return Judgement((), Candidate(REST, REST, 0.0))
    best = top[0]
    if best.confidence >= thresholds.category:
        return Judgement(top, best)
    main, chance = _most_probable_main(possible, tree)
    rest = tree.rest_of.get(main)
    if chance >= thresholds.main_category and rest is not None and rest in tree.main_of:
        return Judgement(top, Candidate(rest, main, round(chance, 4)))
    return Judgement(top, Candidate(REST, tree.main_of.get(REST, REST), best.confidence))


def _most_probable_main(possible: Mapping[str, float], tree: Tree) -> tuple[str, float]:
    totals: dict[str, float] = {}
    for slug, chance in possible.items():
        totals[tree.main_of[slug]] = totals.get(tree.main_of[slug], 0.0) + chance
    main = max(sorted(totals), key=lambda slug: totals[slug])
    return main, min(totals[main], 1.0)


def named_category(chosen: str | None, tree: Tree) -> str | None:
    """Return the category that the sender named, None when there is none or it is not in use here.

    A wrong name does not stop a report: the model decides then.
    """
    return chosen if chosen in tree.main_of else None


def strongest(weights: Iterable[tuple[str, float]], most: int = 5) -> list[str]:
    """Return the words that decided: those that weigh at least a sixth of the strongest one, strongest first."""
    ranked = sorted((item for item in weights if item[1] > 0), key=lambda item: -item[1])
    return [word for word, weight in ranked[:most] if weight * 6 >= ranked[0][1]]
