"""Memory and processor time of the processes that make up the suite."""

import os
import re
import time
import timeit
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil


def pss_mib(pid: int, *, family: bool = True) -> float:
    """Return the proportional set size of a process, and its children: shared pages divided over their users."""
    total = 0
    first = psutil.Process(pid)
    for process in [first, *(first.children(recursive=True) if family else ())]:
        try:
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        total += int(found.group(1)) if found else 0
    return total / 1024


def cpu_seconds(pid: int, *, family: bool = True) -> float:
    """Return the processor time that a process, and its children, have used; of ended children too."""
    total = 0.0
    with suppress(psutil.Error):
        first = psutil.Process(pid)
        for process in [first, *(first.children(recursive=True) if family else ())]:
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
                if family:
                    total += times.children_user + times.children_system
    return total


@dataclass(frozen=True)
class CpuTimes:
    """Time of all processors since the machine started, in ticks."""

    total: int
    stolen: int

    def stolen_since(self, before: "CpuTimes") -> float:
        """Return the share (0 to 1) of the time since ``before`` that the hypervisor gave to other machines."""
        return (self.stolen - before.stolen) / max(1, self.total - before.total)


def cpu_times() -> CpuTimes:
    """Return the times of this moment."""
    ticks = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return CpuTimes(sum(ticks), ticks[7])


def count_to_ten_million() -> float:
    """Return the processor time in seconds that Python takes for it here, the least of three times."""
    return min(timeit.repeat("for number in range(10_000_000): pass", timer=time.process_time, number=1, repeat=3))


def machine() -> str:
    """Return what this machine is, in one line."""
    text = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")), "?")
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {os.uname().release}"
