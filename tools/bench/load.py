"""A client that costs little, so that it measures the server: HTTP/1.1 over kept connections, nothing else."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Request = Callable[[int], bytes]


@dataclass
class Result:
    """What a load gave: seconds it took, latency in seconds of each request, answers by status."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers with a 2xx status per second."""
        good = sum(number for status, number in self.statuses.items() if 200 <= status < 300)
        return good / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Latency in milliseconds that ``share`` (0 to 1) of the requests do not exceed."""
        if not self.latencies:
            return float("nan")
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def errors(self) -> int:
        """Answers without a 2xx status."""
        return sum(number for status, number in self.statuses.items() if not 200 <= status < 300)


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method != "GET":
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def closed_loop(
    url: str, make: Request, *, connections: int, seconds: float, warm_up: float = 1.0, keep_bodies: bool = False
) -> Result:
    """Send as fast as ``connections`` allow for ``seconds``; each waits for its answer before the next request."""
    result = Result()
    counter = iter(range(10**9))
    began = time.perf_counter()
    counting_from, until = began + warm_up, began + warm_up + seconds

    async def one(connection: "Connection") -> None:
        while (now := time.perf_counter()) < until:
            status, body = await connection.send(make(next(counter)))
            done = time.perf_counter()
            if now >= counting_from:
                result.latencies.append(done - now)
                result.statuses[status] += 1
                if keep_bodies:
                    result.bodies.append(body)

    opened = [await Connection.open(url) for _ in range(connections)]
    try:
        await asyncio.gather(*(one(connection) for connection in opened))
    finally:
        for connection in opened:
            connection.close()
    result.seconds = time.perf_counter() - counting_from
    return result


async def at_rate(url: str, make: Request, *, per_second: float, seconds: float) -> Result:
    """Send at a fixed rate, whether or not earlier answers have come; latency counts from the planned moment."""
    result = Result()
    idle: list[Connection] = []
    began = time.perf_counter()

    async def one(number: int) -> None:
        planned = began + number / per_second
        await asyncio.sleep(max(0.0, planned - time.perf_counter()))
        connection = idle.pop() if idle else await Connection.open(url)
        status, body = await connection.send(make(number))
        idle.append(connection)
        result.latencies.append(time.perf_counter() - planned)
        result.statuses[status] += 1
        result.bodies.append(body)

    await asyncio.gather(*(one(number) for number in range(int(per_second * seconds))))
    result.seconds = time.perf_counter() - began
    for connection in idle:
        connection.close()
    return result


class Connection:
    """One kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str) -> "Connection":
        """Connect to the host and port of ``url``."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=64 * 1024 * 1024)
        return cls(reader, writer)

    async def send(self, request_bytes: bytes) -> tuple[int, bytes]:
        """Send one request; return status and body."""
        self._writer.write(request_bytes)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            return status, await self._chunks()
        start = lower.find(b"content-length:")
        if start < 0:
            return status, b""
        length = int(lower[start + 15 : lower.index(b"\r\n", start)])
        return status, await self._reader.readexactly(length)

    async def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while True:
            size = int((await self._reader.readline()).split(b";")[0], 16)
            part = await self._reader.readexactly(size + 2)
            if size == 0:
                return b"".join(parts)
            parts.append(part[:-2])

    def close(self) -> None:
        """Close."""
        self._writer.close()
