"""The gateway's own API does what its document says, whatever it is asked."""

import asyncio
import subprocess
import sys
from threading import Thread

import pytest
import uvicorn

from commonground.database import Database
from gateway import seed, store
from gateway.keys import KeyRing
from gateway.main import create_app
from gateway.settings import Settings


@pytest.fixture
def document():
    blank = Settings(database_url="postgresql://none/none")
    return create_app(blank, Database(blank, name="test")).openapi()


def test_every_operation_has_a_name_a_summary_and_problems(document):
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"], path
            assert "500" in operation["responses"]


def test_pages_and_sign_in_stand_in_no_api_document(document):
    assert set(document["paths"]) == {
        "/me",
        "/permissions",
        "/roles",
        "/roles/{roleId}",
        "/tokens",
        "/users",
        "/users/{userId}",
    }


def test_only_the_token_endpoint_is_open_to_who_has_no_token(document):
    open_to_all = {
        path
        for path, item in document["paths"].items()
        for operation in item.values()
        if not any("HTTPBearer" in scheme for scheme in operation["security"])
    }
    assert open_to_all == {"/tokens"}


@pytest.fixture
async def served(settings, database):
    """The gateway on a port, with the people of the seed; gives its address and an administrator's token."""
    async with database.transaction() as session:
        await seed.seed_roles(session)
        await seed.seed_people(session, ["GM0106"])
        rights = await store.rights_of_username(session, "administrator")
    token = await KeyRing(settings, database).token(rights, seconds=600)
    app = create_app(settings, Database(settings, name="test-served"))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", token
    server.should_exit = True
    await asyncio.to_thread(thread.join, 5)


@pytest.mark.slow
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(served):
    address, token = served
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/v1/openapi.json", "--url", f"{address}/v1"),
        *("--header", f"Authorization: Bearer {token}", "--max-examples", "12", "--max-time", "25"),
        *("--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color"),
        *("--checks", "not_a_server_error,status_code_conformance,content_type_conformance"),
        *("--checks", "response_headers_conformance,response_schema_conformance,negative_data_rejection"),
        "--suppress-health-check=all",
    ]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
