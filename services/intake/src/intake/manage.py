"""``python -m intake.manage`` manages the block."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
import orjson

import intake
from commonground import manage
from commonground.database import Database
from intake import use_cases
from intake.borders import Borders
from intake.events import PUBLISHED, STREAMS
from intake.incoming import SUBSCRIPTIONS
from intake.main import create_app
from intake.schemas import ReportRequest
from intake.settings import Settings

_BATCH = 50

main = manage.commands(
    "intake",
    str(intake.__file__),
    Settings,
    create_app,
    published=PUBLISHED,
    streams=STREAMS,
    subscriptions=lambda _settings: SUBSCRIPTIONS,
)


@main.command()
def seed() -> None:
    """Do nothing: intake needs no data of its own to begin with."""


@main.command(name="import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
def import_reports(file: Path) -> None:
    """Take in reports of the past from FILE: JSON lines of a report request with ``submittedAt``.

    For moving from another system and for demonstrations. Prints the number of reports taken in after each batch.
    """
    settings = Settings()
    borders = Borders(settings.borders_file, settings.neighbours_file, settings.served)

    async def take_in(database: Database) -> None:
        done = 0
        for batch in _batches(file):
            async with database.transaction() as session:
                for line in batch:
                    values = orjson.loads(line)
                    moment = datetime.fromisoformat(values.pop("submittedAt"))
                    new = ReportRequest.model_validate(values).to_domain()
                    await use_cases.submit_report(session, new, borders=borders, settings=settings, submitted_at=moment)
            done += len(batch)
            click.echo(done)

    manage.with_database("intake", settings, take_in)


def _batches(file: Path) -> Iterator[list[str]]:
    lines = file.read_text().splitlines()
    for start in range(0, len(lines), _BATCH):
        yield lines[start : start + _BATCH]


if __name__ == "__main__":
    main()
