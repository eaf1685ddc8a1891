"""Prediction with reasons, by a model that is loaded once per process."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from classification.domain import strongest
from classification.model import artifact, features
from classification.model.training import Fitted, Floats, softmax
from classification.settings import Settings


class Assessment:
    """What the model thinks of one text."""

    def __init__(self, predictor: "Predictor", text: str, row: int, matrix: Any, chances: Floats) -> None:
        self._predictor = predictor
        self._text = text
        self._row = row
        self._matrix = matrix
        self.probabilities: dict[str, float] = dict(zip(predictor.fitted.classes, chances[row].tolist(), strict=True))

    def words(self, categories: Sequence[str]) -> dict[str, list[str]]:
        """Return for each of ``categories`` the words that spoke for it, as they stand in the text."""
        return self._predictor.deciding_words(self._text, self._matrix[self._row], categories)


class Predictor:
    """A trained model."""

    def __init__(self, fitted: Fitted, temperature: float, version: str) -> None:
        self.fitted = fitted
        self.version = version
        self._temperature = temperature
        self._numbers = {name: number for number, name in enumerate(fitted.classes)}
        self._pieces_of = fitted.pieces.build_analyzer()

    def assess(self, texts: Sequence[str]) -> list[Assessment]:
        """Return what the model thinks of each text."""
        matrix = self.fitted.matrix(texts)
        scores = (matrix @ self.fitted.weights).toarray() + self.fitted.intercept
        chances = softmax(scores / self._temperature)
        return [Assessment(self, text, row, matrix, chances) for row, text in enumerate(texts)]

    def deciding_words(self, text: str, row: Any, categories: Sequence[str]) -> dict[str, list[str]]:
        """Divide each category's score over the words of ``text``; return the strongest words.

        The score is a sum over features, and each feature belongs to one word (the word itself, its pieces) or to
        two neighbours (a pair), so nothing of it is left out or counted twice.
        """
        columns = [self._numbers[category] for category in categories]
        places = {int(feature): place for place, feature in enumerate(row.indices)}
        shares = self.fitted.weights[row.indices][:, columns].toarray() * row.data[:, np.newaxis]
        words = features.words_of(text)
        owned = self._features_of([seen for _, seen in words])
        totals = Counter[int]()
        for counts in owned.values():
            totals.update(counts)
        written: dict[str, str] = {}
        for as_written, seen in words:
            written.setdefault(seen, as_written)
        weights = {
            seen: sum(
                (shares[places[feature]] * (count / totals[feature]) for feature, count in counts.items()),
                start=np.zeros(len(columns)),
            )
            for seen, counts in owned.items()
        }
        return {
            category: strongest((written[seen], float(weight[column])) for seen, weight in weights.items())
            for column, category in enumerate(categories)
        }

    def _features_of(self, seen: Sequence[str]) -> dict[str, Counter[int]]:
        """Return for each word how often it has which feature."""
        vocabulary, pieces = self.fitted.words.vocabulary, self.fitted.pieces.vocabulary
        offset = len(vocabulary)
        owned: dict[str, Counter[int]] = {}
        occurrences = Counter(seen)
        for word, number in occurrences.items():
            counts = owned.setdefault(word, Counter())
            if word in vocabulary:
                counts[vocabulary[word]] += number
            for piece in self._pieces_of(word):
                if piece in pieces:
                    counts[offset + pieces[piece]] += number
        for left, right in pairwise(seen):
            pair = vocabulary.get(f"{left} {right}")
            if pair is not None:
                owned[left][pair] += 1
                owned[right][pair] += 1
        return owned


_loaded: dict[Path, Predictor] = {}
_lock = threading.Lock()


async def load(settings: Settings) -> Predictor:
    """Return the current model, loaded on first use and trained when it was not yet; in a thread."""
    found = _loaded.get(artifact.folder(settings.model_folder))
    return await asyncio.to_thread(load_now, settings) if found is None else found


def load_now(settings: Settings) -> Predictor:
    """Like ``load``, for whoever may wait."""
    place = artifact.folder(settings.model_folder)
    with _lock:
        if place not in _loaded:
            path = artifact.ensure(settings.model_folder)
            fitted, temperature = artifact.read(path)
            _loaded[place] = Predictor(fitted, temperature, path.stem.removeprefix("model-"))
        return _loaded[place]
