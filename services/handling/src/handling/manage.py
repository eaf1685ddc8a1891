"""``python -m handling.manage`` manages the block."""

import click

import handling
from commonground import manage
from commonground.database import Database
from handling.events import PUBLISHED, STREAMS
from handling.incoming import SUBSCRIPTIONS
from handling.main import create_app
from handling.projections import PROJECTIONS
from handling.settings import Settings
from handling.store import synthetic

main = manage.commands(
    "handling",
    str(handling.__file__),
    Settings,
    create_app,
    published=PUBLISHED,
    streams=STREAMS,
    subscriptions=lambda _settings: SUBSCRIPTIONS,
    projections=PROJECTIONS,
)


@main.command()
def seed() -> None:
    """Do nothing: handling gets its reference data from the events of other blocks."""


@main.command()
@click.option("--cases", "number", required=True, type=click.IntRange(1, 20_000_000), help="How many to add.")
@click.option("--municipality", default="GM0106", show_default=True)
def fill(number: int, municipality: str) -> None:
    """Add SYNTHETIC cases for measurements, straight into the tables and without events; never in production."""
    settings = Settings(statement_timeout=600)

    async def add(database: Database) -> None:
        done = 0
        while done < number:
            size = min(synthetic.BATCH, number - done)
            async with database.transaction() as session:
                await synthetic.add_cases(session, municipality, size)
            done += size
            click.echo(f"{done} of {number}")
        await synthetic.analyze(database)

    manage.with_database("handling", settings, add)


if __name__ == "__main__":
    main()
