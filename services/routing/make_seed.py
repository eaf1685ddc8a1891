# ruff: noqa: INP001 - a script beside the package, not part of it
"""Make the seed of the example municipality from an open category list and open geodata.

    python make_seed.py --data <folder with taxonomy.json and geo/>

The result in ``src/routing/seed`` is committed; nothing needs the source files afterwards. Sources and licences
stand in ``src/routing/seed/NOTICE``.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from shapely import make_valid, set_precision, unary_union
from shapely.geometry import MultiPolygon, Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry

SEED = Path(__file__).parent / "src" / "routing" / "seed"
MUNICIPALITY = "GM0106"
DEGREES = 0.00001  # about one metre, finer than the sources
FALLBACK = "MLD"
MINIMUM_RING = 3  # a ring of three positions goes forth and back

# Department of the source -> department of the example municipality; what is missing goes to the fallback.
DEPARTMENTS = {
    "AEG": "AFV",
    "STW": "STW",
    "VOR": "WEG",
    "OVL": "VRL",
    "VRI": "VRI",
    "THO": "HAN",
    "VTH": "VTH",
    "WAT": "WAT",
    "GGD": "GGD",
    "OMG": "OMG",
    "WON": "WON",
    "OOV": "OOV",
    "POL": "OOV",
}

# Where the source names nobody, or a department that an ordinary municipality would not choose first.
CHOSEN = {
    "lantaarnpaal-straatverlichting": "VRL",
    "verkeerslicht": "VRI",
    "beplanting": "STW",
    "boom-verzoek-inspectie": "STW",
    "boomziekten-en-plagen": "STW",
    "japanse-duizendknoop": "STW",
    "blokkade-van-de-vaarweg": "WAT",
    "olie-op-het-water": "WAT",
    "brug-bediening": "WAT",
}

# The source gives no term for leaves on the road; the other kinds of slippery roads have this one.
TERMS = {"gladheid-bladeren": (3, "working")}


def department_of(subcategory: dict[str, Any]) -> str:
    """Return the one department for a subcategory of the source."""
    chosen = CHOSEN.get(subcategory["slug"])
    found = [DEPARTMENTS[code] for code in subcategory["departments_responsible"] if code in DEPARTMENTS]
    return chosen or (found[0] if found else FALLBACK)


def categories(taxonomy: dict[str, Any]) -> list[dict[str, Any]]:
    """Return department and term of every active subcategory."""
    found = []
    for main in taxonomy["main_categories"]:
        for sub in main["subcategories"]:
            if not sub["is_active"]:
                continue
            days, kind = TERMS.get(sub["slug"]) or (sub["sla"]["n_days"], sub["sla"]["kind"])
            found.append(
                {
                    "category": sub["slug"],
                    "mainCategory": main["slug"],
                    "department": department_of(sub),
                    "termDays": days,
                    "termKind": kind,
                }
            )
    return found


def read(path: Path, prefix: str) -> dict[str, tuple[str, BaseGeometry]]:
    """Return name and geometry of the features whose code starts with ``prefix``."""
    found: dict[str, tuple[str, BaseGeometry]] = {}
    for feature in json.loads(path.read_text())["features"]:
        properties = feature["properties"]
        if not properties["statcode"].startswith(prefix):
            continue
        geometry = make_valid(shape(_whole(feature["geometry"])))
        name = re.sub(r"^Wijk \d+ ", "", properties["statnaam"])
        found[properties["statcode"]] = (name[:1].upper() + name[1:], geometry)
    return found


def _whole(geometry: dict[str, Any]) -> dict[str, Any]:
    """Return a geometry without the rings that shrank to a point in the generalised source."""
    if geometry["type"] == "Polygon":
        return {**geometry, "coordinates": [ring for ring in geometry["coordinates"] if len(ring) > MINIMUM_RING]}
    return geometry


def polygons(geometry: BaseGeometry) -> MultiPolygon:
    """Return only the surfaces of ``geometry``."""
    parts = getattr(geometry, "geoms", [geometry])
    return MultiPolygon([part for part in parts if isinstance(part, Polygon) and not part.is_empty])


def filled(areas: dict[str, tuple[str, BaseGeometry]], border: BaseGeometry) -> dict[str, tuple[str, BaseGeometry]]:
    """Give every spot within the border to a district: the source is coarser than the border."""
    gaps = polygons(border.difference(unary_union([geometry for _, geometry in areas.values()])))
    found = {code: [geometry.intersection(border)] for code, (_, geometry) in areas.items()}
    for gap in gaps.geoms:
        nearest = min(areas, key=lambda code: areas[code][1].distance(gap.representative_point()))
        found[nearest].append(gap)
    return {code: (areas[code][0], unary_union(parts)) for code, parts in found.items()}


def area(code: str, kind: str, name: str, geometry: BaseGeometry) -> dict[str, Any]:
    """Return an area as a GeoJSON feature with coordinates rounded so that it stays valid."""
    shrunk = polygons(make_valid(set_precision(geometry, DEGREES)))
    simplest: BaseGeometry = shrunk.geoms[0] if len(shrunk.geoms) == 1 else shrunk
    return {
        "type": "Feature",
        "properties": {"municipality": MUNICIPALITY, "code": code, "kind": kind, "name": name},
        "geometry": _rounded(mapping(simplest)),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, float):
        return round(value, 5)
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def main() -> None:
    """Write ``categories.json`` and ``areas.geojson``."""
    parser = argparse.ArgumentParser(description="Seed of routing")
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    taxonomy = json.loads((data / "taxonomy.json").read_text())
    lines = ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in categories(taxonomy))
    (SEED / "categories.json").write_text(f"[\n  {lines}\n]\n")
    geo = data / "geo"
    number = MUNICIPALITY.removeprefix("GM")
    border = read(geo / "nl_gemeenten_2022_10_detail.geojson", MUNICIPALITY)[MUNICIPALITY][1]
    districts = filled(read(geo / "cbs2014_wijken_8_gemeenten.geojson", f"WK{number}"), border)
    neighbourhoods = {
        code: (name, polygons(geometry.intersection(border)))
        for code, (name, geometry) in read(geo / "cbs2014_buurten_8_gemeenten.geojson", f"BU{number}").items()
    }
    features = [area(code, "district", *districts[code]) for code in sorted(districts)]
    features += [
        area(code, "neighbourhood", *neighbourhoods[code])
        for code in sorted(neighbourhoods)
        if not neighbourhoods[code][1].is_empty
    ]
    rows = ",\n  ".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in features)
    (SEED / "areas.geojson").write_text(f'{{"type":"FeatureCollection","features":[\n  {rows}\n]}}\n')


if __name__ == "__main__":
    main()
