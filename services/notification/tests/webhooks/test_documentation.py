"""The receiver in the documentation works as it stands there."""

import asyncio
import os
import re
import sys
from pathlib import Path

PAGE = Path(__file__).parents[4] / "docs" / "integrators" / "webhooks.md"


async def test_the_receiver_of_the_documentation_takes_what_is_genuine_and_nothing_else(
    subscribe, do, happens, send_all, unused_port, tmp_path, eventually, log
):
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    made = await subscribe(url=f"http://127.0.0.1:{unused_port}/")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        env={**os.environ, "WEBHOOK_SECRET": made["secret"], "PORT": str(unused_port)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:

        async def answers():
            return (await do(made, "tests"))["outcome"] == "delivered"

        await eventually(answers)
        first = await happens.status()
        await do(made, "secrets")  # the old secret still signs too
        await happens.classified()
        await send_all()
        await do(made, "redeliveries", {"eventIds": [first]})
        await send_all()
        other = await subscribe(url=f"http://127.0.0.1:{unused_port}/")
        assert (await do(other, "tests"))["status"] == 401
    finally:
        process.terminate()
        printed, _ = await process.communicate()
    types = [line.split()[0] for line in printed.decode().splitlines()]
    assert [name for name in types if not name.endswith("webhook-tested")] == [
        "nl.meldstroom.handling.case-status-changed",
        "nl.meldstroom.classification.report-classified",
    ]
    assert [row.status for row in await log(made)][-3:] == [204, 204, 204]
