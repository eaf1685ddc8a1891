"""Where new reports wait for each other: those that arrive while one transaction is under way share the next.

One commit and one wait for the disk serve many residents at a busy moment, and a single report waits for nobody. A
request is answered only after the commit that holds its report.
"""

import asyncio
import contextvars
from collections import deque
from typing import Any

from sqlalchemy.exc import IntegrityError

from commonground.database import Database
from commonground.messaging.errors import Kind, kind_of
from intake.settings import Settings
from intake.use_cases.submitting import Outcome, Submission, submit_reports

_MOST = 100  # reports in one transaction
_AT_ONCE = 2  # transactions: while the disk writes for one, the other one fills
_TRIES = 3  # of a report whose key another transaction was using


class Acceptance:
    """Accepts reports of one process."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Prepare, without connecting."""
        self._database = database
        self._settings = settings
        self._waiting: deque[tuple[Submission, asyncio.Future[dict[str, Any]]]] = deque()
        self._writers: set[asyncio.Task[None]] = set()
        # A writer works for many requests: it must not run in the trace of the one that happened to start it.
        self._context = contextvars.copy_context()

    async def submit(self, submission: Submission) -> dict[str, Any]:
        """Return the answer once the report is stored; raise what ``submit_reports`` names, or the database's error."""
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((submission, answer))
        if len(self._writers) < _AT_ONCE:
            writer = asyncio.create_task(self._write(), context=self._context.copy())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        return await answer

    async def _write(self) -> None:
        while self._waiting:
            group = self._take()
            outcomes = await self._outcomes([submission for submission, _answer in group])
            for (_submission, answer), outcome in zip(group, outcomes, strict=True):
                if answer.done():  # the client went away
                    continue
                if isinstance(outcome, Exception):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)

    def _take(self) -> list[tuple[Submission, asyncio.Future[dict[str, Any]]]]:
        """Return what goes into one transaction: a second report with the same key waits for the next."""
        group, keys = [], set[str]()
        for _ in range(min(len(self._waiting), _MOST)):
            submission, answer = self._waiting.popleft()
            if submission.key in keys:
                self._waiting.append((submission, answer))
                continue
            if submission.key:
                keys.add(submission.key)
            group.append((submission, answer))
        return group

    async def _outcomes(self, submissions: list[Submission]) -> list[Outcome]:
        try:
            return await self._in_one_transaction(submissions)
        except Exception as error:  # noqa: BLE001 - it becomes the answer of those who wait
            if kind_of(error) is Kind.TRANSIENT:
                return [error] * len(submissions)
        # One of them spoils it for the others: each gets a transaction of its own.
        return [await self._alone(submission) for submission in submissions]

    async def _alone(self, submission: Submission) -> Outcome:
        error: Exception = RuntimeError("not tried")
        for _ in range(_TRIES):
            try:
                (outcome,) = await self._in_one_transaction([submission])
            except IntegrityError as taken:
                error = taken
            except Exception as other:  # noqa: BLE001 - it becomes the answer of the one who waits
                return other
            else:
                return outcome
        return error

    async def _in_one_transaction(self, submissions: list[Submission]) -> list[Outcome]:
        async with self._database.transaction() as session:
            return await submit_reports(session, submissions, self._settings)
