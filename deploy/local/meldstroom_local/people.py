"""The ready-made people of the development identity provider, as the gateway's seed names them.

What each may do is decided by the gateway; the strangers among them have an account and no rights at all.
"""

import json
from dataclasses import dataclass

from meldstroom_local.places import PROJECT

_SEED = PROJECT / "services" / "gateway" / "src" / "gateway" / "seed" / "people.json"


@dataclass(frozen=True)
class Person:
    """Someone who can sign in; ``username`` is the subject (``sub``) that the provider tells."""

    username: str
    name: str
    email: str
    role: str


def people() -> list[Person]:
    """Return everybody who can sign in."""
    seed = json.loads(_SEED.read_text(encoding="utf-8"))
    roles = {role["code"]: role["name"] for role in seed["roles"]}

    def title(entry: dict[str, object]) -> str:
        departments = entry.get("departments")
        where = f" ({', '.join(map(str, departments))})" if isinstance(departments, list) and departments else ""
        return f"{roles[str(entry['role'])]}{where}"

    return [
        *(Person(entry["username"], entry["name"], entry["email"], title(entry)) for entry in seed["people"]),
        *(
            Person(entry["username"], entry["name"], entry["email"], "heeft een account, maar geen toegang")
            for entry in seed.get("strangers", [])
        ),
    ]
