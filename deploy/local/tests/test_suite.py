"""The launcher itself: one small suite (one block, librdkafka's broker) is started, hurt and stopped."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

from meldstroom_local import blocks, mails, places
from meldstroom_local.processes import NotStartedError
from meldstroom_local.state import State
from meldstroom_local.suite import Suite

pytestmark = pytest.mark.timeout(300)

BLOCK = "insight"


def wait_for(condition, seconds=180.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def status(address):
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return answer.status
    except OSError:
        return None


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    before = dict(os.environ)
    os.environ["MELDSTROOM_KAFKA"] = "librdkafka"
    news = []
    running = Suite(
        port=places.free_port(),
        state_dir=tmp_path_factory.mktemp("suite"),
        only=[BLOCK],
        throwaway=True,
        tell=lambda part, line: news.append((part, line)),
    )
    running.news = news
    with running:
        yield running
    os.environ.clear()
    os.environ.update(before)


def test_a_started_suite_answers_and_tells_where_it_is(suite):
    assert status(f"{suite.urls[BLOCK]}/readyz") == 200
    assert status(f"{suite.urls['identity']}/.well-known/openid-configuration") == 200
    known = json.loads((suite.folder / "state.json").read_text())
    assert known["port"] == suite.port
    assert set(known["processes"]) >= {"launcher", "mail", "identity", "kafka", BLOCK}
    assert suite.mails() == []


def test_a_block_that_dies_is_reported_and_started_again(suite):
    before = suite.pids()[BLOCK]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: suite.pids().get(BLOCK, before) != before)
    suite.wait_until_ready([BLOCK])
    assert any(part == BLOCK and "ended with code -9" in line for part, line in suite.news)


def test_signals_reach_a_block_and_it_ends_in_order_when_it_is_stopped(suite):
    block = psutil.Process(suite.pids()[BLOCK])
    assert block.ppid() != os.getpid() or sys.platform != "linux"  # it was forked
    suite.signal_block(BLOCK, signal.SIGSTOP)
    wait_for(lambda: block.status() == psutil.STATUS_STOPPED)
    suite.signal_block(BLOCK, signal.SIGCONT)
    assert status(f"{suite.urls[BLOCK]}/readyz") == 200
    process = suite._processes[BLOCK]
    suite.stop_block(BLOCK)
    assert process.exit_code == 0
    suite.start_block(BLOCK)


def test_a_block_that_was_stopped_on_purpose_stays_away(suite):
    suite.stop_block(BLOCK)
    told = len(suite.news)
    # The watcher looks at all parts in turn: having brought back another one, it has passed over this one twice.
    os.kill(suite.pids()["mail"], signal.SIGKILL)
    wait_for(lambda: ("mail", "started again") in suite.news[told:])
    assert [line for part, line in suite.news[told:] if part == BLOCK] == []
    assert BLOCK not in suite.pids()
    assert status(f"{suite.urls[BLOCK]}/readyz") is None
    suite.start_block(BLOCK)
    assert status(f"{suite.urls[BLOCK]}/readyz") == 200


def test_the_mail_server_can_go_away_and_come_back(suite):
    suite.stop_mail()
    assert not places.listens(suite.port + blocks.MAIL_OFFSET)
    suite.start_mail()
    wait_for(lambda: places.listens(suite.port + blocks.MAIL_OFFSET))


def test_the_test_broker_comes_back_at_another_address_and_the_blocks_follow(suite):
    before = suite.kafka.bootstrap
    suite.kill_kafka()
    suite.start_kafka()
    assert suite.kafka.bootstrap != before
    assert status(f"{suite.urls[BLOCK]}/readyz") == 200
    port = int(suite.kafka.bootstrap.rpartition(":")[2])
    block = psutil.Process(suite.pids()[BLOCK])
    wait_for(lambda: port in {there.raddr.port for there in block.net_connections() if there.raddr})


def test_a_second_suite_on_the_same_ports_is_refused_with_the_port_and_what_to_do(suite, tmp_path):
    with pytest.raises(NotStartedError, match=r"PORT=9000"):
        Suite(port=suite.port, state_dir=tmp_path, only=[BLOCK]).start()


def launch(folder, port):
    return subprocess.Popen(
        [sys.executable, "-m", "meldstroom_local", "up", "--port", str(port)],
        env={
            **os.environ,
            "PYTHONPATH": str(places.LOCAL),
            "MELDSTROOM_STATE": str(folder),
            "MELDSTROOM_KAFKA": "librdkafka",
            "MELDSTROOM_BLOCKS": BLOCK,
        },
        stdout=(folder / "out.txt").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def recorded(folder):
    return [psutil.Process(value.pid) for value in State(folder).running().values()]


def command(folder, name):
    environment = {**os.environ, "PYTHONPATH": str(places.LOCAL), "MELDSTROOM_STATE": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "meldstroom_local", name], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_neither_ctrl_c_nor_a_killed_launcher_leaves_anything_running(tmp_path):
    port = places.free_port()
    launcher = launch(tmp_path, port)
    wait_for(lambda: "Ctrl-C stops everything" in (tmp_path / "out.txt").read_text(), 200)
    family = recorded(tmp_path)
    assert len(family) >= 5
    launcher.send_signal(signal.SIGINT)
    assert launcher.wait(60) == 0
    assert [process for process in family if process.is_running()] == []

    launcher = launch(tmp_path, port)
    wait_for(lambda: "Ctrl-C stops everything" in (tmp_path / "out.txt").read_text(), 200)
    assert "migrate" not in (tmp_path / "out.txt").read_text()  # nothing changed, so nothing is done again
    assert len(recorded(tmp_path)) >= 5
    launcher.kill()
    launcher.wait()
    wait_for(lambda: not State(tmp_path).running(), 60)
    assert command(tmp_path, "down") == "nothing was running\n"

    command(tmp_path, "reset")
    assert list(tmp_path.iterdir()) == []


def test_the_commands_that_print_an_answer_print_nothing_else(tmp_path):
    (tmp_path / "mail").mkdir()
    whole = mails.kept_line(b"Subject: Caf\xc3\xa9\n\nHallo\n", ["a@example.org"], "2026-11-22T09:00:00.000Z")
    (tmp_path / "mail" / "mails.jsonl").write_text(whole + '{"to": ["half a li')
    (line,) = command(tmp_path, "mails").splitlines()
    printed = json.loads(line)
    assert (printed["to"], printed["text"]) == (["a@example.org"], "Hallo\n")


def test_stopping_what_never_ran_says_so(tmp_path):
    assert command(tmp_path, "down") == "nothing was running\n"


def test_a_port_in_use_is_not_given_away():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert places.free_port(port) != port
