"""Trains the model from the seed: a linear classifier over words and pieces, with calibrated probabilities."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from classification import seeds
from classification.model import features

_FOLDS = 3  # for calibration, where two numbers are fitted and time counts
_SEED = 1
# Found by cross-validation: how closely the classifier follows the examples, and how much a term counts beside a
# sentence.
_C = 0.5
_TERM_WEIGHT = 2.0
# Weights this small decide nothing; without them the model is a fraction of its size.
_SMALLEST_WEIGHT = 0.01

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.intp]


class Calibration(NamedTuple):
    """The curve from score to probability."""

    slope: float
    offset: float


@dataclass(frozen=True)
class Fitted:
    """A classifier before calibration: counters, rarity of each feature, weights (features x classes), classes."""

    words: Any
    word_rarity: Floats
    pieces: Any
    piece_rarity: Floats
    weights: Any
    intercept: Floats
    classes: list[str]

    def scores(self, matrix: Any) -> Floats:
        """Return a score for each row of ``matrix`` and each class."""
        return np.asarray((matrix @ self.weights).toarray() + self.intercept)

    def matrix(self, prepared: Sequence[str]) -> Any:
        """Return the features of prepared texts, one row each."""
        from scipy.sparse import hstack

        words = features.weigh(self.words.transform(prepared), self.word_rarity, features.WORD_WEIGHT)
        return hstack([words, features.weigh(self.pieces.transform(prepared), self.piece_rarity, 1.0)], format="csr")


def version() -> str:
    """Return the version of the model that training gives: a digest of corpus, code and libraries."""
    digest = hashlib.sha256()
    code = [Path(__file__), Path(features.__file__)]
    for path in [*seeds.files(), *code]:
        digest.update(path.name.encode() + b"\n" + path.read_bytes())
    digest.update(" ".join([version_of("scikit-learn"), version_of("numpy"), platform.python_version()]).encode())
    return digest.hexdigest()[:12]


def fit(corpus: Sequence[tuple[str, str]], terms: Sequence[tuple[str, str]]) -> Fitted:
    """Fit the classifier to sentences and terms, each with its class."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.svm import LinearSVC

    texts = [features.prepare(text) for text, _ in [*corpus, *terms]]
    labels = [label for _, label in [*corpus, *terms]]
    words, pieces = features.word_counter(), features.piece_counter()
    word_rarity = TfidfTransformer().fit(words.fit_transform(texts)).idf_
    piece_rarity = TfidfTransformer().fit(pieces.fit_transform(texts)).idf_
    unfitted = Fitted(words, word_rarity, pieces, piece_rarity, None, np.zeros(0), [])
    importance = [1.0] * len(corpus) + [_TERM_WEIGHT] * len(terms)
    classifier = LinearSVC(C=_C, random_state=_SEED).fit(unfitted.matrix(texts), labels, sample_weight=importance)
    weights = classifier.coef_.T.astype(np.float32)
    weights[np.abs(weights) < _SMALLEST_WEIGHT] = 0
    classes = [str(name) for name in classifier.classes_]
    return replace(unfitted, weights=csr_matrix(weights), intercept=classifier.intercept_, classes=classes)


def out_of_fold_scores(
    corpus: Sequence[tuple[str, str]], terms: Sequence[tuple[str, str]], number: int
) -> tuple[Floats, Numbers, list[str], Numbers]:
    """Return for each text of ``corpus`` the scores by a classifier that never saw it.

    Also its right class as a number, the classes, and which of ``number`` folds it was in. ``terms`` always take part
    in training, never in the measurement.
    """
    from sklearn.model_selection import StratifiedKFold

    texts = np.array([text for text, _ in corpus], dtype=object)
    labels = np.array([label for _, label in corpus])
    classes = sorted(set(labels))
    scores = np.zeros((len(texts), len(classes)))
    folds = np.zeros(len(texts), dtype=np.intp)
    splits = StratifiedKFold(number, shuffle=True, random_state=_SEED).split(texts, labels)
    for fold, (learn, test) in enumerate(splits):
        fitted = fit([corpus[place] for place in learn], terms)
        scores[test] = fitted.scores(fitted.matrix([features.prepare(text) for text in texts[test]]))
        folds[test] = fold
    return scores, np.searchsorted(classes, labels), classes, folds


def calibrate(scores: Floats, right: Numbers) -> Calibration:
    """Return how to turn scores into probabilities that tell how often the model is right.

    Platt scaling with one curve for all classes, since a class has too few texts for a curve of its own.
    """
    from scipy.optimize import minimize

    def loss(guess: Floats) -> float:
        chances = probabilities(scores, Calibration(float(np.exp(guess[0])), float(guess[1])))
        return float(-np.log(chances[np.arange(len(right)), right] + 1e-12).mean())

    found = minimize(loss, [2.0, 1.0], method="Nelder-Mead").x
    return Calibration(float(np.exp(found[0])), float(found[1]))


def probabilities(scores: Floats, calibration: Calibration) -> Floats:
    """Return the probability of each class, one row for each row of ``scores``."""
    chances = 1 / (1 + np.exp(-(calibration.slope * scores + calibration.offset)))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def train() -> tuple[Fitted, Calibration]:
    """Train on the whole seed; return the classifier and its calibration. Takes some 20 seconds."""
    corpus, terms = seeds.corpus(), seeds.terms()
    scores, right, _classes, _folds = out_of_fold_scores(corpus, terms, _FOLDS)
    return fit(corpus, terms), calibrate(scores, right)
