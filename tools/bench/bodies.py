"""Requests that the measurements send."""

import json
import random
from uuid import uuid4

from tools.bench.load import Request, request

_TEXTS = (
    "De lantaarnpaal voor nummer 12 is al een week kapot",
    "Er ligt grofvuil naast de ondergrondse container, een bank en twee stoelen",
    "Losse stoeptegel op de hoek, mijn moeder is er bijna over gevallen",
    "De prullenbak in het park zit helemaal vol",
    "Er zit een diepe kuil in het fietspad bij de brug",
)


def new_report(path: str, *, email: bool, marker: str = "") -> Request:
    """Return a maker of report requests, each with its own key, text and place."""
    chance = random.Random(12)

    def make(number: int) -> bytes:
        body = {
            "description": f"{chance.choice(_TEXTS)} {marker}{number}".strip(),
            "location": {
                "geometry": {
                    "type": "Point",
                    "coordinates": [round(6.53 + chance.random() * 0.06, 5), round(52.98 + chance.random() * 0.03, 5)],
                }
            },
        }
        if email:
            body["contact"] = {"email": f"bench-{number}@example.org"}
        return request("POST", path, json.dumps(body).encode(), {"Idempotency-Key": str(uuid4())})

    return make


def get(path: str, token: str | None = None, *, compressed: bool = False) -> Request:
    """Return a maker of one and the same GET request; with ``compressed`` it takes gzip, as browsers do."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if compressed:
        headers["Accept-Encoding"] = "gzip"
    made = request("GET", path, headers=headers)
    return lambda _number: made
