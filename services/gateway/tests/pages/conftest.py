"""Fixtures of the page tests: the pages alone, with the stub blocks behind them."""

import importlib.util
import sys
from pathlib import Path

import httpx
import pytest
from aiohttp.test_utils import TestServer

from gateway.pages import reference


def _load(name):
    # Tests are no package (import mode importlib), so the helpers beside them are loaded by path.
    spec = importlib.util.spec_from_file_location(f"gateway_pages_{name}", Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


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
