"""Prediction with reasons, by a model that is loaded once per process."""

import asyncio
import threading
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from classification.domain import strongest
from classification.model import artifact, features
from classification.model.training import Calibration, Fitted, Floats, Numbers, probabilities
from classification.settings import Settings


class Assessment:
    """What the model thinks of one text."""

    def __init__(self, predictor: "Predictor", words: list[tuple[str, str]], row: Any, chances: Floats) -> None:
        self._predictor = predictor
        self._words = words
        self._row = row
        self.probabilities: dict[str, float] = dict(zip(predictor.fitted.classes, chances.tolist(), strict=True))

    def words(self, categories: Sequence[str]) -> dict[str, list[str]]:
        """Return for each of ``categories`` the words that spoke for it, as they stand in the text."""
        return self._predictor.deciding_words(self._words, self._row, categories)


class Predictor:
    """A trained model."""

    def __init__(self, fitted: Fitted, calibration: Calibration, version: str) -> None:
        self.fitted = fitted
        self.version = version
        self._calibration = calibration
        self._numbers = {name: number for number, name in enumerate(fitted.classes)}
        self._pieces_of = fitted.pieces.build_analyzer()
        # Residents use the same words over and over; a few thousand cover most of what they write.
        self._features_of_word = lru_cache(maxsize=5_000)(self._look_up)

    def assess(self, texts: Sequence[str]) -> list[Assessment]:
        """Return what the model thinks of each text."""
        from sklearn import config_context

        found = [features.words_of(text) for text in texts]
        # Its checks of parameters and of infinite numbers take longer than the work itself for a single text.
        with config_context(assume_finite=True, skip_parameter_validation=True):
            matrix = self.fitted.matrix([" ".join(seen for _, seen in words) for words in found])
        chances = probabilities(self.fitted.scores(matrix), self._calibration)
        return [Assessment(self, words, matrix[row], chances[row]) for row, words in enumerate(found)]

    def deciding_words(
        self, words: Sequence[tuple[str, str]], row: Any, categories: Sequence[str]
    ) -> dict[str, list[str]]:
        """Divide each category's score over the words of a text; return the strongest ones.

        The score is a sum over features, and each feature belongs to one word (the word itself, its pieces) or to
        two neighbours (a pair), so nothing of it is left out or counted twice.
        """
        seen = [word for _, word in words]
        written = {word: as_written for as_written, word in reversed(words)}
        owners, owned = self._owners(seen, {word: number for number, word in enumerate(written)})
        columns = [self._numbers[category] for category in categories]
        shares = self.fitted.weights[row.indices][:, columns].toarray() * row.data[:, np.newaxis]
        # Of a feature that several words have, each gets its part.
        places = np.searchsorted(row.indices, owned)
        parts = 1 / np.bincount(places, minlength=len(row.indices))[places]
        weights = np.zeros((len(written), len(columns)))
        np.add.at(weights, owners, shares[places] * parts[:, np.newaxis])
        return {
            category: strongest(zip(written.values(), weights[:, column].tolist(), strict=True))
            for column, category in enumerate(categories)
        }

    def _owners(self, seen: Sequence[str], numbers: dict[str, int]) -> tuple[Numbers, Numbers]:
        """Return, for every time that a word of a text has a feature, the number of the word and the feature."""
        owners: list[int] = []
        owned: list[int] = []
        for word in seen:
            found = self._features_of_word(word)
            owners += [numbers[word]] * len(found)
            owned += found
        for left, right in pairwise(seen):
            pair = self.fitted.words.vocabulary.get(f"{left} {right}")
            if pair is not None:
                owners += [numbers[left], numbers[right]]
                owned += [pair, pair]
        return np.array(owners, dtype=np.intp), np.array(owned, dtype=np.intp)

    def _look_up(self, word: str) -> list[int]:
        """Return the features of a word by itself."""
        vocabulary, pieces = self.fitted.words.vocabulary, self.fitted.pieces.vocabulary
        found = [len(vocabulary) + pieces[piece] for piece in self._pieces_of(word) if piece in pieces]
        return [vocabulary[word], *found] if word in vocabulary else found


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
            fitted, calibration = artifact.read(path)
            _loaded[place] = Predictor(fitted, calibration, path.stem.removeprefix("model-"))
        return _loaded[place]
