"""Commands that every block has; a block adds its own to the group that ``commands`` returns."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import click
from fastapi import FastAPI
from pydantic import SecretStr

from commonground import contracts, dead_letters_command, rebuild_command, settings_table
from commonground.database import Database
from commonground.messaging import kafka, replay
from commonground.messaging.consumer import Consumer
from commonground.messaging.events import Stream, Subscription
from commonground.messaging.rebuild import Projections
from commonground.observability import logging
from commonground.settings import BlockSettings


def commands(
    block: str,
    package_file: str,
    settings_class: type[BlockSettings],
    create_app: Callable[..., FastAPI],
    *,
    published: Sequence[contracts.Published] = (),
    streams: Sequence[Stream] = (),
    subscriptions: Callable[[Any], Sequence[Subscription]] | None = None,
    second_groups: Mapping[str, Callable[[Any], Sequence[Subscription]]] | None = None,
    projections: Projections | None = None,
) -> click.Group:
    """Return the command group of a block: migrate, topics, replay, dead-letters, contracts, settings.

    ``second_groups`` has what the block hears in consumer groups beside its own, by their names. A block that says
    what its ``projections`` are gets the command rebuild as well.
    """

    @click.group(help=f"Manage the {block} block.")
    def group() -> None:
        logging.configure(block, "WARNING")

    def settings() -> Any:
        return settings_class()

    @group.command()
    def migrate() -> None:
        """Bring the database to the newest version."""
        url = settings().database_url.get_secret_value()
        alembic.command.upgrade(alembic_config(package_file, url), "head")

    @group.command()
    def topics() -> None:
        """Create the topics that this block publishes."""
        asyncio.run(kafka.ensure_topics(settings(), streams))

    @group.command(name="replay")
    @click.option("--since", required=True, type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]), help="UTC")
    def replay_command(since: datetime) -> None:
        """Publish all events since a moment again, under their own ids."""

        async def again(database: Database) -> None:
            async with database.transaction() as session:
                number = await replay.republish_since(session, since.replace(tzinfo=UTC))
            click.echo(f"{number} events will be published again")

        with_database(block, settings(), again)

    def consumers(database: Database) -> list[Consumer]:
        own = [Consumer(settings(), database, block, subscriptions(settings()))] if subscriptions else []
        return own + [
            Consumer(settings(), database, block, heard(settings()), group=name)
            for name, heard in (second_groups or {}).items()
        ]

    group.add_command(dead_letters_command.command(lambda work: with_database(block, settings(), work), consumers))

    if projections and subscriptions:
        group.add_command(rebuild_command.command(block, settings, subscriptions, projections, with_database))

    @group.command(name="contracts")
    @click.argument("folder", type=click.Path(path_type=Path))
    def contracts_command(folder: Path) -> None:
        """Write this block's contract files below FOLDER."""
        blank = settings_class(database_url=SecretStr("postgresql://none/none"))
        app = create_app(blank, Database(blank, name="contracts"))
        contracts.render(folder, block, published, app.openapi())

    @group.command(name="settings")
    def settings_command() -> None:
        """Print the table of settings for the README."""
        sys.stdout.write(settings_table.render(settings_class))

    return group


def with_database(block: str, settings: BlockSettings, work: Callable[[Database], Awaitable[None]]) -> None:
    """Run ``work`` with the block's database and close it afterwards."""

    async def run() -> None:
        database = Database(settings, name=f"meldstroom-{block}-manage")
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(run())


def alembic_config(package_file: str, url: str) -> alembic.config.Config:
    """Return Alembic's configuration of the block whose package has ``package_file``.

    The folder ``migrations`` stands beside ``src`` in a checkout and in the working folder of an image.
    """
    places = [Path(package_file).resolve().parents[2], Path.cwd()]
    folder = next((place for place in places if (place / "migrations").is_dir()), None)
    if folder is None:
        message = "no folder `migrations` found"
        raise click.ClickException(message)
    config = alembic.config.Config(str(folder / "alembic.ini"))
    config.set_main_option("script_location", str(folder / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config
