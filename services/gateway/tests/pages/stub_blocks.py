"""The other blocks at the HTTP edge, as small as the pages need: fixed data, and a switch to take a block away.

The shapes are those of the blocks' own API documents.
"""

import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4, uuid5

from aiohttp import web
from PIL import Image, ImageDraw

NOW = datetime.now(UTC).replace(microsecond=0)
HANNA = "0198f2a0-0000-7000-8000-0000000000aa"
NAMESPACE = UUID("0198f2a0-0000-7000-8000-000000000000")

CATEGORIES = [
    (
        "openbaar-groen-en-water",
        "Groen en water",
        "Green and water",
        [("boom", "Boom", "Tree"), ("drijfvuil", "Drijfvuil", "Floating rubbish")],
    ),
    (
        "wegen-verkeer-straatmeubilair",
        "Wegen, verkeer en straatmeubilair",
        "Roads and street furniture",
        [
            ("lantaarnpaal-straatverlichting", "Straatverlichting", "Street lighting"),
            (
                "onderhoud-stoep-straat-en-fietspad",
                "Stoep, straat of fietspad kapot",
                "Broken pavement, road or cycle path",
            ),
        ],
    ),
    (
        "afval",
        "Afval",
        "Waste",
        [("container-is-vol", "Container is vol", "Container is full"), ("grofvuil", "Grofvuil", "Bulky waste")],
    ),
]
NAMES = {slug: {"nl": nl, "en": en} for _, _, _, subs in CATEGORIES for slug, nl, en in subs}
DEPARTMENTS = [
    ("VRL", "Openbare verlichting"),
    ("STW", "Stadswerken"),
    ("AFV", "Afval en grondstoffen"),
    ("WEG", "Wegen en verkeer"),
]

ROWS: list[dict[str, Any]] = [
    {
        "text": "Er ligt al een week een kapotte lamp in de lantaarnpaal voor nummer 12. Het is daar ’s avonds echt heel donker en mijn kinderen moeten er langs.",
        "category": "lantaarnpaal-straatverlichting",
        "department": "VRL",
        "street": "Beilerstraat",
        "number": 12,
        "status": "reported",
        "hours": 2,
        "term": 70,
        "photos": 2,
        "point": [6.5621, 52.9921],
        "priority": "normal",
    },
    {
        "text": "Losse stoeptegel, mijn moeder is bijna gevallen.",
        "category": "onderhoud-stoep-straat-en-fietspad",
        "department": "WEG",
        "street": "Groningerstraat",
        "number": 101,
        "status": "in-progress",
        "hours": 30,
        "term": 10,
        "photos": 1,
        "point": [6.5583, 53.0011],
        "priority": "high",
    },
    {
        "text": "Container zit al dagen vol en stinkt",
        "category": "container-is-vol",
        "department": "AFV",
        "street": "Rode Heklaan",
        "number": 3,
        "status": "reported",
        "hours": 110,
        "term": -20,
        "photos": 0,
        "point": [6.5711, 52.9877],
        "priority": "normal",
    },
    {
        "text": "Omgewaaide boom blokkeert het fietspad richting Baggelhuizen",
        "category": "boom",
        "department": "STW",
        "street": None,
        "number": None,
        "status": "planned",
        "hours": 50,
        "term": 120,
        "photos": 3,
        "point": [6.5402, 52.9857],
        "priority": "high",
    },
    {
        "text": "Bankstel en matras naast de glasbak.",
        "category": "grofvuil",
        "department": "AFV",
        "street": "Nobellaan",
        "number": 88,
        "status": "reaction-requested",
        "hours": 75,
        "term": 30,
        "photos": 1,
        "point": [6.5480, 52.9899],
        "priority": "low",
    },
    {
        "text": "Lantaarn knippert de hele nacht",
        "category": "lantaarnpaal-straatverlichting",
        "department": "VRL",
        "street": "Vredeveldseweg",
        "number": 4,
        "status": "on-hold",
        "hours": 210,
        "term": -70,
        "photos": 0,
        "point": [6.5788, 52.9934],
        "priority": "normal",
    },
    {
        "text": "Vijver ligt vol met plastic en blikjes, de eenden zitten erin vast.",
        "category": "drijfvuil",
        "department": "STW",
        "street": "Weiersstraat",
        "number": None,
        "status": "closed",
        "hours": 300,
        "term": -10,
        "photos": 1,
        "point": [6.5652, 52.9968],
        "priority": "normal",
    },
    {
        "text": "Gat in de weg bij de rotonde",
        "category": None,
        "department": None,
        "street": None,
        "number": None,
        "status": "reported",
        "hours": 0,
        "term": None,
        "photos": 0,
        "point": [6.5530, 52.9990],
        "priority": "normal",
    },
]


LETTER = {
    "id": str(uuid5(NAMESPACE, "letter")),
    "eventId": "e1",
    "type": "nl.meldstroom.intake.report-submitted",
    "topic": "meldstroom.intake.reports.v1",
    "partition": 2,
    "offset": 17,
    "key": "a",
    "consumerGroup": "",
    "error": "LookupError at routing.use_cases:41",
    "attempts": 5,
    "failedAt": "2026-11-20T09:30:00Z",
    "state": "open",
    "settledAt": None,
    "settledBy": None,
    "reason": None,
}


def picture(width: int, height: int, shade: int) -> bytes:
    """Return a JPEG that can be told from the next one."""
    image = Image.new("RGB", (width, height), (90 + shade, 130, 120))
    draw = ImageDraw.Draw(image)
    draw.rectangle([width * 0.45, height * 0.1, width * 0.5, height * 0.9], fill=(40, 50, 60))
    draw.ellipse([width * 0.4, height * 0.05, width * 0.55, height * 0.22], fill=(250, 220, 140))
    kept = BytesIO()
    image.save(kept, "JPEG")
    return kept.getvalue()


def moment(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


class StubBlocks:
    """Fixed answers; what was asked is kept in ``requests``, what is in ``away`` answers 503."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.new = 0
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.reports: dict[str, dict[str, Any]] = {}
        self.refusals: dict[str, tuple[int, dict[str, Any]]] = {}
        self.cases = [self._case(index, row) for index, row in enumerate(ROWS)]
        self.uploads: dict[str, bytes] = {}

    def _case(self, index: int, row: dict[str, Any]) -> dict[str, Any]:
        report_id = str(uuid5(NAMESPACE, f"report-{index}"))
        address = (
            {"street": row["street"], "houseNumber": row["number"], "city": "Voorbeeldstad"} if row["street"] else None
        )
        mine = index in {0, 1}
        return {
            "id": str(uuid5(NAMESPACE, f"case-{index}")),
            "reportId": report_id,
            "number": f"M-{10001 + index}",
            "municipality": "GM0106",
            "status": row["status"],
            "category": row["category"],
            "categoryName": NAMES.get(row["category"] or ""),
            "mainCategory": None,
            "department": row["department"],
            "departmentName": dict(DEPARTMENTS).get(row["department"] or ""),
            "assignee": HANNA if mine else None,
            "assigneeName": "Hanna Visser" if mine else None,
            "priority": row["priority"],
            "deadline": moment(row["term"]) if row["term"] is not None else None,
            "submittedAt": moment(-row["hours"]),
            "changedAt": moment(-row["hours"] / 2),
            "late": bool(row["term"] is not None and row["term"] < 0 and row["status"] != "closed"),
            "geometry": {"type": "Point", "coordinates": row["point"]},
            "address": address,
            "summary": row["text"][:140],
            "attachmentCount": row["photos"],
            "version": 3,
            "description": row["text"],
            "answers": [],
            "attachments": [
                {"id": str(uuid5(NAMESPACE, f"photo-{index}-{n}")), "contentType": "image/jpeg"}
                for n in range(row["photos"])
            ],
            "contact": {"email": "j.devries@example.org", "phone": "+31592123456", "language": "nl"},
            "contactHidden": False,
            "hasContact": True,
            "explanation": {
                "origin": "model",
                "confidence": 0.91,
                "predictions": [
                    {
                        "category": "lantaarnpaal-straatverlichting",
                        "mainCategory": "wegen-verkeer-straatmeubilair",
                        "confidence": 0.91,
                        "words": ["lamp", "lantaarnpaal", "donker"],
                    },
                    {
                        "category": "onderhoud-stoep-straat-en-fietspad",
                        "mainCategory": "wegen-verkeer-straatmeubilair",
                        "confidence": 0.04,
                        "words": ["nummer"],
                    },
                    {"category": "boom", "mainCategory": "openbaar-groen-en-water", "confidence": 0.01, "words": []},
                ],
            },
            "allowedStatuses": ["in-progress", "planned", "on-hold", "reaction-requested", "closed", "cancelled"],
            "history": [
                {
                    "id": str(uuid4()),
                    "at": moment(-row["hours"]),
                    "kind": "opened",
                    "actor": None,
                    "from": None,
                    "to": None,
                    "toName": None,
                    "textRemoved": False,
                    "text": None,
                    "details": {},
                },
                {
                    "id": str(uuid4()),
                    "at": moment(-row["hours"] + 0.01),
                    "kind": "category",
                    "actor": None,
                    "from": None,
                    "to": row["category"],
                    "toName": NAMES.get(row["category"] or ""),
                    "textRemoved": False,
                    "text": None,
                    "details": {},
                },
                {
                    "id": str(uuid4()),
                    "at": moment(-row["hours"] + 0.02),
                    "kind": "department",
                    "actor": None,
                    "from": None,
                    "to": row["department"],
                    "toName": {"nl": dict(DEPARTMENTS).get(row["department"] or "", ""), "en": ""},
                    "textRemoved": False,
                    "text": None,
                    "details": {},
                },
                {
                    "id": str(uuid4()),
                    "at": moment(-row["hours"] + 0.1),
                    "kind": "message-delivered",
                    "actor": None,
                    "from": None,
                    "to": None,
                    "toName": None,
                    "textRemoved": False,
                    "text": None,
                    "details": {"kind": "confirmation"},
                },
                {
                    "id": str(uuid4()),
                    "at": moment(-row["hours"] / 2),
                    "kind": "assignment",
                    "actor": {"id": HANNA, "name": "Hanna Visser"},
                    "from": None,
                    "to": HANNA,
                    "toName": None,
                    "textRemoved": False,
                    "text": None,
                    "details": {},
                },
                {
                    "id": str(uuid4()),
                    "at": moment(-row["hours"] / 3),
                    "kind": "note",
                    "actor": {"id": HANNA, "name": "Hanna Visser"},
                    "from": None,
                    "to": None,
                    "toName": None,
                    "textRemoved": False,
                    "text": "Monteur is gebeld, onderdeel is besteld.\nKomt donderdag.",
                    "details": {},
                },
            ],
        }

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._edge], client_max_size=30_000_000)
        add = app.router.add_route
        add("POST", "/intake/v1/uploads", self.upload)
        add("POST", "/intake/v1/reports", self.report)
        add("POST", "/intake/v1/reports/{report}/anonymisations", self.done)
        add("DELETE", "/intake/v1/reports/{report}", self.done)
        add("GET", "/intake/v1/status/{token}", self.status)
        add("GET", "/intake/v1/status/{token}/attachments/{id}/{variant}", self.photo)
        add("GET", "/intake/v1/reports/{report}/attachments/{id}/{variant}", self.photo)
        add("GET", "/classification/v1/categories", self.categories)
        add("POST", "/classification/v1/reports/{report}/corrections", self.done)
        add("GET", "/routing/v1/departments", self.departments)
        add("POST", "/routing/v1/reports/{report}/routings", self.done)
        add("GET", "/handling/v1/cases", self.list_cases)
        add("GET", "/handling/v1/cases/count", self.count_cases)
        add("GET", "/handling/v1/cases/{id}", self.one_case)
        add("GET", "/handling/v1/assignees", self.assignees)
        add("POST", "/handling/v1/cases/{id}/{action}", self.act)
        add("GET", "/notification/v1/messages", self.messages)
        add("POST", "/notification/v1/messages/{id}/resends", self.done)
        add("GET", "/insight/v1/public-cases", self.public_cases)
        add("GET", "/insight/v1/categories", self.topics)
        add("GET", "/{block}/v1/dead-letters", self.dead_letters)
        add("GET", "/{block}/v1/dead-letters/{id}", self.dead_letter)
        add("POST", "/{block}/v1/dead-letters/retries", self.retry_dead_letters)
        add("POST", "/{block}/v1/dead-letters/{id}/{action}", self.done)
        sys.modules["gateway_pages_stub_webhooks"].add_to(app)  # loaded by the conftest beside this
        return app

    async def dead_letters(self, request: web.Request) -> web.Response:
        items = [LETTER] if request.match_info["block"] == "routing" else []
        return web.json_response({"items": items, "nextCursor": None})

    async def dead_letter(self, _request: web.Request) -> web.Response:
        return web.json_response(LETTER | {"envelope": {"subject": "a"}, "data": None, "dataHidden": True})

    async def retry_dead_letters(self, request: web.Request) -> web.Response:
        more = None if "cursor" in request.query else LETTER["id"]
        return web.json_response({"retried": 1, "failed": 0, "left": 0, "nextCursor": more})

    @web.middleware
    async def _edge(self, request: web.Request, handler: Any) -> web.StreamResponse:
        block, _, rest = request.path.strip("/").partition("/v1/")
        body = await request.json() if request.content_type == "application/json" and request.can_read_body else {}
        self.requests.append(
            (
                request.method,
                f"{block}:{rest}",
                {"query": list(request.query.items()), "body": body, "headers": dict(request.headers)},
            )
        )
        if block in self.away:
            return web.json_response({"title": "away", "status": 503}, status=503)
        refusal = self.refusals.get(f"{request.method} {block}:{rest.rsplit('/', 1)[-1]}")
        if refusal:
            return web.json_response(refusal[1], status=refusal[0])
        answer: web.StreamResponse = await handler(request)
        return answer

    def sent(self, method: str, start: str) -> list[dict[str, Any]]:
        return [more for verb, path, more in self.requests if verb == method and path.startswith(start)]

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        if not (file.content_type or "").startswith("image/"):
            return web.json_response({"title": "The photo cannot be taken", "status": 400}, status=400)
        upload_id = str(uuid4())
        self.uploads[upload_id] = file.file.read()
        return web.json_response(
            {"id": upload_id, "contentType": "image/jpeg", "width": 800, "height": 600, "size": 1}, status=201
        )

    async def report(self, request: web.Request) -> web.Response:
        key = request.headers.get("Idempotency-Key", "")
        if key not in self.reports:
            number = f"M-{20001 + len(self.reports)}"
            self.reports[key] = {
                "id": str(uuid4()),
                "number": number,
                "statusUrl": "/melding/abcdefghij0123456789AB",
                "submittedAt": moment(0),
            }
        return web.json_response(self.reports[key], status=201)

    async def status(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if token.startswith("gone"):
            return web.json_response({"status": 410}, status=410)
        if not token.startswith("abcdef"):
            return web.json_response({"status": 404}, status=404)
        case = self.cases[0]
        return web.json_response(
            {
                "number": case["number"],
                "status": "in-progress",
                "submittedAt": case["submittedAt"],
                "description": case["description"],
                "location": {"geometry": case["geometry"], "address": case["address"]},
                "category": {"slug": case["category"], "nameNl": "Straatverlichting", "nameEn": "Street lighting"},
                "attachments": [
                    {"id": photo["id"], "url": "x", "thumbnailUrl": "y", "width": 800, "height": 600}
                    for photo in case["attachments"]
                ],
                "messages": [
                    {
                        "at": moment(-1),
                        "kind": "update",
                        "text": "We hebben uw melding bekeken. Donderdag komt er een monteur langs.",
                    }
                ],
            }
        )

    async def photo(self, request: web.Request) -> web.Response:
        size = (320, 240) if request.match_info["variant"] == "thumbnail" else (1280, 960)
        return web.Response(
            body=picture(*size, shade=int(request.match_info["id"][-1], 16) * 6), content_type="image/jpeg"
        )

    async def categories(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "items": [
                    {
                        "slug": slug,
                        "nameNl": nl,
                        "nameEn": en,
                        "public": True,
                        "subcategories": [
                            {"slug": sub, "nameNl": sub_nl, "nameEn": sub_en, "public": True, "active": True}
                            for sub, sub_nl, sub_en in subs
                        ],
                    }
                    for slug, nl, en, subs in CATEGORIES
                ]
            }
        )

    async def departments(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {"items": [{"code": code, "name": name, "active": True} for code, name in DEPARTMENTS]}
        )

    async def list_cases(self, request: web.Request) -> web.Response:
        query = request.query
        found = self.cases
        if "number" in query:
            found = [case for case in found if query["number"] in (case["number"], case["number"].removeprefix("M-"))]
        if "status" in query:
            found = [case for case in found if case["status"] in query.getall("status")]
        if query.get("late") == "true":
            found = [case for case in found if case["late"]]
        if "q" in query:
            found = [case for case in found if query["q"].lower() in case["description"].lower()]
        if "assignee" in query:
            wanted = None if query["assignee"] == "none" else query["assignee"]
            found = [case for case in found if case["assignee"] == wanted]
        cursor = "next-page" if len(found) > 5 and "cursor" not in query else None
        return web.json_response({"items": found, "nextCursor": cursor})

    async def count_cases(self, _request: web.Request) -> web.Response:
        return web.json_response({"count": self.new, "capped": False, "text": str(self.new)})

    async def one_case(self, request: web.Request) -> web.Response:
        found = next((case for case in self.cases if case["id"] == request.match_info["id"]), None)
        return web.json_response(found or {"status": 404}, status=200 if found else 404)

    async def assignees(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "items": [
                    {"id": HANNA, "name": "Hanna Visser"},
                    {"id": str(uuid5(NAMESPACE, "karim")), "name": "Karim Bakker"},
                ]
            }
        )

    async def act(self, request: web.Request) -> web.Response:
        return web.json_response(
            next(case for case in self.cases if case["id"] == request.match_info["id"]), status=201
        )

    async def done(self, _request: web.Request) -> web.Response:
        return web.json_response({"id": str(uuid4())}, status=201)

    async def messages(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "items": [
                    {
                        "id": str(uuid5(NAMESPACE, "mail-1")),
                        "kind": "confirmation",
                        "state": "delivered",
                        "subject": "Uw melding M-10001",
                        "attempts": 1,
                        "requestedAt": moment(-2),
                        "settledAt": moment(-1.9),
                    },
                    {
                        "id": str(uuid5(NAMESPACE, "mail-2")),
                        "kind": "update",
                        "state": "failed",
                        "subject": "Bericht",
                        "attempts": 4,
                        "requestedAt": moment(-1),
                        "settledAt": moment(-0.5),
                    },
                ],
                "nextCursor": None,
            }
        )

    async def topics(self, _request: web.Request) -> web.Response:
        return web.json_response({"items": [{"slug": slug, "name": name} for slug, name in NAMES.items()]})

    async def public_cases(self, request: web.Request) -> web.Response:
        features = []
        for index in range(160):
            slug = list(NAMES)[index % len(NAMES)]
            point = [6.52 + (index * 37 % 100) / 1100, 52.975 + (index * 53 % 100) / 2300]
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": point},
                    "properties": {
                        "id": str(uuid5(NAMESPACE, f"public-{index}")),
                        "category": slug,
                        "name": NAMES[slug],
                        "status": "closed" if index % 5 == 0 else "open",
                        "submittedAt": moment(-24 * (index % 40))[:10] + "T00:00:00Z",
                    },
                }
            )
        for name in ("category", "status"):
            if name in request.query:
                features = [f for f in features if f["properties"][name] == request.query[name]]
        return web.json_response({"type": "FeatureCollection", "features": features})
