"""Commands of the gateway: ``python -m gateway.manage --help``."""

import sys
from datetime import UTC, datetime

import click
from fastapi import FastAPI

from commonground import ids, manage
from commonground.database import Database
from gateway import seed as seeds
from gateway import store, use_cases
from gateway.domain import PERMISSIONS, NewUser
from gateway.events import PUBLISHED, STREAMS
from gateway.keys import LONGEST_TOKEN, KeyRing
from gateway.settings import Settings


def _create_app(settings: Settings, database: Database) -> FastAPI:
    # Here and not above: pages and their libraries take time to load, and a token should come at once.
    from gateway.main import create_app

    return create_app(settings, database)


cli = manage.commands("gateway", __file__, Settings, _create_app, published=PUBLISHED, streams=STREAMS)

_LONGEST_HOURS = int(LONGEST_TOKEN.total_seconds() // 3600)


@cli.command()
@click.option(
    "--people/--no-people", default=None, help="Also the example people; by default unless the site is https."
)
def seed(people: bool | None) -> None:
    """Add the standard roles and the example people, where they are missing."""
    settings = Settings()
    with_people = not settings.over_https if people is None else people

    async def add(database: Database) -> None:
        async with database.transaction() as session:
            await store.lock_rights(session)
            roles = await seeds.seed_roles(session)
            added = await seeds.seed_people(session, sorted(settings.served)) if with_people else 0
        click.echo(f"{roles} roles and {added} people added")

    manage.with_database("gateway", settings, add)


@cli.command()
@click.option("--name", required=True)
@click.option("--email", required=True, help="As the identity provider knows it, verified.")
@click.option("--provider", help="Name of the provider; the first one when absent.")
def administrator(name: str, email: str, provider: str | None) -> None:
    """Add the first administrator, who can then add everybody else."""
    settings = Settings()

    async def add(database: Database) -> None:
        async with database.transaction() as session:
            await store.lock_rights(session)
            await seeds.seed_roles(session)
            role = next(role for role in await store.all_roles(session) if role.code == "administrator")
            new = NewUser(
                name=name, email=email, provider=provider, municipalities=sorted(settings.served), roles=[role.id]
            )
            await use_cases.add_user(session, new, ids.new())
        click.echo("added")

    manage.with_database("gateway", settings, add)


@cli.command()
@click.option("--as", "username", required=True, help="User name of one of the people.")
@click.option("--hours", type=click.IntRange(1, _LONGEST_HOURS), default=8, show_default=True)
def token(username: str, hours: int) -> None:
    """Print a bearer token for local use of the APIs, and nothing else."""
    settings = Settings()
    if settings.over_https:
        message = "only for a local set-up; programs get their tokens with client credentials"
        raise click.ClickException(message)

    async def make(database: Database) -> None:
        async with database.transaction() as session:
            rights = await store.rights_of_username(session, username)
        if rights is None:
            message = "there is no active user with this user name"
            raise click.ClickException(message)
        sys.stdout.write(await KeyRing(settings, database).token(rights, seconds=hours * 3600) + "\n")

    manage.with_database("gateway", settings, make)


@cli.command()
@click.argument("code")
@click.option("--name", help="What the history shows; the code when absent.")
@click.option("--permission", "permissions", multiple=True, type=click.Choice(list(PERMISSIONS)))
@click.option("--department", "departments", multiple=True, help="Without any: none.")
@click.option("--municipality", "municipalities", multiple=True, help="Without any: all that are served.")
@click.option("--deactivate", is_flag=True, help="Give this client no tokens any more.")
def client(
    code: str,
    name: str | None,
    permissions: tuple[str, ...],
    departments: tuple[str, ...],
    municipalities: tuple[str, ...],
    deactivate: bool,
) -> None:
    """Add the machine client CODE or renew it, and print its new secret; it cannot be read again."""
    settings = Settings()
    values = {
        "name": name or code,
        "permissions": sorted(permissions),
        "departments": sorted(departments),
        "municipalities": sorted(municipalities) or sorted(settings.served),
    }

    async def save(database: Database) -> None:
        async with database.transaction() as session:
            if deactivate:
                click.echo("deactivated" if await store.deactivate_client(session, code) else "there is no such client")
            else:
                click.echo(await use_cases.save_client(session, code, values))

    manage.with_database("gateway", settings, save)


@cli.command(name="rotate-keys")
def rotate_keys() -> None:
    """Let a new signing key take over in a minute; the old one stays published until its tokens have ended."""
    settings = Settings()

    async def rotate(database: Database) -> None:
        await KeyRing(settings, database).rotate(datetime.now(UTC))
        click.echo("a new key takes over in a minute")

    manage.with_database("gateway", settings, rotate)


if __name__ == "__main__":
    cli()
