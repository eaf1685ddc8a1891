"""Routing's HTTP door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from commonground import web
from commonground.database import Database
from commonground.messaging import Consumer
from routing.api import areas, departments, routings, rules, terms
from routing.configuration import Configurations
from routing.incoming import subscriptions
from routing.problems import PROBLEMS
from routing.settings import Settings


def create_app(settings: Settings, database: Database) -> FastAPI:
    """Return routing's app; nothing is read or connected before it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.configurations = Configurations(settings)
        yield

    return web.create_app(
        block="routing",
        title="Meldstroom routing",
        description="Decides which department handles a report, and within which term",
        settings=settings,
        database=database,
        routers=[departments.router, terms.router, rules.router, areas.router, routings.router],
        problem_table=PROBLEMS,
        consumers=lambda: [Consumer(settings, database, "routing", subscriptions(settings, Configurations(settings)))],
        lifespan=lifespan,
    )
