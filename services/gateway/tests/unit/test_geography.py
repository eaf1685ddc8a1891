import json
from pathlib import Path

import pytest
from shapely.geometry import Point, shape

import gateway
from gateway.geography import draw, read_ground

GROUND = read_ground("GM0106")
ASSETS = Path(gateway.__file__).parent / "static" / "geo"


def test_the_border_agrees_with_shapely_on_a_grid_of_points():
    border = shape(json.loads((ASSETS / "GM0106.json").read_text())["border"]["geometry"])
    west, south, east, north = GROUND.bounds
    for column in range(40):
        for row in range(40):
            point = (west + (east - west) * (column + 0.37) / 40, south + (north - south) * (row + 0.53) / 40)
            assert GROUND.holds(point) == border.contains(Point(point)), point


@pytest.mark.parametrize("point", [(4.9, 52.37), (0, 0), (180, 90), (-180, -90)])
def test_places_elsewhere_are_outside(point):
    assert not GROUND.holds(point)
    assert GROUND.describe(point) is None


def test_a_place_is_described_by_neighbourhood_and_district():
    assert GROUND.describe((6.5621, 52.9921)) == "Brinkkwartier, Assen centrum"


def test_the_label_of_every_neighbourhood_lies_in_the_municipality():
    # The middle of a neighbourhood is the place of a report without a point on the map.
    for area in GROUND.neighbourhoods:
        assert GROUND.holds(area.label), area.name


def test_streets_that_start_with_what_is_typed_come_first():
    found = GROUND.find_streets("HOF", limit=100)
    starts = [street.casefold().startswith("hof") for street in found]
    assert any(starts)
    assert starts == sorted(starts, reverse=True)
    assert GROUND.find_streets("  ") == []
    assert GROUND.known_street("BEILERSTRAAT") == "Beilerstraat"
    assert GROUND.known_street("Nergensstraat") is None


def test_the_drawing_holds_every_district():
    picture = draw(GROUND)
    assert len(picture.districts) == len(GROUND.districts)
    assert picture.border.startswith("M")
    assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in picture.pins)
