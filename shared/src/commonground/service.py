"""Starts a block's process: HTTP door and worker in one, or one of the two."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable
from typing import Any

import click
import uvicorn
import uvloop
from fastapi import FastAPI

from commonground import web
from commonground.database import Database
from commonground.observability import logging, tracing
from commonground.settings import BlockSettings
from commonground.worker import Worker

CreateApp = Callable[..., FastAPI]
CreateWorker = Callable[[Any, Database], Worker]


def run(
    block: str,
    settings_class: type[BlockSettings],
    create_app: CreateApp,
    create_worker: CreateWorker | None = None,
) -> None:
    """Run the block until SIGINT or SIGTERM; ``--only api`` or ``--only worker`` runs one half.

    A process that runs only the worker still answers ``/healthz``, ``/readyz`` and ``/metrics``.
    """

    @click.command(help=f"Run the {block} block.")
    @click.option("--only", type=click.Choice(["api", "worker"]), help="Run one half; both when absent.")
    def command(only: str | None) -> None:
        settings = settings_class()
        logging.configure(block, settings.log_level)
        tracing.configure(block, settings.otlp_endpoint)
        # What is loaded by now stays until the end, and a transaction makes thousands of objects: looking through them
        # as often as Python does by itself costs a tenth of the time.
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        uvloop.run(_serve(block, settings, create_app, create_worker, only))

    command()


async def _serve(
    block: str,
    settings: BlockSettings,
    create_app: CreateApp,
    create_worker: CreateWorker | None,
    only: str | None,
) -> None:
    database = Database(settings, name=f"meldstroom-{block}")
    worker = create_worker(settings, database) if create_worker and only != "api" else Worker([])
    if only == "worker":
        app = web.create_app(
            block=block,
            title=block,
            description=f"Worker of {block}",
            settings=settings,
            database=database,
            routers=[],
            problem_table={},
            ready=worker.ready,
        )
    else:
        app = create_app(settings, database)
        app.state.ready = worker.ready
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            # Who the client is, a block reads itself from proxies that it knows; uvicorn would believe anyone on
            # the same machine.
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=10,
        )
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        server.should_exit = True
        stop.set()

    server.capture_signals = _no_signals  # type: ignore[method-assign, assignment]  # one handler for both halves, set below
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)

    async def serve() -> None:
        await server.serve()
        stop.set()

    async def work() -> None:
        try:
            if worker.components:
                await worker.run(stop)
        finally:
            server.should_exit = True if worker.components else server.should_exit

    async with asyncio.TaskGroup() as group:
        group.create_task(serve())
        group.create_task(work())
    tracing.shut_down()


def _no_signals() -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()
