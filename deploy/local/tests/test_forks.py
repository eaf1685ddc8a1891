"""A forked process is like one that was started by itself."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from meldstroom_local import places
from meldstroom_local.forks import ForkedProcess, ForkServer
from meldstroom_local.processes import NotStartedError, Process

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="blocks are forked on Linux only"),
]

MODULE = "deploy.local.tests.forked_program"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = ForkServer(tmp_path_factory.mktemp("forks") / "forks.log")
    started.begin()
    yield started
    started.end()


@pytest.fixture
def make(server, tmp_path):
    made = []

    def make(name="child", *, ends_with="", server=server, nice=0):
        how = {
            "nice": nice,
            "command": [sys.executable, "-m", MODULE],
            "log": tmp_path / f"{name}.log",
            "environment": {"PYTHONPATH": str(places.LOCAL), "PYTHONUNBUFFERED": "1", "ENDS_WITH": ends_with},
            "folder": places.PROJECT,
        }
        if server is None:
            made.append(Process(name, **how))
        else:
            made.append(ForkedProcess(name, **how, module=MODULE, server=server))
        return made[-1]

    yield make
    for process in made:
        process.kill()


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def told(process):
    wait_for(lambda: process.log.exists() and process.log.read_text().endswith("\n"))
    return json.loads(process.log.read_text())


def test_a_forked_process_finds_everything_as_one_that_was_started_by_itself(make, server):
    forked, plain = make("forked"), make("plain", server=None)
    forked.start()
    plain.start()
    assert psutil.Process(forked.pid).ppid() == server.pid
    assert psutil.Process(forked.pid).name() == "forked"
    found, expected = told(forked), told(plain)
    del found["ids"], expected["ids"]
    assert found == expected


@pytest.mark.parametrize("way", ["forked", "plain"])
def test_a_process_stands_back_for_others(make, server, way):
    process = make(server=server if way == "forked" else None, nice=7)
    process.start()
    assert psutil.Process(process.pid).nice() == 7
    share = Path(f"/proc/{process.pid}/autogroup")  # only where Linux shares out time per session
    assert not share.exists() or share.read_text().endswith("nice 7\n")


def test_two_forked_processes_make_different_ids(make):
    first, second = make("first"), make("second")
    first.start()
    second.start()
    assert not set(told(first)["ids"]) & set(told(second)["ids"])


def test_how_a_forked_process_ended_is_known(make):
    process = make(ends_with="7")
    process.start()
    with pytest.raises(NotStartedError, match="ended with code 7"):
        process.wait_until(lambda: False, 60)
    process.start()
    process.kill()
    assert process.exit_code in {7, -signal.SIGKILL}  # whichever was first


def test_signals_reach_a_forked_process(make):
    process = make()
    process.start()
    told(process)
    child = psutil.Process(process.pid)
    process.send(signal.SIGSTOP)
    wait_for(lambda: child.status() == psutil.STATUS_STOPPED)
    process.send(signal.SIGCONT)
    wait_for(lambda: child.status() != psutil.STATUS_STOPPED)
    process.stop()
    assert process.exit_code == -signal.SIGTERM
    assert not child.is_running()


def test_a_signal_right_after_the_start_is_not_lost(make):
    process = make()
    for _ in range(20):
        process.start()
        process.kill()
        assert process.exit_code == -signal.SIGKILL


def test_a_start_that_is_broken_off_starts_nothing(make, tmp_path):
    class StopRequestedError(BaseException):
        pass

    def interrupt(*_):
        raise StopRequestedError

    own = ForkServer(tmp_path / "forks.log")
    own.begin()
    process = make(server=own)
    before = signal.signal(signal.SIGUSR1, interrupt)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    try:
        with pytest.raises(StopRequestedError):
            process.start()
    finally:
        signal.signal(signal.SIGUSR1, before)
    wait_for(lambda: own.pid is None)
    own.end()
    assert not process.log.exists()


def test_without_fork_server_processes_are_still_known_and_new_ones_start_by_themselves(make, tmp_path):
    own = ForkServer(tmp_path / "forks.log")
    own.begin()
    process = make(server=own)
    process.start()
    own.end()
    assert process.pid is not None
    process.kill()
    assert process.pid is None
    process.start()
    assert process.pid is not None, process.log_end()
    wait_for(lambda: psutil.Process(process.pid).cmdline()[1:] == ["-m", MODULE])  # it was ours until it began anew
