"""The reporter's own page: what became of a report, behind an address that nobody can guess."""

import re

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from gateway.clients import BlockRefusedError, BlockUnavailableError
from gateway.pages.dependencies import services_of
from gateway.pages.errors import GoneError, MissingError
from gateway.pages.presenting import PUBLIC_STATUS
from gateway.pages.rendering import render
from gateway.upstream import ReportStatus

router = APIRouter(include_in_schema=False)

TOKEN = re.compile(r"[A-Za-z0-9_-]{10,100}")
GONE = 410
TRACK = ("received", "in-progress", "closed")


@router.get("/melding/{token}")
async def report_status(request: Request, token: str) -> Response:
    """Show one report to the person who made it."""
    if not TOKEN.fullmatch(token):
        raise MissingError
    services = services_of(request)
    try:
        answer = await services.blocks.ask("intake", f"/status/{token}")
        report = ReportStatus.model_validate(answer)
    except BlockRefusedError as error:
        raise (GoneError if error.status == GONE else MissingError) from error
    except ValidationError as error:
        raise BlockUnavailableError("intake") from error
    point = report.location.geometry.point
    return render(
        request,
        "status.html",
        report=report,
        token=token,
        point=point,
        surroundings=services.ground.describe(point) if point else None,
        labels=PUBLIC_STATUS,
        track=TRACK,
    )
