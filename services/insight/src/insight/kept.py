"""Answers of the public map, kept for a moment: many residents look at the same city at the same time."""

import asyncio
import gzip
import time
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

MOST_BYTES = 64 * 1024 * 1024
_WORTH_COMPRESSING = 1000  # bytes
_LEVEL = 3  # of gzip: the whole city in a tenth of a second, and a fifth larger than with the best


@dataclass
class Kept:
    """An answer with its entity tag and the moment until which it may be given again.

    ``compressed``: the same with gzip, once somebody has asked for it and it is worth the trouble.
    """

    body: bytes
    tag: str
    until: float
    compressed: bytes | None = None


class KeptAnswers:
    """Gives an answer again for ``seconds``, and makes each one only once at a time."""

    def __init__(
        self, seconds: float, *, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep at most ``most_bytes`` of answers; zero seconds keeps nothing."""
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._clock = clock
        self._answers: OrderedDict[Hashable, Kept] = OrderedDict()
        self._size = 0
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]], *, compressed: bool = False) -> Kept:
        """Return the answer for ``key``, with ``compressed`` also with gzip; who asks while it is made waits for it."""
        found = self._fresh(key)
        if found is not None and not (compressed and _lacks_compression(found)):
            return found
        lock, waiting = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, waiting + 1)
        try:
            async with lock:
                found = self._fresh(key) or self._keep(key, await make())
                if compressed and _lacks_compression(found):
                    # Others are answered meanwhile: the whole city takes as long to compress as a hundred requests.
                    self._add(key, found, await asyncio.to_thread(gzip.compress, found.body, _LEVEL, mtime=0))
                return found
        finally:
            lock, waiting = self._locks.pop(key)
            if waiting > 1:
                self._locks[key] = (lock, waiting - 1)

    def _fresh(self, key: Hashable) -> Kept | None:
        found = self._answers.get(key)
        return found if found is not None and found.until > self._clock() else None

    def _keep(self, key: Hashable, body: bytes) -> Kept:
        # Weak and quick: the tag only has to differ when the content does.
        tag = f'W/"{len(body):x}-{zlib.crc32(body):08x}"'
        made = Kept(body, tag, self._clock() + self._seconds)
        self._drop(key)
        if self._seconds > 0 and len(body) <= self._most_bytes:
            self._answers[key] = made
            self._size += len(body)
        self._shrink()
        return made

    def _add(self, key: Hashable, made: Kept, compressed: bytes) -> None:
        made.compressed = compressed
        if self._answers.get(key) is made:
            self._size += len(compressed)
            self._shrink()

    def _shrink(self) -> None:
        while self._size > self._most_bytes:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Hashable) -> None:
        old = self._answers.pop(key, None)
        if old is not None:
            self._size -= len(old.body) + len(old.compressed or b"")


def _lacks_compression(answer: Kept) -> bool:
    return answer.compressed is None and len(answer.body) > _WORTH_COMPRESSING
