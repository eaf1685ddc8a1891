"""How well the model does on texts that it has not seen."""

from pathlib import Path
from typing import Any

import numpy as np

from classification import seeds
from classification.domain import REST, TOP, Tree, judge
from classification.model import predictor, training
from classification.model.calibration import probabilities
from classification.settings import Settings

_BINS = 10
_FOLDS = 5


def report(settings: Settings, held_out: str | None = None) -> str:
    """Return a table of scores: five-fold cross-validation over the corpus, or over the texts of a file."""
    if held_out:
        pairs = list(seeds.sections(Path(held_out)))
        assessed = predictor.load_now(settings).assess([text for text, _ in pairs])
        classes = list(assessed[0].probabilities)
        chances = np.array([list(one.probabilities.values()) for one in assessed])
        right = np.array([classes.index(label) for _, label in pairs])
        title = f"{len(pairs)} held-out texts, {len(classes)} classes"
    else:
        scores, right, classes, folds = training.out_of_fold_scores(seeds.corpus(), seeds.terms(), _FOLDS)
        chances = np.zeros_like(scores)
        for fold in range(_FOLDS):
            # A fold's calibration comes from the others, so that the confidence is measured on unseen texts too.
            others = folds != fold
            calibration = training.calibrate(scores[others], right[others])
            chances[folds == fold] = probabilities(scores[folds == fold], calibration)
        title = f"{_FOLDS}-fold cross-validation, {len(right)} synthetic texts, {len(classes)} classes"
    lines = [f"{title}, model {training.version()}", ""]
    measured = {**_accuracy(chances, right, classes), **_decisions(chances, right, classes, settings)}
    lines += [f"{name:<58} {value:6.1%}" for name, value in measured.items()]
    return "\n".join(lines)


def _accuracy(chances: Any, right: Any, classes: list[str]) -> dict[str, float]:
    from sklearn.metrics import f1_score

    ranked = np.argsort(-chances, axis=1)
    main_of = seeds.main_of()
    mains = sorted(set(main_of.values()))
    membership = np.array([[main_of[slug] == main for main in mains] for slug in classes], dtype=float)
    main_right = np.array([mains.index(main_of[classes[number]]) for number in right])
    confidence = chances.max(axis=1)
    correct = ranked[:, 0] == right
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gap = sum(
        abs(confidence[bins == number].mean() - correct[bins == number].mean()) * (bins == number).mean()
        for number in range(_BINS)
        if (bins == number).any()
    )
    return {
        "right category first (top 1)": float(correct.mean()),
        "right category among the first three (top 3)": float((ranked[:, :TOP] == right[:, None]).any(axis=1).mean()),
        "right main category": float(((chances @ membership).argmax(axis=1) == main_right).mean()),
        "macro F1": float(f1_score(right, ranked[:, 0], average="macro")),
        "expected calibration error": float(gap),
    }


def _decisions(chances: Any, right: Any, classes: list[str], settings: Settings) -> dict[str, float]:
    main_of = seeds.main_of()
    tree = Tree(main_of, seeds.REST_CATEGORIES)
    sure, to_main, nobody = [], [], 0
    for row, number in zip(chances, right, strict=True):
        judgement = judge(dict(zip(classes, row.tolist(), strict=True)), tree, settings.thresholds)
        wanted = classes[number]
        if judgement.top[0].confidence >= settings.category_threshold:
            sure.append(judgement.chosen.category == wanted)
        elif judgement.chosen.category == REST:
            nobody += 1
        else:
            to_main.append(judgement.chosen.main_category == main_of[wanted])
    number = len(right)
    return {
        f"given a category (confidence from {settings.category_threshold})": len(sure) / number,
        "  of these right": _mean(sure),
        f"given a main category's rest class (from {settings.main_category_threshold})": len(to_main) / number,
        "  of these the right main category": _mean(to_main),
        "given `overig`": nobody / number,
    }


def _mean(values: list[bool]) -> float:
    return float(np.mean(values)) if values else 0.0
