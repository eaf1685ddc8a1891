"""Which municipality a place lies in."""

import pytest

from intake.borders import Borders
from intake.domain import OutsideServedAreaError
from intake.settings import Settings

FILES = {name: Settings.model_fields[name].default for name in ("borders_file", "neighbours_file")}


@pytest.fixture(scope="module")
def borders():
    return Borders(FILES["borders_file"], FILES["neighbours_file"], {"GM0106"})


def test_the_middle_of_assen_is_served(borders):
    assert borders.locate(6.5625, 52.9967) == "GM0106"


@pytest.mark.parametrize(
    ("place", "name"), [((6.566, 53.219), "Groningen"), ((4.9, 52.37), "Amsterdam"), ((0, 0), None)]
)
def test_a_place_elsewhere_is_not_served_but_named_when_it_is_in_the_country(borders, place, name):
    with pytest.raises(OutsideServedAreaError) as refused:
        borders.locate(*place)
    assert refused.value.municipality == name


def test_a_served_municipality_without_a_border_stops_the_start():
    with pytest.raises(ValueError, match="GM9999"):
        Borders(FILES["borders_file"], FILES["neighbours_file"], {"GM9999"})
