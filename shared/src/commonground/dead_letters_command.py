"""``dead-letters`` of every block's commands: list, show, retry and discard."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import click

from commonground.database import Database
from commonground.dead_letters_api import LetterNotFoundError, LetterSettledError, discard, envelope_of
from commonground.messaging import dead_letters
from commonground.messaging.consumer import Consumer, StillFailsError
from commonground.messaging.dead_letters import State

ACTOR = "command"
_PAGE = 100

Run = Callable[[Callable[[Database], Awaitable[None]]], None]
MakeConsumers = Callable[[Database], Sequence[Consumer]]


def command(run: Run, consumers: MakeConsumers) -> click.Group:
    """Return the group; ``run`` gives work the block's database, ``consumers`` makes what handles letters again."""

    @click.group(name="dead-letters", invoke_without_command=True)
    @click.pass_context
    def group(context: click.Context) -> None:
        """List the events that could not be handled; or show, retry or discard them."""
        if context.invoked_subcommand is None:
            context.invoke(list_command)

    @group.command(name="list")
    @click.option("--state", type=click.Choice([state.value for state in State]), default=State.OPEN.value)
    def list_command(state: str = State.OPEN.value) -> None:
        """List them, newest first: id, time, type, error."""

        async def look(database: Database) -> None:
            before = None
            while True:
                async with database.transaction() as session:
                    letters = await dead_letters.page(session, State(state), _PAGE, before)
                for letter in letters:
                    click.echo(f"{letter.id} {letter.failed_at:%Y-%m-%dT%H:%M:%SZ} {letter.type} {letter.error}")
                if len(letters) < _PAGE:
                    return
                before = letters[-1].id

        run(look)

    @group.command()
    @click.argument("letter_id", type=click.UUID)
    @click.option("--with-data", is_flag=True, help="Also the data, which may be personal.")
    def show(letter_id: UUID, with_data: bool) -> None:
        """Show one as JSON; data of topics that are not open only with --with-data."""

        async def look(database: Database) -> None:
            async with database.transaction() as session:
                letter = await dead_letters.find(session, letter_id)
            if letter is None:
                message = "there is no such dead letter"
                raise click.ClickException(message)
            is_open = any(consumer.may_be_shown(letter) for consumer in consumers(database))
            click.echo(json.dumps(_shown(letter, with_data=with_data or is_open), indent=2, ensure_ascii=False))

        run(look)

    @group.command()
    @click.argument("letter_ids", type=click.UUID, nargs=-1)
    @click.option("--all", "everything", is_flag=True, help="All that are open.")
    def retry(letter_ids: tuple[UUID, ...], everything: bool) -> None:
        """Handle some again, or all: by the block's own handler, not through the shared topic."""
        if everything == bool(letter_ids):
            message = "name dead letters, or say --all"
            raise click.UsageError(message)

        async def again(database: Database) -> None:
            found = letter_ids or await _all_open(database)
            hearing = consumers(database)
            done = sum([await _retry(hearing, letter_id) for letter_id in found])
            click.echo(f"{done} of {len(found)} handled")

        run(again)

    @group.command(name="discard")
    @click.argument("letter_id", type=click.UUID)
    @click.option("--reason", required=True, help="Why nobody needs to handle it.")
    def discard_command(letter_id: UUID, reason: str) -> None:
        """Settle one without handling it."""

        async def settle(database: Database) -> None:
            try:
                await discard(database, letter_id, actor=ACTOR, reason=reason)
            except (LetterNotFoundError, LetterSettledError) as error:
                raise click.ClickException(str(type(error).__doc__)) from error

        run(settle)

    return group


async def _all_open(database: Database) -> tuple[UUID, ...]:
    """Return all open letters, the oldest first."""
    found: list[UUID] = []
    while True:
        async with database.transaction() as session:
            letters = await dead_letters.unsettled(session, _PAGE, found[-1] if found else None)
        found.extend(letter.id for letter in letters)
        if len(letters) < _PAGE:
            return tuple(found)


async def _retry(consumers: Sequence[Consumer], letter_id: UUID) -> bool:
    try:
        for consumer in consumers:
            if await consumer.retry_one(letter_id, ACTOR):
                return True
    except StillFailsError as error:
        click.echo(f"{letter_id} fails again: {error}", err=True)
    return False


def _shown(letter: Any, *, with_data: bool) -> dict[str, Any]:
    shown = {
        "id": str(letter.id),
        "state": dead_letters.state_of(letter).value,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": letter.key,
        "type": letter.type,
        "error": letter.error,
        "attempts": letter.attempts,
        "failedAt": letter.failed_at.isoformat(),
        "settledBy": letter.settled_by,
        "reason": letter.reason,
        "envelope": envelope_of(letter),
    }
    if with_data:
        shown["data"] = None if letter.data is None else letter.data.decode("utf-8", "replace")
    return shown
