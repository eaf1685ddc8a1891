"""A guard against a broken model, not a score: these plain sentences are of the easy kind."""

from pathlib import Path

from classification import seeds

HELD_OUT = list(seeds.sections(Path(__file__).parents[1] / "data" / "held_out.txt"))


def test_plain_sentences_that_are_not_in_the_corpus_are_recognised(model):
    known = {text for text, _ in seeds.corpus()}
    assert not known & {text for text, _ in HELD_OUT}
    found = model.assess([text for text, _ in HELD_OUT])
    right = [
        max(one.probabilities, key=one.probabilities.get) == slug
        for one, (_, slug) in zip(found, HELD_OUT, strict=True)
    ]
    assert sum(right) / len(right) > 0.85
