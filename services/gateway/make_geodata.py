"""Make the map ground and the street names of one municipality from open geodata.

    python make_geodata.py --data <folder with the geojson and csv files> --municipality GM0106

The result is committed; nothing needs the source files afterwards. Sources and licences stand in
``src/gateway/static/geo/NOTICE``.
"""
# ruff: noqa: INP001 - a script beside the package, not part of it

from __future__ import annotations

import argparse
import csv
import json
import re
from pathlib import Path
from typing import Any

from shapely import make_valid
from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

HERE = Path(__file__).parent
GROUND = HERE / "src" / "gateway" / "static" / "geo"
SEED = HERE / "src" / "gateway" / "seed"
DECIMALS = 5
"""Five decimals of a degree is about one metre, finer than the sources."""


def features(path: Path) -> list[dict[str, Any]]:
    """Read the features of one GeoJSON file."""
    found: list[dict[str, Any]] = json.loads(path.read_text())["features"]
    return found


def rounded(value: Any) -> Any:
    """Round every coordinate in nested lists."""
    if isinstance(value, float | int):
        return round(value, DECIMALS)
    return [rounded(item) for item in value]


def clean_name(name: str) -> str:
    """Turn a name like ``Wijk 05 Assen West`` into ``Assen West``."""
    return re.sub(r"^(Wijk|Buurt) \d+ ", "", name)


def area(code: str, name: str, geometry: BaseGeometry) -> dict[str, Any]:
    """Give one area as a feature, with the point at which its name is drawn."""
    label = geometry.representative_point()
    return {
        "type": "Feature",
        "properties": {
            "code": code,
            "name": clean_name(name),
            "label": rounded([label.x, label.y]),
        },
        "geometry": {
            "type": geometry.geom_type,
            "coordinates": rounded(mapping(geometry)["coordinates"]),
        },
    }


def areas(path: Path, prefix: str, border: BaseGeometry) -> list[dict[str, Any]]:
    """Give the areas of one level, cut off at the border of the municipality."""
    found = []
    for feature in features(path):
        properties = feature["properties"]
        if not properties["statcode"].startswith(prefix):
            continue
        try:
            geometry = make_valid(shape(feature["geometry"])).intersection(border)
        except (ShapelyError, ValueError):
            # The generalised source holds a few areas that shrank to a line.
            continue
        if geometry.geom_type not in {"Polygon", "MultiPolygon"} or geometry.is_empty:
            continue
        found.append(area(properties["statcode"], properties["statnaam"], geometry))
    return sorted(found, key=lambda item: item["properties"]["code"])


def main() -> None:
    """Write ``static/geo/<code>.json`` and ``seed/<code>-streets.txt``."""
    parser = argparse.ArgumentParser(description="Map ground of one municipality")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--municipality", default="GM0106")
    arguments = parser.parse_args()
    code = arguments.municipality
    folder = arguments.data
    border = next(
        make_valid(shape(feature["geometry"]))
        for feature in features(folder / "nl_gemeenten_2022_10_detail.geojson")
        if feature["properties"]["statcode"] == code
    )
    number = code.removeprefix("GM")
    ground = {
        "municipality": code,
        "bounds": rounded(border.bounds),
        "border": area(code, "", border),
        "districts": areas(folder / "cbs2014_wijken_8_gemeenten.geojson", f"WK{number}", border),
        "neighbourhoods": areas(folder / "cbs2014_buurten_8_gemeenten.geojson", f"BU{number}", border),
    }
    GROUND.mkdir(parents=True, exist_ok=True)
    SEED.mkdir(parents=True, exist_ok=True)
    (GROUND / f"{code}.json").write_text(json.dumps(ground, ensure_ascii=False, separators=(",", ":")) + "\n")
    with (folder / "assen_straatnamen.csv").open() as source:
        streets = sorted({row["straatnaam"].strip() for row in csv.DictReader(source)})
    (SEED / f"{code}-streets.txt").write_text("\n".join(streets) + "\n")


if __name__ == "__main__":
    main()
