"""``python -m classification.manage`` manages the block."""

import click

import classification
from classification import use_cases
from classification.events import PUBLISHED, STREAMS
from classification.incoming import subscriptions
from classification.main import create_app
from classification.settings import Settings
from commonground import manage
from commonground.database import Database

main = manage.commands(
    "classification",
    str(classification.__file__),
    Settings,
    create_app,
    published=PUBLISHED,
    streams=STREAMS,
    subscriptions=subscriptions,
)


@main.command()
def seed() -> None:
    """Put the starter tree in the database for each served municipality, and train the model when it is not there.

    What is already there and has not changed stays as it is, so this may run at every deployment.
    """
    settings = Settings()

    async def put(database: Database) -> None:
        for municipality in sorted(settings.served):
            async with database.transaction() as session:
                changed = await use_cases.seed_categories(session, municipality)
            click.echo(f"{municipality}: {changed} categories new or changed")

    manage.with_database("classification", settings, put)
    _train(settings)


@main.command()
def train() -> None:
    """Train the model from the corpus when the current version is not there; needs no database."""
    _train(Settings(database_url="postgresql://none/none"))


def _train(settings: Settings) -> None:
    from classification.model import artifact

    path = artifact.ensure(settings.model_folder)
    click.echo(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")


@main.command()
@click.option("--held-out", type=click.Path(exists=True), help="Measure on this file, in the form of the corpus.")
def evaluate(held_out: str | None) -> None:
    """Print how well the model does on texts that it has not seen: cross-validated, or on a file."""
    from classification.model import evaluation

    settings = Settings(database_url="postgresql://none/none")
    click.echo(evaluation.report(settings, held_out))


if __name__ == "__main__":
    main()
