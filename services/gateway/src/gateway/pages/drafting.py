"""The draft of this visitor: found by the signed cookie, saved before every next step."""

from uuid import UUID

from fastapi import Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import Response

from commonground import ids
from gateway.drafts import LIFETIME, Draft
from gateway.pages.dependencies import PageServices, services_of

COOKIE = "meldstroom_concept"


def _signer(services: PageServices) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services.secret, salt="draft")


def draft_id_of(request: Request) -> UUID | None:
    """Return the id in the visitor's cookie, when we signed it less than a day ago."""
    services = services_of(request)
    value = request.cookies.get(COOKIE)
    if not value:
        return None
    try:
        signed = _signer(services).loads(value, max_age=int(LIFETIME.total_seconds()))
        return UUID(signed)
    except (BadSignature, ValueError, TypeError):
        return None


async def load_draft(request: Request) -> Draft | None:
    """Return the visitor's draft, if there is one."""
    draft_id = draft_id_of(request)
    return None if draft_id is None else await services_of(request).drafts.load(draft_id)


async def open_draft(request: Request) -> tuple[UUID, Draft]:
    """Return the visitor's draft to write in, a new one when there is none or the last one was sent."""
    draft_id = draft_id_of(request)
    if draft_id is not None:
        draft = await services_of(request).drafts.load(draft_id)
        if draft is not None and draft.sent is None:
            return draft_id, draft
    return ids.new(), Draft()


async def keep_draft(request: Request, response: Response, draft_id: UUID, draft: Draft) -> None:
    """Save the draft and give the visitor the cookie that leads back to it."""
    services = services_of(request)
    await services.drafts.save(draft_id, draft)
    response.set_cookie(
        COOKIE,
        _signer(services).dumps(str(draft_id)),
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=services.secure_cookies,
    )
