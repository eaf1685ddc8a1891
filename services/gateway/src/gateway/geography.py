"""The ground of one municipality: is a place inside it, and which neighbourhood is it in?

Pure calculation on the committed GeoJSON, so that the wizard can answer at once, without another block.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import cos, radians
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Point = tuple[float, float]
"""Longitude, latitude."""

Ring = Sequence[Sequence[float]]


def _in_ring(point: Point, ring: Ring) -> bool:
    """Count how often a line to the east crosses the ring: an odd number means inside."""
    x, y = point
    inside = False
    previous = ring[-1]
    for current in ring:
        (x1, y1), (x2, y2) = (previous[0], previous[1]), (current[0], current[1])
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
        previous = current
    return inside


def contains(geometry: dict[str, Any], point: Point) -> bool:
    """Tell whether a Polygon or MultiPolygon holds the point; holes do not count."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return any(
        _in_ring(point, outer) and not any(_in_ring(point, hole) for hole in holes) for outer, *holes in polygons
    )


@dataclass(frozen=True)
class Area:
    """One district or neighbourhood."""

    code: str
    name: str
    label: Point
    geometry: dict[str, Any]

    @cached_property
    def _box(self) -> tuple[float, float, float, float]:
        points = [point for ring in _outer_rings(self.geometry) for point in ring]
        longitudes, latitudes = [x for x, _ in points], [y for _, y in points]
        return min(longitudes), min(latitudes), max(longitudes), max(latitudes)

    def holds(self, point: Point) -> bool:
        """Tell whether the place lies in this area; most areas are ruled out by their box."""
        west, south, east, north = self._box
        return west <= point[0] <= east and south <= point[1] <= north and contains(self.geometry, point)


def _areas(features: Iterable[dict[str, Any]]) -> tuple[Area, ...]:
    return tuple(
        Area(
            feature["properties"]["code"],
            feature["properties"]["name"],
            (feature["properties"]["label"][0], feature["properties"]["label"][1]),
            feature["geometry"],
        )
        for feature in features
    )


@dataclass(frozen=True)
class Ground:
    """Border, districts, neighbourhoods and street names of one municipality."""

    municipality: str
    border: dict[str, Any]
    districts: tuple[Area, ...]
    neighbourhoods: tuple[Area, ...]
    streets: tuple[str, ...]

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return the box around the municipality: west, south, east, north."""
        points = [point for ring in _outer_rings(self.border) for point in ring]
        longitudes, latitudes = [x for x, _ in points], [y for _, y in points]
        return min(longitudes), min(latitudes), max(longitudes), max(latitudes)

    def holds(self, point: Point) -> bool:
        """Tell whether the place lies in this municipality."""
        return contains(self.border, point)

    def neighbourhood_of(self, point: Point) -> Area | None:
        """Return the neighbourhood in which the place lies."""
        return next((area for area in self.neighbourhoods if area.holds(point)), None)

    def district_of(self, point: Point) -> Area | None:
        """Return the district in which the place lies."""
        return next((area for area in self.districts if area.holds(point)), None)

    def describe(self, point: Point) -> str | None:
        """Name the surroundings of a place in words, the smallest area first."""
        names = [area.name for area in (self.neighbourhood_of(point), self.district_of(point)) if area]
        return ", ".join(dict.fromkeys(names)) or None

    @cached_property
    def _folded(self) -> tuple[tuple[str, str], ...]:
        return tuple((street.casefold(), street) for street in self.streets)

    def find_streets(self, text: str, limit: int = 8) -> list[str]:
        """Return street names for what somebody types: those that start so first, then those that hold it."""
        wanted = text.strip().casefold()
        if not wanted:
            return []
        starts = [street for folded, street in self._folded if folded.startswith(wanted)]
        holds = [street for folded, street in self._folded if wanted in folded and street not in starts]
        return (starts + holds)[:limit]

    def known_street(self, text: str) -> str | None:
        """Return the street as it is officially written, when it exists."""
        wanted = text.strip().casefold()
        return next((street for folded, street in self._folded if folded == wanted), None)


def read_ground(municipality: str) -> Ground:
    """Read the committed ground of one municipality."""
    ground = json.loads((HERE / "static" / "geo" / f"{municipality}.json").read_text())
    streets = (HERE / "seed" / f"{municipality}-streets.txt").read_text().splitlines()
    return Ground(
        municipality,
        ground["border"]["geometry"],
        _areas(ground["districts"]),
        tuple(sorted(_areas(ground["neighbourhoods"]), key=lambda area: area.name)),
        tuple(streets),
    )


@dataclass(frozen=True)
class Picture:
    """The municipality as a drawing: outlines as SVG paths, and places for a few pins."""

    width: int
    height: int
    border: str
    districts: tuple[str, ...]
    pins: tuple[tuple[float, float], ...]


def draw(ground: Ground, *, width: int = 440) -> Picture:
    """Draw the municipality from its own geometry; decoration that fits every municipality."""
    west, south, east, north = ground.bounds
    # A degree of longitude is shorter than one of latitude by the cosine of the latitude.
    squeeze = cos(radians((south + north) / 2))
    scale = width / ((east - west) * squeeze)
    height = round((north - south) * scale)

    def place(x: float, y: float) -> tuple[float, float]:
        return round((x - west) * squeeze * scale, 1), round((north - y) * scale, 1)

    def path(geometry: dict[str, Any]) -> str:
        return "".join(
            "M" + "L".join(f"{x} {y}" for x, y in (place(*point) for point in ring)) + "Z"
            for ring in _outer_rings(geometry)
        )

    pins = tuple(place(*area.label) for area in ground.districts[:7:2])
    return Picture(width, height, path(ground.border), tuple(path(a.geometry) for a in ground.districts), pins)


def _outer_rings(geometry: dict[str, Any]) -> list[list[Point]]:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [[(point[0], point[1]) for point in polygon[0]] for polygon in polygons]
