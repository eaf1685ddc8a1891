"""Handling's HTTP door."""

from fastapi import FastAPI

from commonground import web
from commonground.database import Database
from commonground.messaging import Consumer
from handling.api import cases, changes, reference
from handling.incoming import SUBSCRIPTIONS
from handling.problems import PROBLEMS
from handling.settings import Settings


def create_app(settings: Settings, database: Database) -> FastAPI:
    """Return handling's app; nothing is read or connected before it starts."""
    return web.create_app(
        block="handling",
        title="Meldstroom handling",
        description="Handles cases: workflow, assignment, notes, history, worklists",
        settings=settings,
        database=database,
        routers=[cases.router, changes.router, reference.router],
        problem_table=PROBLEMS,
        consumers=lambda: [Consumer(settings, database, "handling", SUBSCRIPTIONS)],
    )
