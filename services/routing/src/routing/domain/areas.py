"""Areas (gebieden): which districts and neighbourhoods hold a place."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commonground.problems import InvalidInputError

# From large to small: the order in which the areas of a place are told.
KINDS = ("district", "neighbourhood")

_LONGEST = 180  # degrees of longitude
_HIGHEST = 90  # degrees of latitude


@dataclass(frozen=True)
class Area:
    """A named piece of a municipality; ``geometry`` is a GeoJSON Polygon or MultiPolygon."""

    code: str
    kind: str
    name: str
    geometry: Mapping[str, Any]


class AreaIndex:
    """Finds areas by place, in memory, with a tree of bounding boxes in front of the exact test."""

    def __init__(self, areas: Sequence[Area]) -> None:
        """Build the tree; shapely is loaded here, since only who looks for places needs it."""
        from shapely import STRtree, make_valid, prepare
        from shapely.geometry import Point, shape

        self._point = Point
        self._areas = sorted(areas, key=lambda area: (KINDS.index(area.kind), area.code))
        shapes = [make_valid(shape(dict(area.geometry))) for area in self._areas]
        prepare(shapes)
        self._tree = STRtree(shapes)

    def codes_at(self, longitude: float, latitude: float) -> list[str]:
        """Return one code for each kind that has an area there, districts first.

        On a border between two areas it is the one with the lowest code, so that the same place always gives the
        same answer; outside all areas the list is empty.
        """
        found: dict[str, str] = {}
        for number in sorted(self._tree.query(self._point(longitude, latitude), predicate="intersects")):
            area = self._areas[number]
            found.setdefault(area.kind, area.code)
        return list(found.values())


@dataclass(frozen=True)
class BoundingBox:
    """A box in degrees (WGS 84)."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def parse(cls, text: str) -> "BoundingBox":
        """Return the box that ``west,south,east,north`` describes; raise ``InvalidInputError`` that names ``bbox``."""
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) != len(cls.__dataclass_fields__) or not all(math.isfinite(number) for number in numbers):
            raise _invalid("Give four numbers: west,south,east,north", "bbox-format")
        west, south, east, north = numbers
        if max(abs(west), abs(east)) > _LONGEST or max(abs(south), abs(north)) > _HIGHEST:
            raise _invalid("Longitude lies between -180 and 180, latitude between -90 and 90", "bbox-range")
        if west >= east or south >= north:
            raise _invalid("West lies before east and south before north", "bbox-order")
        return cls(west, south, east, north)

    def touches(self, coordinates: Any) -> bool:
        """Tell whether the box around these nested GeoJSON coordinates touches this one."""
        points = list(_points(coordinates))
        longitudes, latitudes = [point[0] for point in points], [point[1] for point in points]
        return (
            min(longitudes) <= self.east
            and max(longitudes) >= self.west
            and min(latitudes) <= self.north
            and max(latitudes) >= self.south
        )


def _points(coordinates: Any) -> Iterator[Sequence[float]]:
    if isinstance(coordinates[0], int | float):
        yield coordinates
        return
    for part in coordinates:
        yield from _points(part)


def _invalid(message: str, code: str) -> InvalidInputError:
    return InvalidInputError(("query.bbox", message, code))
