"""Intake's HTTP door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from commonground import web
from commonground.database import Database
from commonground.messaging import Consumer
from intake.acceptance import Acceptance
from intake.api import removals, reports, status, uploads
from intake.api.dependencies import Resources
from intake.borders import Borders
from intake.clients import PhotoStore
from intake.incoming import SUBSCRIPTIONS
from intake.limits import ClientLimit, networks
from intake.problems import PROBLEMS
from intake.settings import Settings

_MULTIPART = 1_000_000  # bytes that a multipart body adds to a photo, generously


def create_app(settings: Settings, database: Database) -> FastAPI:
    """Return intake's app; nothing is read or connected before it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.resources = Resources(
            settings=settings,
            database=database,
            borders=Borders(settings.borders_file, settings.neighbours_file, settings.served),
            photo_store=PhotoStore(settings),
            acceptance=Acceptance(database, settings),
            limit=ClientLimit(settings.rate_limit),
            trusted_proxies=networks(settings.trusted_proxies),
        )
        yield

    return web.create_app(
        block="intake",
        title="Meldstroom intake",
        description="Receives reports about public space",
        settings=settings,
        database=database,
        routers=[reports.router, removals.router, uploads.router, status.router],
        problem_table=PROBLEMS,
        consumers=lambda: [Consumer(settings, database, "intake", SUBSCRIPTIONS)],
        lifespan=lifespan,
        max_body=settings.max_photo_bytes + _MULTIPART,
    )
