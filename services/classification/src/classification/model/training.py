"""Trains the model from the seed: a linear classifier over words and pieces, with calibrated probabilities."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classification import seeds
from classification.model import features

FOLDS = 5
_SEED = 1
_C = 0.2
# Weights this small decide nothing; without them the model is a fraction of its size.
_SMALLEST_WEIGHT = 0.01

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Fitted:
    """A classifier before calibration: vectorisers, weights (features x classes) and the classes' order."""

    words: Any
    pieces: Any
    weights: Any
    intercept: Floats
    classes: list[str]

    def scores(self, texts: Sequence[str]) -> Floats:
        """Return a score for each text and class."""
        return np.asarray((self.matrix(texts) @ self.weights).toarray() + self.intercept)

    def matrix(self, texts: Sequence[str]) -> Any:
        """Return the features of ``texts``, one row each."""
        from scipy.sparse import hstack

        return hstack(
            [self.words.transform(texts) * np.float32(features.WORD_WEIGHT), self.pieces.transform(texts)], format="csr"
        )


def version() -> str:
    """Return the version of the model that training gives: a digest of corpus, code and libraries."""
    digest = hashlib.sha256()
    code = [Path(__file__), Path(features.__file__)]
    for path in [*seeds.files(), *code]:
        digest.update(path.name.encode() + b"\n" + path.read_bytes())
    digest.update(" ".join([version_of("scikit-learn"), version_of("numpy"), platform.python_version()]).encode())
    return digest.hexdigest()[:12]


def fit(texts: Sequence[str], labels: Sequence[str]) -> Fitted:
    """Fit the classifier."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.svm import LinearSVC

    words, pieces = features.word_vectoriser(), features.piece_vectoriser()
    matrix = hstack(
        [words.fit_transform(texts) * np.float32(features.WORD_WEIGHT), pieces.fit_transform(texts)], format="csr"
    )
    classifier = LinearSVC(C=_C, random_state=_SEED).fit(matrix, labels)
    weights = classifier.coef_.T.astype(np.float32)
    weights[np.abs(weights) < _SMALLEST_WEIGHT] = 0
    return Fitted(
        words, pieces, csr_matrix(weights), classifier.intercept_, [str(name) for name in classifier.classes_]
    )


def out_of_fold_scores(
    corpus: Sequence[tuple[str, str]], terms: Sequence[tuple[str, str]]
) -> tuple[Floats, Numbers, list[str], Numbers]:
    """Return for each text of ``corpus`` the scores by a classifier that never saw it.

    Also its right class as a number, the classes, and the fold it was in. ``terms`` always take part in training,
    never in the measurement.
    """
    from sklearn.model_selection import StratifiedKFold

    texts = np.array([text for text, _ in corpus], dtype=object)
    labels = np.array([label for _, label in corpus])
    classes = sorted(set(labels))
    scores = np.zeros((len(texts), len(classes)))
    folds = np.zeros(len(texts), dtype=np.intp)
    splits = StratifiedKFold(FOLDS, shuffle=True, random_state=_SEED).split(texts, labels)
    for number, (learn, test) in enumerate(splits):
        fitted = fit([*texts[learn], *(text for text, _ in terms)], [*labels[learn], *(label for _, label in terms)])
        scores[test] = fitted.scores(texts[test])
        folds[test] = number
    return scores, np.searchsorted(classes, labels), classes, folds


def temperature(scores: Floats, right: Numbers) -> float:
    """Return by what to divide scores so that their softmax tells how often the model is right."""
    from scipy.optimize import minimize_scalar

    def loss(logarithm: float) -> float:
        chances = softmax(scores / np.exp(logarithm))
        return float(-np.log(chances[np.arange(len(right)), right] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 3), method="bounded").x))


def softmax(scores: Floats) -> Floats:
    """Return probabilities, one row for each row of ``scores``."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def train() -> tuple[Fitted, float]:
    """Train on the whole seed; return the classifier and its temperature. Takes some 15 seconds."""
    corpus, terms = seeds.corpus(), seeds.terms()
    scores, right, _classes, _folds = out_of_fold_scores(corpus, terms)
    everything = corpus + terms
    fitted = fit([text for text, _ in everything], [label for _, label in everything])
    return fitted, temperature(scores, right)
