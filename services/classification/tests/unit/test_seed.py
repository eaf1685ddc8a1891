"""The starter content that comes with the block."""

import re
from collections import Counter

import pytest

from classification import seeds
from classification.domain import REST

MAINS, ROWS = seeds.tree("GM0106")
LABELS = Counter(slug for _, slug in seeds.corpus())


def test_the_tree_has_all_main_and_active_categories_of_the_taxonomy():
    assert len(MAINS) == 13
    assert len(ROWS) == 123
    assert len({row["slug"] for row in ROWS}) == 123


def test_every_category_belongs_to_a_main_category_and_has_all_names_and_descriptions():
    mains = {main["slug"] for main in MAINS}
    for row in ROWS:
        assert row["main_category"] in mains
        assert all(row[name].strip() for name in row if name.startswith(("name", "public_name", "description")))


def test_rest_classes_stand_below_their_own_main_category():
    main_of = seeds.main_of()
    assert {slug: main_of[slug] for slug in seeds.REST_CATEGORIES.values()} == {
        rest: main for main, rest in seeds.REST_CATEGORIES.items()
    }
    assert seeds.REST_CATEGORIES[REST] == REST


@pytest.mark.parametrize("slug", [row["slug"] for row in ROWS])
def test_every_category_has_at_least_fifteen_different_sentences(slug):
    assert len({text for text, label in seeds.corpus() if label == slug}) >= 15


def test_the_corpus_and_the_terms_name_no_other_categories():
    known = {row["slug"] for row in ROWS}
    assert set(LABELS) == known
    assert {slug for _, slug in seeds.terms()} <= known


def test_every_corpus_file_says_that_it_is_synthetic():
    for path in (seeds.FOLDER / "corpus").glob("*.txt"):
        assert "synthetic" in path.read_text().splitlines()[0]


def test_no_sentence_stands_in_the_corpus_twice():
    twice = [text for text, number in Counter(text for text, _ in seeds.corpus()).items() if number > 1]
    assert twice == []


def test_the_corpus_holds_no_contact_data():
    for text, _ in seeds.corpus():
        assert not re.search(r"@|\b06[- ]?\d{8}\b|\b\d{10}\b", text), text
