"""Notification's HTTP door."""

from fastapi import FastAPI

from commonground import web
from commonground.database import Database
from commonground.messaging import Consumer
from notification.api import messages, previews, templates, webhooks
from notification.clients.webhooks import resolve_by_system
from notification.incoming import subscriptions
from notification.problems import PROBLEMS
from notification.settings import Settings
from notification.webhook_incoming import GROUP, webhook_subscriptions


def create_app(settings: Settings, database: Database) -> FastAPI:
    """Return notification's app."""
    app = web.create_app(
        block="notification",
        title="Meldstroom notification",
        description="Tells reporters what happens to their report",
        settings=settings,
        database=database,
        routers=[messages.router, templates.router, previews.router, webhooks.router, webhooks.one],
        problem_table=PROBLEMS,
        consumers=lambda: [
            Consumer(settings, database, "notification", subscriptions(settings)),
            Consumer(settings, database, "notification", webhook_subscriptions(settings), group=GROUP),
        ],
    )
    app.state.resolve = resolve_by_system
    return app
