"""The commands of the block, as an operator starts them."""

import os
import subprocess
import sys


def run(*arguments: str, url: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "ROUTING_DATABASE_URL": url}
    command = [sys.executable, "-m", "routing.manage", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)


async def test_seed_fills_each_served_municipality_and_can_be_repeated(database_url):
    first = run("seed", url=database_url)
    second = run("seed", url=database_url)

    assert first.stdout == "GM0106: 13 departments, 123 categories, 114 areas new\n"
    assert second.stdout == "GM0106: 0 departments, 0 categories, 0 areas new\n"
