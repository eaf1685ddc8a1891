"""A trained model as one file of plain arrays: nothing in it can run."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog

from classification.model import training
from classification.model.calibration import Calibration, Floats
from classification.model.training import Fitted

log = structlog.get_logger(__name__)


Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Model:
    """What prediction needs of a trained model; ``weights`` and ``rarity`` begin with the words, then the pieces."""

    version: str
    words: dict[str, int]
    pieces: dict[str, int]
    rarity: Floats
    weights: Floats
    intercept: Floats
    classes: list[str]
    calibration: Calibration


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
        words=_as_bytes(fitted.words.vocabulary_),
        pieces=_as_bytes(fitted.pieces.vocabulary_),
        rarity=np.concatenate([fitted.words.idf_, fitted.pieces.idf_]).astype(np.float32),
        # Half precision: three digits of a weight are enough, and the model is half as large in memory.
        weights=fitted.weights.astype(np.float16),
        intercept=fitted.intercept,
        classes=np.array(fitted.classes),
        calibration=np.array(calibration),
    )
    unfinished.replace(path)


def read(path: Path) -> Model:
    """Read a model."""
    with np.load(path, allow_pickle=False) as file:
        return Model(
            version=path.stem.removeprefix("model-"),
            words=_vocabulary(file["words"]),
            pieces=_vocabulary(file["pieces"]),
            rarity=file["rarity"],
            weights=file["weights"],
            intercept=file["intercept"],
            classes=[str(name) for name in file["classes"]],
            calibration=Calibration(*file["calibration"].tolist()),
        )


def _as_bytes(vocabulary: dict[str, int]) -> Bytes:
    """Return the terms in their order as UTF-8: small, and no objects that would need pickle."""
    return np.frombuffer("\n".join(sorted(vocabulary, key=lambda term: vocabulary[term])).encode(), dtype=np.uint8)


def _vocabulary(terms: Bytes) -> dict[str, int]:
    return {term: place for place, term in enumerate(terms.tobytes().decode().split("\n"))}
