"""``python -m intake.manage`` manages the block."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
import orjson

import intake
from commonground import idempotency, manage
from commonground.database import Database
from intake.borders import Borders
from intake.clients import PhotoStore
from intake.events import PUBLISHED, STREAMS
from intake.incoming import SUBSCRIPTIONS
from intake.main import create_app
from intake.schemas import ReportRequest
from intake.settings import Settings
from intake.use_cases import removing
from intake.use_cases.submitting import Submission, submit_reports

_AT_ONCE = 200  # reports of an import in one transaction

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
    """Take in reports of the past from FILE, for moving from another system and for demonstrations.

    Each line is a report request as JSON with two more fields: `submittedAt`, and `key`, which makes it harmless to
    run the same file again. Prints a line for each report, as JSON: id and number.
    """
    settings = Settings()
    borders = Borders(settings.borders_file, settings.neighbours_file, settings.served)
    submissions = [_submission(orjson.loads(line), borders) for line in file.read_text().splitlines()]

    async def take_in(database: Database) -> None:
        for begin in range(0, len(submissions), _AT_ONCE):
            async with database.transaction() as session:
                outcomes = await submit_reports(session, submissions[begin : begin + _AT_ONCE], settings)
            for outcome in outcomes:
                if isinstance(outcome, Exception):
                    raise outcome
                click.echo(orjson.dumps({"id": outcome["id"], "number": outcome["number"]}))

    manage.with_database("intake", settings, take_in)


@main.command()
@click.option("--contacts-after", type=click.IntRange(1), help="Anonymise reporters so many days after closing.")
@click.option("--reports-after", type=click.IntRange(1), help="Destroy reports so many days after closing.")
def purge(contacts_after: int | None, reports_after: int | None) -> None:
    """Remove people's data whose time is over, here and at every block that has a copy.

    The days count from the closing of the case; what is still open is kept. Stopped halfway, run it again.
    """
    if contacts_after is None and reports_after is None:
        message = "say --contacts-after, --reports-after, or both"
        raise click.UsageError(message)
    settings = Settings()

    async def remove(database: Database) -> None:
        if contacts_after is not None:
            number = await _until_none(partial(removing.anonymise_old_reporters, database, days=contacts_after))
            click.echo(f"{number} reporters anonymised")
        if reports_after is not None:
            photo_store = PhotoStore(settings)
            number = await _until_none(partial(removing.destroy_old_reports, database, photo_store, days=reports_after))
            click.echo(f"{number} reports destroyed")

    manage.with_database("intake", settings, remove)


async def _until_none(remove_some: Callable[[], Awaitable[int]]) -> int:
    total = 0
    while done := await remove_some():
        total += done
    return total


def _submission(values: dict[str, Any], borders: Borders) -> Submission:
    moment, key = datetime.fromisoformat(values.pop("submittedAt")), values.pop("key")
    report = ReportRequest.model_validate(values).to_domain()
    return Submission(
        report,
        municipality=borders.locate(report.longitude, report.latitude),
        submitted_at=moment,
        key=key,
        fingerprint=idempotency.fingerprint(values),
        traceparent="",
    )


if __name__ == "__main__":
    main()
