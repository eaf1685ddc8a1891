"""Which category a report gets from the model's probabilities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification.domain import CategoryUnknownError, Thresholds, Tree, judge, named_category, strongest

TREE = Tree(
    main_of={
        "lamp": "roads",
        "bench": "roads",
        "roads-rest": "roads",
        "bin": "clean",
        "litter": "clean",
        "overig": "overig",
    },
    rest_of={"roads": "roads-rest", "overig": "overig"},
)
THRESHOLDS = Thresholds(category=0.4, main_category=0.5)


def chosen(**probabilities):
    return judge({name.replace("_", "-"): value for name, value in probabilities.items()}, TREE, THRESHOLDS).chosen


def test_a_sure_category_is_taken_with_its_own_confidence():
    found = chosen(lamp=0.9, bench=0.05, bin=0.05)
    assert (found.category, found.main_category, found.confidence) == ("lamp", "roads", 0.9)


def test_the_threshold_itself_is_sure_enough():
    assert chosen(lamp=0.4, bench=0.2, bin=0.4).category in {"lamp", "bin"}
    assert chosen(lamp=0.4, bench=0.3, bin=0.3).category == "lamp"
    assert chosen(lamp=0.3999, bench=0.3, bin=0.3).category == "roads-rest"


def test_an_unsure_category_of_a_sure_main_category_becomes_its_rest_class():
    found = chosen(lamp=0.35, bench=0.3, bin=0.35)
    assert (found.category, found.main_category, found.confidence) == ("roads-rest", "roads", 0.65)


def test_the_main_category_with_the_largest_sum_wins_over_the_best_single_category():
    assert chosen(litter=0.36, bin=0.0, lamp=0.3, bench=0.3).category == "roads-rest"


def test_a_main_category_without_a_rest_class_becomes_overig():
    found = chosen(litter=0.35, bin=0.35, lamp=0.3)
    assert (found.category, found.main_category) == ("overig", "overig")


def test_when_nothing_is_sure_the_report_becomes_overig_with_the_confidence_of_the_best_guess():
    found = chosen(lamp=0.3, bench=0.15, bin=0.25, litter=0.2, overig=0.1)
    assert (found.category, found.main_category, found.confidence) == ("overig", "overig", 0.3)


def test_categories_that_a_municipality_does_not_use_take_no_part():
    judgement = judge({"abolished": 0.9, "lamp": 0.06, "bench": 0.04}, TREE, THRESHOLDS)
    assert [candidate.category for candidate in judgement.top] == ["lamp", "bench"]
    assert judgement.chosen.category == "overig"


def test_a_rest_class_that_is_not_in_use_is_not_given():
    tree = Tree({"lamp": "roads", "bench": "roads", "overig": "overig"}, {"roads": "roads-rest"})
    assert judge({"lamp": 0.35, "bench": 0.35}, tree, THRESHOLDS).chosen.category == "overig"


def test_a_municipality_without_categories_still_gets_an_answer():
    judgement = judge({"lamp": 1.0}, Tree({}, {}), THRESHOLDS)
    assert judgement.top == ()
    assert judgement.chosen.category == "overig"


@given(
    st.dictionaries(
        st.sampled_from([*TREE.main_of, "unknown"]), st.floats(min_value=0, max_value=1, allow_nan=False), max_size=7
    )
)
def test_whatever_the_model_says_the_answer_is_a_category_in_use(probabilities):
    judgement = judge(probabilities, TREE, THRESHOLDS)
    assert judgement.chosen.category in TREE.main_of
    assert TREE.main_of[judgement.chosen.category] == judgement.chosen.main_category
    assert 0 <= judgement.chosen.confidence <= 1
    assert len(judgement.top) <= 3
    confidences = [candidate.confidence for candidate in judgement.top]
    assert confidences == sorted(confidences, reverse=True)


def test_a_category_in_use_that_the_sender_named_counts():
    assert named_category("lamp", TREE) == "lamp"


@pytest.mark.parametrize("named", [None, "abolished", ""])
def test_no_name_or_a_wrong_one_leaves_it_to_the_model(named):
    assert named_category(named, TREE) is None


def test_an_unknown_category_has_no_main_category():
    with pytest.raises(CategoryUnknownError):
        TREE.main_category("abolished")


def test_deciding_words_are_the_strong_ones_strongest_first():
    weights = [("week", 0.01), ("lamp", 0.5), ("lantaarnpaal", 0.9), ("nummer", -0.2), ("kapotte", 0.2)]
    assert strongest(weights) == ["lantaarnpaal", "lamp", "kapotte"]


def test_a_text_without_a_word_that_speaks_for_a_category_has_no_deciding_words():
    assert strongest([("week", -0.1), ("dag", 0.0)]) == []
