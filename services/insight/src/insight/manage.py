"""``python -m insight.manage`` manages the block."""

import click

import insight
from commonground import manage
from commonground.database import Database
from insight import store, synthetic
from insight.events import STREAMS
from insight.incoming import subscriptions
from insight.main import create_app
from insight.projections import PROJECTIONS
from insight.settings import Settings

main = manage.commands(
    "insight",
    str(insight.__file__),
    Settings,
    create_app,
    streams=STREAMS,
    subscriptions=subscriptions,
    projections=PROJECTIONS,
)


@main.command()
def seed() -> None:
    """Do nothing: insight learns everything from the others' events."""


@main.command()
@click.option("--cases", "number", required=True, type=click.IntRange(min=1), help="How many cases to add.")
@click.option("--municipality", default="GM0106", show_default=True, help="Municipality code.")
def fill(number: int, municipality: str) -> None:
    """Add SYNTHETIC cases for measurements, straight into the tables and without events; never in production."""
    settings = Settings(statement_timeout=600)

    async def add(database: Database) -> None:
        async with database.transaction() as session:
            before = await store.number_of_reports(session)
        done = 0
        while done < number:
            size = min(synthetic.BATCH, number - done)
            async with database.transaction() as session:
                await synthetic.add_reports(session, settings, municipality, size, before + done)
            done += size
            click.echo(f"{done} of {number}")
        async with database.transaction() as session:
            await store.analyze(session)

    manage.with_database("insight", settings, add)


if __name__ == "__main__":
    main()
