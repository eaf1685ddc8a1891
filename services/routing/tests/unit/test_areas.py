"""Areas: which one holds a place, and boxes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.problems import InvalidInputError
from routing.domain.areas import Area, AreaIndex, BoundingBox


def square(code: str, kind: str, west: float, south: float, size: float = 1.0) -> Area:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return Area(code, kind, code, {"type": "Polygon", "coordinates": [ring]})


INDEX = AreaIndex(
    [
        square("BU2", "neighbourhood", 1, 0),
        square("BU1", "neighbourhood", 0, 0),
        square("WK2", "district", 1, 0),
        square("WK1", "district", 0, 0),
    ]
)


def test_a_place_has_one_area_of_each_kind_district_first():
    assert INDEX.codes_at(0.5, 0.5) == ["WK1", "BU1"]
    assert INDEX.codes_at(1.5, 0.5) == ["WK2", "BU2"]


def test_a_place_on_a_border_always_belongs_to_the_lowest_code():
    assert INDEX.codes_at(1.0, 0.5) == ["WK1", "BU1"]


def test_a_place_outside_all_areas_has_none():
    assert INDEX.codes_at(5, 5) == []
    assert AreaIndex([]).codes_at(5, 5) == []


def test_a_hole_in_an_area_does_not_belong_to_it():
    outer = [[0, 0], [3, 0], [3, 3], [0, 3], [0, 0]]
    hole = [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]
    index = AreaIndex([Area("WK1", "district", "x", {"type": "Polygon", "coordinates": [outer, hole]})])

    assert index.codes_at(0.5, 0.5) == ["WK1"]
    assert index.codes_at(1.5, 1.5) == []


@given(st.floats(0, 2), st.floats(0, 1))
def test_every_place_in_the_squares_has_exactly_one_district(longitude, latitude):
    assert INDEX.codes_at(longitude, latitude)[0] in {"WK1", "WK2"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bbox-format"),
        ("1,2,3", "bbox-format"),
        ("1,2,3,4,5", "bbox-format"),
        ("a,b,c,d", "bbox-format"),
        ("nan,0,1,1", "bbox-format"),
        ("-inf,0,1,1", "bbox-format"),
        ("-181,0,1,1", "bbox-range"),
        ("0,0,1,91", "bbox-range"),
        ("2,0,1,1", "bbox-order"),
        ("0,1,1,1", "bbox-order"),
    ],
)
def test_a_box_that_is_none_is_refused_with_its_reason(text, code):
    with pytest.raises(InvalidInputError) as refused:
        BoundingBox.parse(text)

    assert [(error.field, error.code) for error in refused.value.errors] == [("query.bbox", code)]


def test_a_box_touches_what_overlaps_it():
    box = BoundingBox.parse("0.5,0.5,1.5,1.5")

    assert box.touches(square("A", "district", 1, 1).geometry["coordinates"])
    assert not box.touches(square("B", "district", 2, 2).geometry["coordinates"])
