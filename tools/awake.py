"""Keeps the processors awake: ``with awake():``. For tests and measurements on small virtual machines.

A virtual processor with nothing to do is given back to the host, and to get it again takes milliseconds where
machines lie within machines. A test or a request that waits for a database then waits for the host a dozen times. One
loop of the lowest priority (``SCHED_IDLE``) per processor leaves it nothing to give back: whoever has real work goes
before it at once. On hardware it changes little. Standard library only.

    python tools/awake.py -- command ...    run a command so
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Ends when its standard input does, thus also when whoever started it was killed. Where Linux shares out time per
# session first ("autogroup"), the priority counts only within a session: the loop goes into one of its own, with the
# least share there is. Without that it takes a third of a busy processor.
_LOOP = """
import os, sys, threading
os.setsid()
try:
    open("/proc/self/autogroup", "w").write("19")
except OSError:
    pass  # there is no sharing out per session
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
os.sched_setaffinity(0, {int(sys.argv[1])})
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
sys.setswitchinterval(1)
while True:
    pass
"""


@contextmanager
def awake() -> Iterator[list[int]]:
    """Keep all processors awake; give the process ids of the loops, none where the system has no such priority."""
    loops: list[subprocess.Popen[bytes]] = []
    if hasattr(os, "SCHED_IDLE"):
        for processor in sorted(os.sched_getaffinity(0)):
            command = [sys.executable, "-S", "-c", _LOOP, str(processor)]
            loops.append(subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL))
    try:
        yield [loop.pid for loop in loops]
    finally:
        for loop in loops:
            loop.kill()
            loop.communicate()


if __name__ == "__main__":
    with awake():
        sys.exit(subprocess.run(sys.argv[2:], check=False).returncode)
