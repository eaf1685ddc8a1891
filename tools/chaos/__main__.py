"""The long form, `make chaos ARGS="--seed 7"`: 20,000 reports and 60 faults; prints what was wrong."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tools.awake import awake
from tools.chaos.run import make_suite, run

from meldstroom_local import places


def main() -> int:
    """Run once; return 0 when everything was as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=20_000)
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    port = next(p for p in range(25_000, 60_000, 100) if not any(places.listens(p + o) for o in range(100)))
    scratch = tempfile.TemporaryDirectory(prefix="meldstroom-chaos-", ignore_cleanup_errors=True)
    with awake(), scratch as folder, make_suite(Path(folder), port) as suite:
        verdict = run(suite, reports=given.reports, faults=given.faults, seed=given.seed, patience=900)
    for fault in verdict.faults:
        print(f"WRONG: {fault}")
    print("as promised" if not verdict.faults else f"seed {given.seed} repeats this")
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
