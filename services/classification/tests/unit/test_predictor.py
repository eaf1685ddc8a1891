"""Prediction gives what training learnt, and says why."""

import numpy as np
import pytest

from classification import seeds
from classification.model import artifact, training
from classification.model.calibration import Calibration
from classification.model.predictor import Predictor

CORPUS = [
    (text, slug)
    for text, slug in seeds.corpus()
    if slug in {"lantaarnpaal-straatverlichting", "ratten", "klok", "grofvuil"}
]


@pytest.fixture(scope="module")
def fitted():
    return training.fit(CORPUS, [("rat, ratten", "ratten")])


@pytest.fixture(scope="module")
def small(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model-test.npz"
    artifact.save(path, fitted, Calibration(8.0, 2.0))
    return Predictor(artifact.read(path))


def test_a_saved_model_gives_the_scores_of_the_one_that_was_trained(fitted, small):
    texts = ["Lamp lamp LAMP in de lantaarnpaal, café!", "ratten ratten", "", "xyz", *(text for text, _ in CORPUS[:20])]
    by_training = fitted.scores(texts)
    by_prediction = np.array([one.scores for one in small.assess(texts)])
    assert np.abs(by_training - by_prediction).max() < 0.005


def test_probabilities_of_a_text_sum_to_one(small):
    [found] = small.assess(["ratten bij de vuilcontainer"])
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert set(found.probabilities) == {slug for _, slug in CORPUS}


def test_reasons_are_words_of_the_text_as_they_stand_there(small):
    text = "Twee RATTEN gezien, vlakbij de lantaarnpaal!"
    [found] = small.assess([text])
    words = found.words(["ratten", "lantaarnpaal-straatverlichting"])
    assert words["ratten"][0] == "RATTEN"
    assert words["lantaarnpaal-straatverlichting"][0] == "lantaarnpaal"


def test_a_text_without_known_words_has_no_reasons(small):
    [found] = small.assess(["12345 ???"])
    assert found.words(["ratten"]) == {"ratten": []}


def test_the_version_changes_with_the_corpus(monkeypatch, tmp_path):
    before = training.version()
    extra = tmp_path / "extra.txt"
    extra.write_text("[klok]\nDe klok loopt voor\n")
    files = [*seeds.files(), extra]
    monkeypatch.setattr(seeds, "files", lambda: files)
    assert training.version() != before
    assert training.version() == training.version()


def test_typing_errors_still_reach_the_right_category(model):
    [found] = model.assess(["lantarenpaaal brand niet meer en straatverligting uit"])
    assert max(found.probabilities, key=found.probabilities.get) == "lantaarnpaal-straatverlichting"
