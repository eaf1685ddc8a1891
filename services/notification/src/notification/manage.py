"""``python -m notification.manage`` manages the block."""

import click

import notification
from commonground import manage
from commonground.database import Database
from notification.events import PUBLISHED, STREAMS
from notification.incoming import subscriptions
from notification.main import create_app
from notification.settings import Settings
from notification.use_cases import texts
from notification.webhook_incoming import GROUP, webhook_subscriptions

main = manage.commands(
    "notification",
    str(notification.__file__),
    Settings,
    create_app,
    published=PUBLISHED,
    streams=STREAMS,
    subscriptions=subscriptions,
    second_groups={GROUP: webhook_subscriptions},
)


@main.command()
def seed() -> None:
    """Give each served municipality the standard texts as its first version, where it has none yet."""
    settings = Settings()

    async def give(database: Database) -> None:
        async with database.transaction() as session:
            added = await texts.seed_templates(session, settings.served)
        click.echo(f"{added} texts added")

    manage.with_database("notification", settings, give)


if __name__ == "__main__":
    main()
