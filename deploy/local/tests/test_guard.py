"""What a killed process had started is ended, whatever it was."""

import subprocess
import sys
import time

import psutil

from meldstroom_local import places

PARENT = """
import sys, time
from pathlib import Path
from meldstroom_local.processes import Process

log = Path(sys.argv[1])
stubborn = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(300)"
for command in (["sleep", "300"], [sys.executable, "-c", stubborn]):
    process = Process("child", command, log=log)
    process.start()
    print(process.pid, flush=True)
time.sleep(300)
"""


def runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_children_end_when_their_launcher_is_killed_also_the_stubborn_one(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")],
        env={"PYTHONPATH": str(places.LOCAL), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    )
    children = [int(parent.stdout.readline()) for _ in range(2)]
    assert all(map(runs, children))

    parent.kill()
    parent.wait()
    parent.stdout.close()

    deadline = time.monotonic() + 60
    while any(map(runs, children)):
        assert time.monotonic() < deadline, "a child outlived its launcher"
        time.sleep(0.2)
