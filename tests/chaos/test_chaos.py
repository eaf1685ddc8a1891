"""Whatever is killed, paused or refused: nothing is lost and nothing happens twice. The long form is `make chaos`."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tools.chaos.run import make_suite, run

from meldstroom_local import places


@pytest.mark.chaos
@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_or_doubled_whatever_is_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or random.randrange(1_000_000))
    port = next(p for p in range(25_000, 60_000, 100) if not any(places.listens(p + o) for o in range(100)))
    # In a thread of its own: a browser of another test may hold an event loop in this one.
    with make_suite(tmp_path, port) as suite, ThreadPoolExecutor(1) as thread:
        verdict = thread.submit(run, suite, reports=600, faults=9, seed=seed).result()
    assert not verdict.faults, f"CHAOS_SEED={seed} repeats this: {verdict.faults}"
