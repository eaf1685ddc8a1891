"""Classification's HTTP door."""

from fastapi import FastAPI

from classification.api import categories, predictions, reports
from classification.incoming import subscriptions
from classification.problems import PROBLEMS
from classification.settings import Settings
from commonground import web
from commonground.database import Database
from commonground.messaging import Consumer


def create_app(settings: Settings, database: Database) -> FastAPI:
    """Return classification's app; nothing is read or connected before it starts."""
    return web.create_app(
        block="classification",
        title="Meldstroom classification",
        description="Tells what a report is about",
        settings=settings,
        database=database,
        routers=[predictions.router, categories.router, reports.router],
        problem_table=PROBLEMS,
        consumers=lambda: [Consumer(settings, database, "classification", subscriptions(settings))],
    )
