import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drafts import Draft, Place
from gateway.geography import read_ground
from gateway.pages.wizard_rules import (
    LONGEST_TEXT,
    TypedPlace,
    address_of,
    check_contact,
    check_description,
    first_unfinished,
    hints_for,
    read_place,
    split_house_number,
)

GROUND = read_ground("GM0106")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("12", {"houseNumber": 12}),
        ("12a", {"houseNumber": 12, "houseLetter": "a"}),
        ("12-2", {"houseNumber": 12, "houseNumberAddition": "2"}),
        ("12 B-bis", {"houseNumber": 12, "houseLetter": "B", "houseNumberAddition": "bis"}),
        (" 7 ", {"houseNumber": 7}),
        ("tegenover de kerk", {}),
        ("0", {}),
        ("", {}),
    ],
)
def test_a_house_number_is_split_as_addresses_are_kept(typed, expected):
    assert split_house_number(typed) == expected


def test_words_in_place_of_a_house_number_stay_with_the_street():
    place = Place(longitude=6.5, latitude=53, street="Beilerstraat", house_number="tegenover de kerk")
    assert address_of(place, "Voorbeeldstad") == {
        "street": "Beilerstraat, tegenover de kerk",
        "city": "Voorbeeldstad",
    }
    assert address_of(Place(longitude=6.5, latitude=53, house_number="12"), "Voorbeeldstad") is None


@given(st.text(max_size=30))
def test_a_house_number_of_any_characters_never_fails(typed):
    assert set(split_house_number(typed)) <= {"houseNumber", "houseLetter", "houseNumberAddition"}


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_a_report_says_something(text):
    assert "description" in check_description(text)


def test_the_longest_text_is_accepted_and_one_more_is_not():
    assert not check_description("a" * LONGEST_TEXT)
    assert "description" in check_description("a" * (LONGEST_TEXT + 1))


def test_a_dutch_comma_in_a_coordinate_is_understood():
    place, errors = read_place(TypedPlace("6,5621", "52,9921"), GROUND)
    assert not errors
    assert (place.longitude, place.latitude) == (6.5621, 52.9921)


def test_a_point_wins_over_a_neighbourhood():
    place, _ = read_place(TypedPlace("6.5621", "52.9921", "Nobellaan", "", GROUND.neighbourhoods[0].code), GROUND)
    assert not place.estimated
    assert place.street == "Nobellaan"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (TypedPlace(), "place"),
        (TypedPlace("6.5", ""), "place"),
        (TypedPlace("abc", "52.99"), "place"),
        (TypedPlace("nan", "nan"), "place"),
        (TypedPlace("inf", "52.99"), "place"),
        (TypedPlace("1000", "52.99"), "place"),
        (TypedPlace("52.99", "6.56"), "place"),
        (TypedPlace(street="Beilerstraat"), "neighbourhood"),
        (TypedPlace(neighbourhood="BU01060000"), "street"),
        (TypedPlace(street="Beilerstraat", neighbourhood="BU99999999"), "neighbourhood"),
    ],
)
def test_what_is_missing_from_a_place_is_said_at_its_field(typed, field):
    place, errors = read_place(typed, GROUND)
    assert place is None
    assert field in errors


@given(st.text(max_size=40), st.text(max_size=40))
def test_coordinates_of_any_characters_never_fail(longitude, latitude):
    read_place(TypedPlace(longitude, latitude), GROUND)


@pytest.mark.parametrize(
    ("choice", "email", "phone", "field"),
    [
        ("", "", "", "contact_choice"),
        ("yes", "", "", "email"),
        ("yes", "geen adres", "", "email"),
        ("yes", "a@b", "", "email"),
        ("yes", "a@b.nl", "bel mij", "phone"),
        ("yes", "a@b.nl", "12", "phone"),
    ],
)
def test_contact_that_cannot_be_used_is_said_at_its_field(choice, email, phone, field):
    assert field in check_contact(choice, email, phone)


@pytest.mark.parametrize("phone", ["", "0592-123456", "+31 6 1234 5678", "(0592) 12 34 56"])
def test_contact_that_can_be_used_is_accepted(phone):
    assert not check_contact("yes", "j.devries@example.org", phone)
    assert not check_contact("no", "", "")


def test_the_first_step_that_misses_something_is_named():
    draft = Draft()
    assert first_unfinished(None) == "beschrijf"
    assert first_unfinished(draft) == "beschrijf"
    draft.description = "x"
    assert first_unfinished(draft) == "locatie"
    draft.place = Place(longitude=6.56, latitude=52.99)
    assert first_unfinished(draft) == "contact"
    draft.contact_choice = "no"
    assert first_unfinished(draft) is None


@pytest.mark.parametrize("text", ["het ruikt naar gaslucht", "de container staat in brand", "There is a gas leak"])
def test_words_of_an_emergency_are_noticed(text):
    assert hints_for(text).emergency


@pytest.mark.parametrize("text", ["de brandgang ligt vol", "lamp kapot bij nummer 112"])
def test_other_words_are_no_emergency(text):
    assert not hints_for(text).emergency


@pytest.mark.parametrize(
    "text", ["bel 06-12345678", "mail jan@example.org", "auto met kenteken AB-12-CD", "0592 123 456"]
)
def test_personal_data_in_a_text_is_noticed(text):
    assert hints_for(text).personal


@pytest.mark.parametrize("text", ["al 3 weken, nummer 12 en 14", "postcode 9401 AB", "sinds 22-11-2026"])
def test_other_numbers_are_no_personal_data(text):
    assert not hints_for(text).personal
