"""The pages on their own: a small application with the stub blocks behind it and staff who are simply there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import aiohttp
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from commonground import problems
from commonground.auth import Principal
from gateway import pages
from gateway.branding import read_branding
from gateway.clients import Blocks
from gateway.drafts import Draft
from gateway.geography import read_ground
from gateway.pages.dependencies import PageServices, StaffSession

HANNA = "0198f2a0-0000-7000-8000-0000000000aa"
EVERYTHING = frozenset(
    {
        "case:read", "case:read-all", "case:change-status", "case:assign", "case:note", "case:prioritise",
        "contact:read", "report:read", "category:correct", "message:read", "message:resend",
        "webhook:manage",
    }
)  # fmt: skip
PERMISSIONS = {
    "hanna": EVERYTHING,
    "coen": frozenset({"case:read", "case:change-status", "case:note"}),
    "wim": EVERYTHING - {"case:read-all"},
    "ada": EVERYTHING | {"dead-letter:manage", "report:anonymise", "report:destroy"},
    "stagiair": frozenset(),
}


class MemoryDrafts:
    """Drafts without a database."""

    def __init__(self) -> None:
        self.kept: dict[UUID, str] = {}

    async def load(self, draft_id: UUID) -> Draft | None:
        content = self.kept.get(draft_id)
        return None if content is None else Draft.model_validate_json(content)

    async def save(self, draft_id: UUID, draft: Draft) -> None:
        self.kept[draft_id] = draft.model_dump_json()

    async def forget(self, draft_id: UUID) -> None:
        self.kept.pop(draft_id, None)


async def find_staff(request: Request) -> StaffSession | None:
    name = request.cookies.get("staff")
    if name not in PERMISSIONS:
        return None
    principal = Principal(HANNA, "Hanna Visser", PERMISSIONS[name], frozenset({"VRL", "STW"}), frozenset({"GM0106"}))
    return StaffSession(f"token-of-{name}", principal)


def make_site(upstream: str, public_url: str = "http://testserver") -> FastAPI:
    """Return the pages in front of the blocks at ``upstream``."""
    drafts = MemoryDrafts()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as session:
            names = ("intake", "classification", "routing", "handling", "notification", "insight")
            app.state.pages = PageServices(
                blocks=Blocks(session, {name: f"{upstream}/{name}" for name in names}, timeout=5),
                branding=read_branding(),
                ground=read_ground("GM0106"),
                drafts=drafts,
                secret="a secret of the tests, long enough to sign",
                find_staff=find_staff,
                public_url=public_url,
            )
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    problems.install(app, {})

    @app.get("/als/{name}")
    async def sign_in_as(name: str) -> Response:
        answer = RedirectResponse("/behandelen", 303)
        answer.set_cookie("staff", name)
        return answer

    @app.api_route("/api/{block}/v1/{path:path}", methods=["GET", "POST"])
    async def forward(request: Request, block: str, path: str) -> Response:
        session = app.state.pages.blocks.session
        async with session.request(
            request.method,
            f"{upstream}/{block}/v1/{path}",
            params=list(request.query_params.multi_items()),
            data=await request.body() or None,
            headers={"Content-Type": request.headers.get("content-type", "application/json")},
        ) as answer:
            return Response(await answer.read(), answer.status, media_type=answer.content_type)

    pages.install(app)
    return app
