"""What the model sees of a text."""

from classification.model.features import pieces, plain, prepare, words_and_pairs, words_of


def test_words_that_stand_in_any_report_are_left_out():
    assert prepare("De lamp in de lantaarnpaal is al een week kapot") == ["lamp", "lantaarnpaal", "kapot"]


def test_accents_capitals_numbers_and_signs_make_no_difference():
    assert prepare("CAFÉ-terras!! 12 (zoöuitje)") == ["cafe", "terras", "zoouitje"]


def test_each_word_is_known_as_it_stands_in_the_text():
    assert words_of("Kapotte LAMP, nr. 12b") == [("Kapotte", "kapotte"), ("LAMP", "lamp"), ("nr", "nr"), ("b", "b")]


def test_a_text_of_signs_and_numbers_has_no_words():
    assert words_of("12345 !!! 🙂 \x00") == []


def test_plain_keeps_letters_of_other_alphabets():
    assert plain("Ünïcödé") == "unicode"
    assert plain("СВЕТ") == "свет"


def test_pieces_know_where_a_word_begins_and_ends():
    assert pieces("lamp") == [
        *(" l", "la", "am", "mp", "p "),
        *(" la", "lam", "amp", "mp "),
        *(" lam", "lamp", "amp "),
        *(" lamp", "lamp "),
    ]


def test_words_side_by_side_make_pairs():
    assert words_and_pairs(["kapotte", "lamp", "kapotte"]) == [
        *("kapotte", "lamp", "kapotte"),
        *("kapotte lamp", "lamp kapotte"),
    ]
