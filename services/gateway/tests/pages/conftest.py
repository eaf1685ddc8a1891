"""Fixtures of the page tests: the pages alone, with the stub blocks behind them."""

import asyncio
import importlib.util
import sys
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
import uvicorn
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.pages import reference


def _load(name):
    # Tests are no package (import mode importlib), so the helpers beside them are loaded by path.
    spec = importlib.util.spec_from_file_location(f"gateway_pages_{name}", Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


stub_webhooks = _load("stub_webhooks")
stub_blocks = _load("stub_blocks")
site_app = _load("site_app")


@pytest.fixture
def stub():
    reference.forget()
    return stub_blocks.StubBlocks()


@pytest.fixture
async def upstream(stub):
    async with TestServer(stub.application()) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def pages_app(upstream):
    app = site_app.make_site(upstream)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def visitor(pages_app):
    """A resident's browser, as far as HTTP goes: it keeps cookies and says where its forms come from."""
    transport = httpx.ASGITransport(pages_app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://testserver", headers={"Sec-Fetch-Site": "same-origin"}
    ) as client:
        yield client


@pytest.fixture
async def hanna(visitor):
    """The same browser, signed in as a handler."""
    visitor.cookies.set("staff", "hanna")
    return visitor


class LiveSite:
    """The pages and the stub blocks on real sockets, in a thread of their own."""

    def __init__(self):
        self.stub = stub_blocks.StubBlocks()
        self.address = ""
        self._ready, self._stop = Event(), None
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self):
        runner = web.AppRunner(self.stub.application())
        await runner.setup()
        blocks = web.TCPSite(runner, "127.0.0.1", 0)
        await blocks.start()
        upstream = f"http://127.0.0.1:{runner.addresses[0][1]}"
        server = uvicorn.Server(uvicorn.Config(site_app.make_site(upstream), host="127.0.0.1", port=0, log_config=None))
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        self.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        self._stop = lambda: setattr(server, "should_exit", True)
        self._ready.set()
        await running
        await runner.cleanup()

    def __enter__(self):
        reference.forget()
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_):
        self._stop()
        self._thread.join(10)


@pytest.fixture(scope="module")
def live():
    with LiveSite() as site:
        yield site
