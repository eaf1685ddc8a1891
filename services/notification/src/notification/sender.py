"""Hands mails over to the mail server: several connections, one claim for a handful, one transaction for many results.

What may happen when, and why nothing is lost:

- killed before a mail is offered: its lease ends and another process sends it;
- killed between the server's acceptance and our commit: the lease ends and the same mail goes again under the same
  ``Message-ID``. SMTP knows no transaction, so this one double cannot be avoided; the time in which it can happen
  is that of one short transaction and a moment of gathering, since results are written as soon as the one before is
  committed;
- stopped for longer than the lease (SIGSTOP): a mail is offered only while enough of the lease is left;
- mail server away: nobody claims anything but a probe now and then, so that all mails go at once when it is back,
  and no message is blamed for it.
"""

import asyncio
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog
from prometheus_client import Counter, Gauge

from commonground import patience
from commonground.database import Database
from commonground.messaging.errors import Kind, describe, kind_of
from notification.clients.mail import MailServer, ServerUnreachableError, Verdict
from notification.domain.mails import HeaderInjectionError
from notification.domain.messages import Outcome
from notification.domain.texts import without_addresses
from notification.settings import Settings
from notification.store import delivery
from notification.use_cases import mailing
from notification.use_cases.mailing import Parcel

log = structlog.get_logger(__name__)

_HANDFUL = 25  # mails that one connection claims at a time
_GATHER_SECONDS = 0.02  # results wait this long for others: one transaction for the mails of all connections
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # while the mail server is away
_MOST_UNWRITTEN = 200  # results that may wait for the database before sending waits too

_attempted = Counter("meldstroom_notification_attempts_total", "Attempts to send a mail", ["outcome"])
_due = Gauge("meldstroom_notification_due_messages", "Messages that are due and not sent yet")
_oldest = Gauge("meldstroom_notification_oldest_due_seconds", "Since when the oldest message is due")


class Sender:
    """Sends what is due until it is told to stop."""

    name = "sender"

    def __init__(self, settings: Settings, database: Database) -> None:
        """Prepare, without connecting."""
        self._settings = settings
        self._database = database
        self._turn = asyncio.Lock()
        self._results: list[delivery.Attempt] = []
        self._has_results = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def ready(self) -> bool:
        """Return True: a mail server that is away is no fault of this process, and the mails wait."""
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop`` is set; then finish what is under way and give back what is not."""
        done_sending = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_results(done_sending))
            try:
                async with asyncio.TaskGroup() as connections:
                    for _ in range(self._settings.smtp_connections):
                        connections.create_task(self._send_over_one_connection(stop))
            finally:
                done_sending.set()
                self._has_results.set()

    # --- Sending ---

    async def _send_over_one_connection(self, stop: asyncio.Event) -> None:
        server = MailServer(self._settings)
        pause = _FIRST_PAUSE
        try:
            while not stop.is_set():
                parcels, until = await self._next(server, stop)
                try:
                    await self._send(server, parcels, until, stop)
                    pause = _FIRST_PAUSE
                except ServerUnreachableError as error:
                    log.warning("mail_server_unreachable", reason=error.reason)
                    await patience.pause(stop, pause * (0.5 + random.random()))  # noqa: S311 - spreads load, keeps no secret
                    pause = min(pause * 2, _LONGEST_PAUSE)
                    await patience.insist(self._give_up, stop, self.name)
        finally:
            await server.close()

    async def _next(self, server: MailServer, stop: asyncio.Event) -> tuple[list[Parcel], float]:
        """Wait for due messages and claim some; return them with the moment until which they are ours."""
        async with self._turn:  # one connection looks at a time
            looked = 0
            while not stop.is_set():
                await self._has_room.wait()
                until = time.monotonic() + self._settings.lease
                parcels = await patience.insist(self._take, stop, self.name)
                if parcels:
                    return parcels, until
                looked += 1
                if looked * self._settings.poll > self._settings.smtp_idle:
                    await server.close()
                await patience.pause(stop, self._settings.poll)
        return [], 0.0

    async def _take(self) -> list[Parcel]:
        async with self._database.transaction() as session:
            parcels, impossible = await mailing.take_messages(session, self._settings, most=_HANDFUL)
        self._report(impossible)
        return parcels

    async def _give_up(self) -> None:
        async with self._database.transaction() as session:
            await mailing.give_up(session)

    async def _send(self, server: MailServer, parcels: Sequence[Parcel], until: float, stop: asyncio.Event) -> None:
        for index, parcel in enumerate(parcels):
            if stop.is_set() or time.monotonic() > until - self._settings.mail_seconds:
                self._release(parcels[index:])
                return
            try:
                verdict = await server.send(parcel.mail(), return_path=parcel.return_path, to=parcel.to)
            except ServerUnreachableError:
                self._release(parcels[index:])
                raise
            except HeaderInjectionError:
                log.error("mail_refused_by_ourselves", message_id=str(parcel.id))  # noqa: TRY400 - no trace needed
                verdict = Verdict(Outcome.REFUSED, "header-injection")
            self._report([self._attempt(parcel, verdict)])

    def _attempt(self, parcel: Parcel, verdict: Verdict) -> delivery.Attempt:
        deferred = verdict.outcome is Outcome.DEFERRED
        return delivery.Attempt(
            message_id=parcel.id,
            claim=parcel.claim,
            round=parcel.round,
            number=parcel.attempt,
            outcome=verdict.outcome,
            wait=mailing.waiting_time(parcel.attempt, self._settings) if deferred else 0.0,
            reason=verdict.reason,
            code=verdict.code,
            answer=without_addresses(verdict.answer, parcel.to.address) if verdict.answer else None,
        )

    def _release(self, parcels: Iterable[Parcel]) -> None:
        self._report(
            delivery.Attempt(parcel.id, parcel.claim, parcel.round, parcel.attempt, Outcome.RELEASED)
            for parcel in parcels
        )

    # --- Writing results ---

    def _report(self, attempts: Iterable[delivery.Attempt]) -> None:
        for attempt in attempts:
            _attempted.labels(attempt.outcome).inc()
            self._results.append(attempt)
        if self._results:
            self._has_results.set()
        if len(self._results) >= _MOST_UNWRITTEN:
            self._has_room.clear()

    async def _write_results(self, done_sending: asyncio.Event) -> None:
        """Write results as they come: each transaction takes all that came during the one before, and a moment more."""
        while not (done_sending.is_set() and not self._results):
            await self._has_results.wait()
            await patience.pause(done_sending, _GATHER_SECONDS)
            self._has_results.clear()
            if self._results:
                results, self._results = self._results, []
                await self._record_surely(results)
                self._has_room.set()

    async def _record_surely(self, results: Sequence[delivery.Attempt]) -> None:
        """Write results however long the database is away, up to the end of the lease: then others send anew."""
        pause, until = 0.05, time.monotonic() + self._settings.lease
        while True:
            try:
                await self._record(results)
                return
            except Exception as error:
                if kind_of(error) is not Kind.TRANSIENT:
                    log.exception("results_refused")
                    await self._record_one_by_one(results)
                    return
                log.warning("results_wait", reason=describe(error), count=len(results))
                if time.monotonic() > until:
                    return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _record_one_by_one(self, results: Sequence[delivery.Attempt]) -> None:
        """Write results without the server's words: one that cannot be written must not hold the others."""
        for result in results:
            try:
                await self._record([replace(result, code=None, answer=None)])
            except Exception:
                log.exception("result_lost", message_id=str(result.message_id))

    async def _record(self, results: Sequence[delivery.Attempt]) -> None:
        async with self._database.transaction() as session:
            await mailing.record_attempts(session, results)

    async def measure(self) -> None:
        """Look how much is due, for the metrics."""
        async with self._database.transaction() as session:
            count, seconds = await delivery.backlog(session)
        _due.set(count)
        _oldest.set(seconds)
