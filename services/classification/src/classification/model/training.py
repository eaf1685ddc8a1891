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
from classification.model.calibration import Calibration, Floats, probabilities

_FOLDS = 3  # for calibration, where two numbers are fitted and time counts
_SEED = 1
# Found by cross-validation: how closely the classifier follows the examples, and how much a term counts beside a
# sentence.
_C = 0.5
_TERM_WEIGHT = 2.0
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Fitted:
    """A classifier before calibration; ``weights`` has a row for each word feature, then for each piece, by class."""

    words: Any
    pieces: Any
    weights: Floats
    intercept: Floats
    classes: list[str]

    def scores(self, texts: Sequence[str]) -> Floats:
        """Return a score for each text and class."""
        prepared = [features.prepare(text) for text in texts]
        matrix = _side_by_side(self.words.transform(prepared), self.pieces.transform(prepared))
        return np.asarray(matrix @ self.weights + self.intercept)


def _side_by_side(words: Any, pieces: Any) -> Any:
    from scipy.sparse import hstack

    return hstack([words * np.float32(features.WORD_WEIGHT), pieces], format="csr")


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
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    texts = [features.prepare(text) for text, _ in [*corpus, *terms]]
    labels = [label for _, label in [*corpus, *terms]]
    words = TfidfVectorizer(analyzer=features.words_and_pairs, sublinear_tf=True, dtype=np.float32)
    # A piece that only one text has teaches nothing.
    pieces = TfidfVectorizer(analyzer=features.all_pieces, min_df=2, sublinear_tf=True, dtype=np.float32)
    matrix = _side_by_side(words.fit_transform(texts), pieces.fit_transform(texts))
    importance = [1.0] * len(corpus) + [_TERM_WEIGHT] * len(terms)
    classifier = LinearSVC(C=_C, random_state=_SEED).fit(matrix, labels, sample_weight=importance)
    classes = [str(name) for name in classifier.classes_]
    return Fitted(words, pieces, classifier.coef_.T.astype(np.float32), classifier.intercept_, classes)


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
        scores[test] = fitted.scores(texts[test])
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


def train() -> tuple[Fitted, Calibration]:
    """Train on the whole seed; return the classifier and its calibration. Takes some 20 seconds."""
    corpus, terms = seeds.corpus(), seeds.terms()
    scores, right, _classes, _folds = out_of_fold_scores(corpus, terms, _FOLDS)
    return fit(corpus, terms), calibrate(scores, right)
