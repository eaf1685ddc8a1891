"""Makes things go wrong in a running suite, and right again."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.chaos.plan import Fault

from meldstroom_local import places
from meldstroom_local.processes import Process
from meldstroom_local.suite import Suite

_FIRST_WORKER_PORT = 60  # above the suite's own ports


class Saboteur:
    """Carries faults out. Besides the process of each block there is a second one that only works."""

    def __init__(self, suite: Suite, blocks: Sequence[str]) -> None:
        self._suite = suite
        self._workers = {name: self._worker(name, index) for index, name in enumerate(blocks)}
        self._stopped = threading.Event()
        self._room: dict[int, float] = {}
        self.done: list[str] = []

    def start(self) -> None:
        """Start the second processes."""
        for worker in self._workers.values():
            worker.start()

    def stop(self) -> None:
        """Stop the second processes, and carry nothing out any more."""
        self._stopped.set()
        for worker in self._workers.values():
            worker.stop()

    def room(self) -> float:
        """Return the share of the load (0 to 1) that may be sent by now, so that none is left for no fault."""
        return min(self._room.values(), default=0.0)

    def carry_out(self, lane: int, faults: Sequence[Fault], progress: Callable[[], float]) -> None:
        """Carry the faults of a lane out one after the other, each when the load has come to its share.

        During a fault the load may go on to the share of the next one, and waits there until the fault is over.
        """
        shares = [*(fault.at for fault in faults), 1.0]
        self._room[lane] = shares[0]
        for fault, end in zip(faults, shares[1:], strict=True):
            while progress() < fault.at:
                if self._stopped.wait(0.05):
                    return
            print(f"{progress():4.0%} {fault}", flush=True)
            self._room[lane] = end
            getattr(self, "_" + fault.kind.replace("-", "_"))(fault.target, fault.seconds)
            self.done.append(str(fault))

    def _worker(self, name: str, index: int) -> Process:
        port = self._suite.port + _FIRST_WORKER_PORT + index
        return Process(
            f"{name}-2",
            [sys.executable, "-m", name, "--only", "worker"],
            log=Path(self._suite.folder) / "logs" / f"{name}-2.log",
            environment={**self._suite.block_environment(name), f"{name.upper()}_PORT": str(port)},
            folder=places.PROJECT,
        )

    def _kill(self, block: str, seconds: float) -> None:
        self._suite.kill_block(block)
        time.sleep(seconds)
        self._suite.start_block(block)

    def _pause(self, block: str, seconds: float) -> None:
        self._suite.signal_block(block, signal.SIGSTOP)
        time.sleep(seconds)
        self._suite.signal_block(block, signal.SIGCONT)

    def _restart(self, block: str, seconds: float) -> None:
        self._suite.stop_block(block)
        time.sleep(seconds)
        self._suite.start_block(block)

    def _kill_worker(self, block: str, seconds: float) -> None:
        self._workers[block].kill()
        time.sleep(seconds)
        self._workers[block].start()

    def _pause_worker(self, block: str, seconds: float) -> None:
        self._workers[block].send(signal.SIGSTOP)
        time.sleep(seconds)
        self._workers[block].send(signal.SIGCONT)

    def _kill_postgres(self, _target: str, seconds: float) -> None:
        self._suite.kill_postgres()
        time.sleep(seconds)
        self._suite.start_postgres()

    def _kill_kafka(self, _target: str, seconds: float) -> None:
        self._suite.kill_kafka()
        time.sleep(seconds)
        self._suite.start_kafka()

    def _pause_kafka(self, _target: str, seconds: float) -> None:
        broker = self._suite.kafka.process if self._suite.kafka else None
        if broker is None:  # Kafka of somebody else: it cannot be stopped from here
            return
        broker.send(signal.SIGSTOP)
        time.sleep(seconds)
        broker.send(signal.SIGCONT)

    def _refuse_mail(self, _target: str, seconds: float) -> None:
        self._suite.refuse_mail()
        time.sleep(seconds)
        self._suite.refuse_mail(refuse=False)

    def _stop_mail(self, _target: str, seconds: float) -> None:
        self._suite.stop_mail()
        time.sleep(seconds)
        self._suite.start_mail()
