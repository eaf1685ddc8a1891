"""What keeps processors awake must leave nothing running, and must not hide how the tests ended."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

AWAKE = Path(__file__).resolve().parents[2] / "tools" / "awake.py"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such priority")


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_that_of_the_command(code):
    command = [sys.executable, str(AWAKE), "--", sys.executable, "-c", f"raise SystemExit({code})"]
    assert subprocess.run(command, check=False).returncode == code


def test_the_loops_leave_the_processors_to_whoever_has_work():
    with subprocess.Popen([sys.executable, str(AWAKE), "--", "cat"], stdin=subprocess.PIPE) as holder:
        processors = psutil.Process(holder.pid).cpu_affinity()
        wait_for(lambda: len(psutil.Process(holder.pid).children()) == len(processors) + 1)
        for loop in psutil.Process(holder.pid).children()[:-1]:
            wait_for(lambda loop=loop: os.sched_getscheduler(loop.pid) == os.SCHED_IDLE)
            share = Path(f"/proc/{loop.pid}/autogroup")  # only where Linux shares out time per session
            assert not share.exists() or share.read_text().endswith("nice 19\n")


def test_the_loops_end_with_who_started_them_even_when_that_one_is_killed():
    holder = subprocess.Popen([sys.executable, str(AWAKE), "--", "cat"], stdin=subprocess.PIPE)
    processors = psutil.Process(holder.pid).cpu_affinity()
    wait_for(lambda: len(psutil.Process(holder.pid).children()) == len(processors) + 1)
    loops = psutil.Process(holder.pid).children()
    holder.kill()
    holder.communicate()  # ends `cat` too
    _, alive = psutil.wait_procs(loops, timeout=60)
    assert alive == []
