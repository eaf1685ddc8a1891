"""Reports that arrive together share a transaction, and none of them notices the others."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from commonground.idempotency import IdempotencyConflictError
from commonground.testing.events import outbox_events
from intake.acceptance import Acceptance
from intake.domain import AttachmentsUnknownError
from intake.schemas import ReportRequest
from intake.use_cases.submitting import Submission, submit_reports


@pytest.fixture
def submission(report):
    """Make submissions, each with a key of its own unless told otherwise."""

    def made(description="Losse tegel", **changes):
        request = ReportRequest.model_validate(report | {"description": description})
        plain = Submission(
            request.to_domain(),
            municipality="GM0106",
            submitted_at=datetime.now(UTC),
            key=str(uuid4()),
            fingerprint=description,
            traceparent=f"00-{uuid4().hex}-00f067aa0ba902b7-01",
        )
        return replace(plain, **changes)

    return made


@pytest.fixture
def acceptance(app, database):
    return Acceptance(database, app.state.resources.settings)


async def transactions_of_reports(database):
    async with database.transaction() as session:
        return Counter((await session.execute(sa.text("SELECT xmin::text FROM reports"))).scalars()).values()


async def test_many_at_once_are_all_accepted_in_few_transactions(acceptance, database, submission):
    answers = await asyncio.gather(*(acceptance.submit(submission(f"Kuil {n}")) for n in range(60)))
    assert len({answer["number"] for answer in answers}) == 60
    assert max(await transactions_of_reports(database)) > 20
    events = await outbox_events(database)
    assert Counter(event["key"] for event in events) == Counter({answer["id"]: 3 for answer in answers})


async def test_each_event_carries_the_trace_of_its_own_request(acceptance, database, submission):
    given = [submission(f"Kuil {n}") for n in range(8)]
    answers = await asyncio.gather(*(acceptance.submit(one) for one in given))
    traces = {event["key"]: event["traceparent"] for event in await outbox_events(database)}
    assert [traces[answer["id"]] for answer in answers] == [one.traceparent for one in given]


async def test_a_refused_one_leaves_the_others_alone(acceptance, database, submission):
    bad = submission()
    bad = replace(bad, report=replace(bad.report, attachments=[uuid4()]))
    outcomes = await asyncio.gather(
        *(acceptance.submit(one) for one in (submission(), bad, submission())), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [dict, AttachmentsUnknownError, dict]
    assert len(await outbox_events(database, "intake.report-submitted")) == 2


async def test_a_value_that_the_database_refuses_spoils_only_its_own_report(acceptance, database, submission):
    bad = submission()
    bad = replace(bad, report=replace(bad.report, description="nul \x00"))
    outcomes = await asyncio.gather(
        *(acceptance.submit(one) for one in (submission(), bad, submission())), return_exceptions=True
    )
    assert isinstance(outcomes[1], DBAPIError)
    assert len(await outbox_events(database, "intake.report-submitted")) == 2


async def test_repeats_in_one_moment_give_one_report(acceptance, database, submission):
    first = submission()
    answers = await asyncio.gather(*(acceptance.submit(first) for _ in range(5)))
    assert len({answer["id"] for answer in answers}) == 1
    assert len(await outbox_events(database, "intake.report-submitted")) == 1


async def test_a_later_repeat_uses_up_no_number(acceptance, submission):
    first = submission()
    answer = await acceptance.submit(first)
    assert await acceptance.submit(first) == answer
    following = await acceptance.submit(submission("Daarna"))
    assert int(following["number"].removeprefix("M-")) == int(answer["number"].removeprefix("M-")) + 1


async def test_a_key_for_another_report_is_a_conflict_also_within_one_moment(acceptance, submission):
    first = submission()
    outcomes = await asyncio.gather(
        acceptance.submit(first), acceptance.submit(submission("Anders", key=first.key)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {dict, IdempotencyConflictError}


async def test_a_key_that_another_process_takes_meanwhile_gets_that_one_s_answer(app, acceptance, database, submission):
    settings, ours = app.state.resources.settings, submission()
    async with database.transaction() as theirs:
        (their_answer,) = await submit_reports(theirs, [ours], settings)
        waiting = asyncio.create_task(acceptance.submit(ours))
        await _until_blocked(database)
    assert await waiting == their_answer


async def test_a_client_that_went_away_keeps_nobody_waiting(acceptance, database, submission):
    gone = asyncio.create_task(acceptance.submit(submission("Weg")))
    await asyncio.sleep(0)
    gone.cancel()
    answer = await acceptance.submit(submission("Blijft"))
    assert answer["number"]
    assert len(await outbox_events(database, "intake.report-submitted")) == 2


async def _until_blocked(database):
    """Wait until a session waits for another one's row."""
    query = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while True:
        async with database.transaction() as session:
            if (await session.execute(query)).scalar_one():
                return
        await asyncio.sleep(0.01)
