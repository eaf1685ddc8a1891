"""Asks an app whatever its OpenAPI document allows, and much that it does not; only documented answers are right."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from commonground import problems

# Only systematic calls have to be refused when they are wrong: the random ones also send numbers in a query where a
# text is asked, which no app can tell apart.
_SETTINGS = """
hooks = "commonground.testing.fuzzing_hooks"
[checks]
enabled = false
not_a_server_error.enabled = true
status_code_conformance.enabled = true
content_type_conformance.enabled = true
response_headers_conformance.enabled = true
response_schema_conformance.enabled = true
[phases.coverage]
unexpected-methods = []
checks.negative_data_rejection.enabled = true
[warnings]
fail-on = ["missing_test_data"]
"""


async def answers_as_documented(
    app: FastAPI,
    headers: Mapping[str, str],
    folder: Path,
    *,
    known: Mapping[str, Sequence[Any]] | None = None,
    examples: int = 4,
) -> None:
    """Fail unless ``app``, already started, answers everything as its document says.

    ``headers`` carry a token; where the document asks for one, a call without it must get a 401. ``known`` gives
    values that exist, by place (``path.caseId``, ``query.department``, ``body.assignee``). ``examples`` is the number
    of random calls to an operation, besides the systematic ones; all calls are the same in every run. ``folder`` is an
    empty one.
    """
    config = folder / "schemathesis.toml"
    config.write_text(_SETTINGS)
    (folder / "known.json").write_text(json.dumps({place: list(values) for place, values in (known or {}).items()}))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", f"{address}/openapi.json", "--url", address, "--no-color"),
        *(argument for name, value in headers.items() for argument in ("--header", f"{name}: {value}")),
        *("--phases", "coverage,fuzzing", "--max-examples", str(examples)),
        *("--generation-deterministic", "--suppress-health-check=all"),
    ]
    try:
        await _refuses_strangers(app, address)
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, cwd=folder)
    finally:
        server.should_exit = True
        await serving
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]  # noqa: S101 - a test's


async def _refuses_strangers(app: FastAPI, address: str) -> None:
    """Call each operation that asks for a token without one, and with one that nobody signed."""
    async with httpx.AsyncClient() as stranger:
        for path, item in app.openapi()["paths"].items():
            for method, operation in item.items():
                if not any("HTTPBearer" in scheme for scheme in operation["security"]):
                    continue
                for headers in ({}, {"Authorization": "Bearer x.y.z"}):
                    answer = await stranger.request(method, address + re.sub(r"{\w+}", "1", path), headers=headers)
                    kind = answer.headers["content-type"]
                    asked = f"{method} {path}"
                    assert (asked, answer.status_code, kind) == (asked, 401, problems.MEDIA_TYPE)  # noqa: S101 - a test's
