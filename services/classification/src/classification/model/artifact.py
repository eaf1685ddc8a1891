"""A trained model as one file of plain arrays: nothing in it can run."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import structlog

from classification.model import features, training
from classification.model.training import Calibration, Fitted

log = structlog.get_logger(__name__)


def folder(configured: Path | None) -> Path:
    """Return where models are kept."""
    if configured is not None:
        return configured
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "meldstroom" / "classification"


def ensure(configured: Path | None) -> Path:
    """Return the file of the current model version; train when it is not there.

    Only one process trains, others wait for it. Models of older versions are removed.
    """
    place = folder(configured)
    path = place / f"model-{training.version()}.npz"
    if path.exists():
        return path
    place.mkdir(parents=True, exist_ok=True)
    with _alone(place / "training.lock"):
        if path.exists():
            return path
        log.info("training_started", version=training.version())
        fitted, calibration = training.train()
        save(path, fitted, calibration)
        for old in place.glob("model-*.npz"):
            if old != path:
                old.unlink(missing_ok=True)
        log.info("training_ended", version=training.version(), bytes=path.stat().st_size)
    return path


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back when the file is closed, also when the process is killed
        yield


def save(path: Path, fitted: Fitted, calibration: Calibration) -> None:
    """Write a model; a reader sees all of it or nothing."""
    unfinished = path.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(
        unfinished,
        words=_terms(fitted.words.vocabulary_),
        word_rarity=fitted.word_rarity,
        pieces=_terms(fitted.pieces.vocabulary_),
        piece_rarity=fitted.piece_rarity,
        data=fitted.weights.data,
        indices=fitted.weights.indices.astype(np.int32),
        indptr=fitted.weights.indptr.astype(np.int32),
        intercept=fitted.intercept,
        classes=np.array(fitted.classes),
        calibration=np.array(calibration),
    )
    unfinished.replace(path)


def read(path: Path) -> tuple[Fitted, Calibration]:
    """Read a model."""
    from scipy.sparse import csr_matrix

    with np.load(path, allow_pickle=False) as file:
        words = features.word_counter(vocabulary=_vocabulary(file["words"]))
        pieces = features.piece_counter(vocabulary=_vocabulary(file["pieces"]))
        classes = [str(name) for name in file["classes"]]
        number = len(words.vocabulary) + len(pieces.vocabulary)
        weights = csr_matrix((file["data"], file["indices"], file["indptr"]), shape=(number, len(classes)))
        fitted = Fitted(words, file["word_rarity"], pieces, file["piece_rarity"], weights, file["intercept"], classes)
        return fitted, Calibration(*file["calibration"].tolist())


def _terms(vocabulary: dict[str, int]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Return the vocabulary as UTF-8 bytes: small, and no objects that would need pickle."""
    ordered = sorted(vocabulary, key=lambda term: vocabulary[term])
    return np.frombuffer("\n".join(ordered).encode(), dtype=np.uint8)


def _vocabulary(terms: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> dict[str, int]:
    return {term: place for place, term in enumerate(terms.tobytes().decode().split("\n"))}
