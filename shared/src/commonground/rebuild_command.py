"""``manage rebuild``: build a block's copies again from the topics."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import click

from commonground.database import Database
from commonground.messaging.errors import TransientError
from commonground.messaging.events import Subscription
from commonground.messaging.rebuild import Outcome, Projections, RebuildError, rebuild
from commonground.settings import BlockSettings

_STATEMENT_SECONDS = 600.0  # comparing millions of rows takes longer than a request may


def command(
    block: str,
    settings: Callable[[], BlockSettings],
    subscriptions: Callable[[Any], Sequence[Subscription]],
    projections: Projections,
    run: Callable[[str, BlockSettings, Callable[[Database], Awaitable[None]]], None],
) -> click.Command:
    """Return the command; ``run(block, settings, work)`` runs ``work`` with the block's database."""

    @click.command(name="rebuild")
    @click.option("--check", is_flag=True, help="Only compare, and throw the rebuilt rows away.")
    @click.option("--remove", is_flag=True, help="Agree to remove rows of which the topics know nothing.")
    def rebuild_command(*, check: bool, remove: bool) -> None:
        """Build the copies of other blocks' data again from the topics, while the block goes on serving."""
        patient = settings().model_copy(update={"statement_timeout": _STATEMENT_SECONDS})

        async def work(database: Database) -> None:
            outcome = await rebuild(
                patient,
                database,
                block,
                subscriptions(patient),
                projections,
                only_compare=check,
                may_remove=remove,
                say=click.echo,
            )
            _report(outcome, projections)

        try:
            run(block, patient, work)
        except (RebuildError, TransientError) as error:
            message = f"nothing was changed: {error}"
            raise click.ClickException(message) from error

    return rebuild_command


def _report(outcome: Outcome, projections: Projections) -> None:
    click.echo(f"{outcome.events} events that the block has handled were applied again")
    for one in outcome.compared:
        click.echo(
            f"{one.table}: before {one.before} ({one.rows_before} rows), after {one.after} ({one.rows_after} rows), "
            f"{one.new} new, {one.changed} changed, {one.gone} gone"
        )
    if projections.moments:
        click.echo(f"compared only as given or not given: {', '.join(sorted(projections.moments))}")
    if outcome.equal:
        click.echo("equal: the serving rows are what the topics give")
    else:
        click.echo("different: " + ("the serving rows were exchanged" if outcome.exchanged else "nothing was changed"))
