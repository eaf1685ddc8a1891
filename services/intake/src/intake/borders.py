"""In which municipality a place lies."""

import json
from collections.abc import Collection
from pathlib import Path

import shapely
from shapely import STRtree
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from intake.domain import OutsideServedAreaError


class Borders:
    """Exact borders of the served municipalities, and coarse ones of all to name the others."""

    def __init__(self, borders_file: Path, neighbours_file: Path, served: Collection[str]) -> None:
        """Read the files; raise ``ValueError`` when a served municipality has no border."""
        self._served = {code: area for code, _name, area in _features(borders_file) if code in served}
        missing = sorted(set(served) - self._served.keys())
        if missing:
            message = f"no border in {borders_file.name} for {', '.join(missing)}"
            raise ValueError(message)
        for area in self._served.values():
            shapely.prepare(area)
        neighbours = _features(neighbours_file)
        self._names = [name for _code, name, _area in neighbours]
        self._tree = STRtree([area for _code, _name, area in neighbours])

    def locate(self, longitude: float, latitude: float) -> str:
        """Return the code of the served municipality that covers the place.

        Raises ``OutsideServedAreaError`` outside of all, with the name of the Dutch municipality where it lies.
        """
        place = Point(longitude, latitude)
        for code, area in self._served.items():
            if area.covers(place):
                return code
        hits = self._tree.query(place, predicate="within")
        raise OutsideServedAreaError(self._names[int(hits[0])] if len(hits) else None)


def _features(path: Path) -> list[tuple[str, str, BaseGeometry]]:
    collection = json.loads(path.read_text())
    return [
        (feature["properties"]["code"], feature["properties"]["name"], shape(feature["geometry"]))
        for feature in collection["features"]
    ]
