"""The code of the page for integrators works as it stands there: each block of it is run."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from tools.recording.__main__ import read

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "integrators" / "subscribing.md"
CASES = "meldstroom.handling.cases.v1"
BLOCKS = {name: code for _language, name, code in re.findall(r"```(\w+) (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL)}


@pytest.fixture(scope="module")
def played(kafka_broker):
    """A broker that has the recorded week, by the command on the page."""
    done = _shell(BLOCKS["play"], kafka_broker)
    assert done.returncode == 0, done.stderr
    assert "records published" in done.stdout
    return kafka_broker


def _environment(broker, **more):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "KAFKA": broker, "PATH": path, "PYTHONPATH": f"{ROOT}:{ROOT / 'deploy' / 'local'}", **more}


def _shell(code, broker, **more):
    command = ["bash", "-euo", "pipefail", "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=_environment(broker, **more), timeout=100
    )


def _expected():
    """The newest status of each case in the recording."""
    newest = {}
    for record in read():
        if record["topic"] == CASES and "status" in record["value"]:
            newest[record["value"]["caseId"]] = record["value"]["status"]
    return newest


def _cases(file):
    if not file.exists():
        return {}
    with sqlite3.connect(file) as database:
        try:
            return dict(database.execute("SELECT id, status FROM cases").fetchall())
        except sqlite3.OperationalError:
            return {}  # the subscriber has not made its tables yet


def _run_until(enough, command, file, **settings):
    """Run a subscriber until what its database has is ``enough``, and kill it; fail when it ends or takes too long."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **settings)
    try:
        deadline = time.monotonic() + 90
        while not enough(_cases(file)):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline, f"{len(_cases(file))} of {len(_expected())} cases"
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()


def test_every_block_of_code_is_run_by_a_test_here():
    assert BLOCKS.keys() == {"play", "subscriber.py", "kcat", "again", "test_recording.py"}
    assert PAGE.read_text().count("```") == 2 * len(BLOCKS)


def test_the_subscriber_has_30_lines():
    assert len([line for line in BLOCKS["subscriber.py"].splitlines() if line.strip()]) <= 32


@pytest.mark.kafka
@pytest.mark.timeout(300)
def test_the_subscriber_ends_with_the_newest_status_of_every_case_also_when_killed_and_started_again(played, tmp_path):
    script, file = tmp_path / "subscriber.py", tmp_path / "cases.sqlite"
    script.write_text(BLOCKS["subscriber.py"])
    settings = {"cwd": tmp_path, "env": _environment(played, GROUP=f"docs-{uuid4()}")}
    subscriber = [sys.executable, str(script)]
    _run_until(lambda cases: len(cases) > 20, subscriber, file, **settings)  # killed in the middle
    _run_until(lambda cases: cases == _expected(), subscriber, file, **settings)

    line = BLOCKS["again"].replace("GROUP=my-city-cases-2", f"GROUP=docs-{uuid4()}").strip()
    variables, command = line.split(" python ")
    shell = ["bash", "-c", f"export {variables}; exec python {command}"]  # so that killing it kills Python
    _run_until(lambda cases: cases == _expected(), shell, tmp_path / "again.sqlite", **settings)


@pytest.mark.kafka
@pytest.mark.skipif(not shutil.which("kcat"), reason="kcat is not installed")
def test_kcat_shows_keys_values_and_headers(played):
    done = _shell(BLOCKS["kcat"], played)
    assert done.returncode == 0, done.stderr
    *reports, headers = done.stdout.strip().splitlines()
    assert len(reports) == 3
    # Each case begins with this event: another one would mean that the order within a partition is not kept.
    assert "ce_type=nl.meldstroom.handling.case-opened" in headers


def test_the_recording_can_be_read_without_kafka():
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS["test_recording.py"]], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
