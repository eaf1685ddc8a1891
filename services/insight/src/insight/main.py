"""Insight's HTTP door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from commonground import web
from commonground.database import Database
from commonground.messaging import Consumer
from insight.api import counts, public_cases
from insight.incoming import subscriptions
from insight.kept import KeptAnswers
from insight.problems import PROBLEMS
from insight.settings import Settings


def create_app(settings: Settings, database: Database) -> FastAPI:
    """Return insight's app; nothing is read or connected before it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.kept_answers = KeptAnswers(settings.map_kept_seconds)
        yield

    return web.create_app(
        block="insight",
        title="Meldstroom insight",
        description="The public map and figures, from copies that events keep up to date",
        settings=settings,
        database=database,
        routers=[public_cases.router, counts.router],
        problem_table=PROBLEMS,
        consumers=lambda: [Consumer(settings, database, "insight", subscriptions(settings))],
        lifespan=lifespan,
    )
