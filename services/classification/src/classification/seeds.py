"""The starter content that comes with this block: category tree, synthetic corpus and terms.

``seed/categories/<main>.json`` holds names and descriptions, ``seed/corpus/<main>.txt`` sentences as residents might
write them, all written for this project: ``[slug]``, then one text a line.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "seed"

# The order in which people look for a subject, the most reported first.
_ORDER = (
    "afval",
    "wegen-verkeer-straatmeubilair",
    "openbaar-groen-en-water",
    "schoon",
    "overlast-in-de-openbare-ruimte",
    "overlast-van-dieren",
    "overlast-van-en-door-personen-of-groepen",
    "overlast-bedrijven-en-horeca",
    "overlast-op-het-water",
    "civiele-constructies",
    "wonen",
    "ondermijning",
    "overig",
)

# Category for what surely belongs to a main category but is nothing in particular. The main categories that are
# absent here have none in the taxonomy.
REST_CATEGORIES = {
    "afval": "overig-afval",
    "openbaar-groen-en-water": "overig-groen-en-water",
    "overig": "overig",
    "overlast-bedrijven-en-horeca": "overig-horecabedrijven",
    "overlast-in-de-openbare-ruimte": "overig-openbare-ruimte",
    "overlast-op-het-water": "overig-boten",
    "overlast-van-dieren": "overig-dieren",
    "overlast-van-en-door-personen-of-groepen": "overige-overlast-door-personen",
    "wegen-verkeer-straatmeubilair": "overig-wegen-verkeer-straatmeubilair",
    "wonen": "wonen-overig",
}


def _files() -> list[dict[str, Any]]:
    found = [json.loads((FOLDER / "categories" / f"{slug}.json").read_text()) for slug in _ORDER]
    return [dict(file) for file in found]


def tree(municipality: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the starter tree as rows of main categories and of categories."""
    mains, rows = [], []
    for position, main in enumerate(_files()):
        mains.append(
            {
                "municipality": municipality,
                "slug": main["slug"],
                "position": position,
                "name_nl": main["nameNl"],
                "name_en": main["nameEn"],
                "rest_category": REST_CATEGORIES.get(main["slug"]),
            }
        )
        rows += [
            {
                "municipality": municipality,
                "slug": category["slug"],
                "main_category": main["slug"],
                "position": place,
                "name_nl": category["nameNl"],
                "name_en": category["nameEn"],
                "public_name_nl": category["publicNameNl"],
                "public_name_en": category["publicNameEn"],
                "description_nl": category["descriptionNl"],
                "description_en": category["descriptionEn"],
                "public": category["public"],
                "active": True,
            }
            for place, category in enumerate(main["subcategories"])
        ]
    return mains, rows


def main_of() -> dict[str, str]:
    """Return the main category of each category of the starter tree."""
    return {category["slug"]: main["slug"] for main in _files() for category in main["subcategories"]}


def corpus() -> list[tuple[str, str]]:
    """Return the synthetic reports: text and slug."""
    return [pair for path in sorted((FOLDER / "corpus").glob("*.txt")) for pair in sections(path)]


def terms() -> list[tuple[str, str]]:
    """Return what else tells about the categories: their names and descriptions, and lists of terms."""
    described = [
        (category[name], category["slug"])
        for main in _files()
        for category in main["subcategories"]
        for name in ("nameNl", "publicNameNl", "descriptionNl")
    ]
    listed = [
        (term.strip(), slug)
        for path in sorted((FOLDER / "terms").glob("*.txt"))
        for line, slug in sections(path)
        for term in line.split(",")
    ]
    return described + listed


def sections(path: Path) -> Iterator[tuple[str, str]]:
    """Yield text and slug for each line below a ``[slug]``; lines with ``#`` are remarks."""
    slug = ""
    for line in path.read_text().splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("[") and text.endswith("]"):
            slug = text[1:-1]
        else:
            yield text, slug


def files() -> list[Path]:
    """Return all files that the model is trained from, in a fixed order."""
    return sorted(path for folder in ("categories", "corpus", "terms") for path in (FOLDER / folder).glob("*.*"))
