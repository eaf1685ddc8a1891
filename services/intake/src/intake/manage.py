"""``python -m intake.manage`` manages the block."""

from datetime import datetime
from pathlib import Path

import click
import orjson

import intake
from commonground import idempotency, manage
from commonground.database import Database
from intake import use_cases
from intake.borders import Borders
from intake.events import PUBLISHED, STREAMS
from intake.incoming import SUBSCRIPTIONS
from intake.main import create_app
from intake.schemas import ReportRequest
from intake.settings import Settings

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
    lines = file.read_text().splitlines()

    async def take_in(database: Database) -> None:
        for line in lines:
            values = orjson.loads(line)
            moment, key = datetime.fromisoformat(values.pop("submittedAt")), values.pop("key")
            request = ReportRequest.model_validate(values)
            try:
                async with database.transaction() as session:
                    answer = await use_cases.submit_report(
                        session,
                        request.to_domain(),
                        borders=borders,
                        settings=settings,
                        idempotency_key=key,
                        fingerprint=idempotency.fingerprint(values),
                        submitted_at=moment,
                    )
            except use_cases.RepeatedRequestError as repeat:
                answer = repeat.answer.body
            click.echo(orjson.dumps({"id": answer["id"], "number": answer["number"]}))

    manage.with_database("intake", settings, take_in)


if __name__ == "__main__":
    main()
