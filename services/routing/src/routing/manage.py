"""``python -m routing.manage`` manages the block."""

import click

import routing
from commonground import manage
from commonground.database import Database
from routing import use_cases
from routing.events import PUBLISHED, STREAMS
from routing.incoming import subscriptions
from routing.main import create_app
from routing.settings import Settings

main = manage.commands(
    "routing",
    str(routing.__file__),
    Settings,
    create_app,
    published=PUBLISHED,
    streams=STREAMS,
    subscriptions=subscriptions,
)


@main.command()
def seed() -> None:
    """Bring departments, areas, and department and term per category into each served municipality."""
    settings = Settings()

    async def plant(database: Database) -> None:
        for municipality in sorted(settings.served):
            async with database.transaction() as session:
                new = await use_cases.seed(session, municipality)
            click.echo(
                f"{municipality}: {new.departments} departments, {new.categories} categories, {new.areas} areas new"
            )

    manage.with_database("routing", settings, plant)


if __name__ == "__main__":
    main()
