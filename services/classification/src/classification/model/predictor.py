"""Prediction with reasons, by a model that is loaded once per process.

Only numpy is needed here: scikit-learn would take longer to load than everything else, and more memory. A test holds
the two together: they must give the same scores.
"""

import asyncio
import threading
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classification.domain import strongest
from classification.model import artifact, features
from classification.model.artifact import Model
from classification.model.calibration import Floats, probabilities
from classification.settings import Settings

_NOTHING = 1e-12  # in place of zero, for texts without known words

Numbers = npt.NDArray[np.intp]


class Assessment:
    """What the model thinks of one text."""

    def __init__(self, predictor: "Predictor", text: str) -> None:
        self._predictor = predictor
        self._words = features.words_of(text)
        self._features, self._values = predictor.weigh([seen for _, seen in self._words])
        self.scores = predictor.scores(self._features, self._values)
        chances = probabilities(self.scores[np.newaxis, :], predictor.model.calibration)[0]
        self.probabilities: dict[str, float] = dict(zip(predictor.model.classes, chances.tolist(), strict=True))

    def words(self, categories: Sequence[str]) -> dict[str, list[str]]:
        """Return for each of ``categories`` the words that spoke for it, as they stand in the text."""
        return self._predictor.deciding_words(self._words, self._features, self._values, categories)


class Predictor:
    """A trained model at work."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._pairs_end = len(model.words)
        self._numbers = {name: number for number, name in enumerate(model.classes)}
        # Residents use the same words over and over; a few thousand cover most of what they write.
        self._features_of = lru_cache(maxsize=5_000)(self._look_up)

    @property
    def version(self) -> str:
        """Version of the model."""
        return self.model.version

    def assess(self, texts: Sequence[str]) -> list[Assessment]:
        """Return what the model thinks of each text."""
        return [Assessment(self, text) for text in texts]

    def weigh(self, words: Sequence[str]) -> tuple[Numbers, Floats]:
        """Return the features of a text and how much each weighs: TF-IDF with sublinear counts, as in training."""
        found = [feature for word in words for feature in self._features_of(word)]
        found += [feature for _left, _right, feature in self._pairs(words)]
        numbers, counts = np.unique(np.array(found, dtype=np.intp), return_counts=True)
        values = (1 + np.log(counts)) * self.model.rarity[numbers]
        edge = int(np.searchsorted(numbers, self._pairs_end))
        values[:edge] *= features.WORD_WEIGHT / max(float(np.linalg.norm(values[:edge])), _NOTHING)
        values[edge:] /= max(float(np.linalg.norm(values[edge:])), _NOTHING)
        return numbers, values

    def scores(self, numbers: Numbers, values: Floats) -> Floats:
        """Return a score for each class."""
        return np.asarray(values @ self.model.weights[numbers].astype(np.float32) + self.model.intercept)

    def deciding_words(
        self, words: Sequence[tuple[str, str]], numbers: Numbers, values: Floats, categories: Sequence[str]
    ) -> dict[str, list[str]]:
        """Divide each category's score over the words of a text; return the strongest ones.

        The score is a sum over features, and each feature belongs to one word (the word itself, its pieces) or to
        two neighbours (a pair), so nothing of it is left out or counted twice.
        """
        seen = [word for _, word in words]
        written = {word: as_written for as_written, word in reversed(words)}
        owners, owned = self._owners(seen, {word: number for number, word in enumerate(written)})
        columns = np.array([self._numbers[category] for category in categories], dtype=np.intp)
        shares = self.model.weights[np.ix_(numbers, columns)] * values[:, np.newaxis]
        # Of a feature that several words have, each gets its part.
        places = np.searchsorted(numbers, owned)
        parts = 1 / np.bincount(places, minlength=len(numbers))[places]
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
            found = self._features_of(word)
            owners += [numbers[word]] * len(found)
            owned += found
        for left, right, feature in self._pairs(seen):
            owners += [numbers[left], numbers[right]]
            owned += [feature, feature]
        return np.array(owners, dtype=np.intp), np.array(owned, dtype=np.intp)

    def _pairs(self, words: Sequence[str]) -> list[tuple[str, str, int]]:
        """Return the pairs of neighbours that the model knows, with their features."""
        found = ((left, right, self.model.words.get(features.pair(left, right))) for left, right in pairwise(words))
        return [(left, right, feature) for left, right, feature in found if feature is not None]

    def _look_up(self, word: str) -> list[int]:
        """Return the features of a word by itself, each as often as the word has it."""
        known, pieces = self.model.words, self.model.pieces
        found = [self._pairs_end + pieces[piece] for piece in features.pieces(word) if piece in pieces]
        return [known[word], *found] if word in known else found


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
            _loaded[place] = Predictor(artifact.read(artifact.ensure(settings.model_folder)))
        return _loaded[place]
