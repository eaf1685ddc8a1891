"""What people do with dead letters: look, handle again, discard; and what a tombstone leaves of them."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from commonground import dead_letters_command
from commonground.messaging import Consumer, PermanentError, Tier, TransientError
from commonground.messaging import consumer as consumer_module
from commonground.testing.events import buried, record

LETTERS = "/v1/dead-letters"
SECRET = "Jan de Vries"


@pytest.fixture(autouse=True)
def _one_try(monkeypatch, effects):
    monkeypatch.setattr(consumer_module, "TRIES", 1)


@pytest.fixture
def counted(counts):
    stream = f"{counts.block}.{counts.name}"

    def make(number, key="a", offset=1, **more):
        data = None if number is None else {"number": number, "who": SECRET, **more}
        return record(stream, f"{counts.block}.counted", data, key=key, sequence=1, offset=offset)

    return make


@pytest.fixture
def consumer(settings, database, effects):
    return Consumer(settings, database, "sample", [effects.subscription()])


@pytest.fixture
def manager(tokens):
    return tokens.bearer("ada", permissions=["dead-letter:manage"])


@pytest.fixture
def bury(consumer, effects, counted, database):
    """Make one dead letter for each number and let the handler be well again; return their ids, oldest first."""

    async def do(*numbers, **more):
        effects.poison = set(numbers)
        await consumer.handle([counted(number, offset=number, **more) for number in numbers])
        effects.poison = set()
        return [str(letter.id) for letter in sorted(await buried(database), key=lambda letter: letter.id)]

    return do


@pytest.mark.parametrize("permissions", [[], ["dead-letter:read-personal"]])
async def test_who_may_not_manage_dead_letters_sees_none(client, tokens, bury, permissions):
    [letter] = await bury(1)
    headers = tokens.bearer(permissions=permissions)
    for method, path in [
        ("GET", LETTERS),
        ("GET", f"{LETTERS}/{letter}"),
        ("POST", f"{LETTERS}/{letter}/retries"),
        ("POST", f"{LETTERS}/retries"),
    ]:
        assert (await client.request(method, path, headers=headers)).status_code == 403


async def test_the_list_has_the_newest_first_in_pages_and_filters_by_state(client, manager, bury):
    first, second, third = await bury(1, 2, 3)
    page = (await client.get(f"{LETTERS}?limit=2", headers=manager)).json()
    assert [item["id"] for item in page["items"]] == [third, second]
    rest = (await client.get(f"{LETTERS}?limit=2&cursor={page['nextCursor']}", headers=manager)).json()
    assert [item["id"] for item in rest["items"]] == [first]
    assert rest["nextCursor"] is None
    await client.post(f"{LETTERS}/{second}/discard", headers=manager, json={"reason": "a test"})
    for state, found in {"open": [third, first], "discarded": [second], "retried": []}.items():
        listed = (await client.get(f"{LETTERS}?state={state}", headers=manager)).json()
        assert [item["id"] for item in listed["items"]] == found


async def test_the_envelope_is_shown_to_every_manager_and_personal_data_only_with_the_permission(
    client, tokens, manager, bury
):
    [letter] = await bury(1)
    seen = await client.get(f"{LETTERS}/{letter}", headers=manager)
    assert seen.json()["envelope"]["subject"] == "a"
    assert seen.json()["error"].startswith("LookupError at ")
    assert seen.json()["dataHidden"] is True
    assert SECRET not in seen.text
    permitted = tokens.bearer(permissions=["dead-letter:manage", "dead-letter:read-personal"])
    assert (await client.get(f"{LETTERS}/{letter}", headers=permitted)).json()["data"]["who"] == SECRET


async def test_data_of_an_open_topic_are_shown_to_every_manager(client, manager, effects, bury):
    effects.tier = Tier.OPEN
    [letter] = await bury(1)
    assert (await client.get(f"{LETTERS}/{letter}", headers=manager)).json()["data"]["number"] == 1


async def test_data_of_another_municipality_stay_hidden(client, tokens, bury):
    [letter] = await bury(1, municipality="GM9999")
    permitted = tokens.bearer(permissions=["dead-letter:manage", "dead-letter:read-personal"])
    seen = await client.get(f"{LETTERS}/{letter}", headers=permitted)
    assert (seen.json()["dataHidden"], seen.json()["data"]) == (True, None)


async def test_a_retry_runs_the_handler_once_and_says_who_did_it(client, manager, bury, seen):
    [letter] = await bury(1)
    answer = await client.post(f"{LETTERS}/{letter}/retries", headers=manager)
    assert (answer.status_code, answer.json()["state"]) == (200, "retried")
    assert answer.json()["settledBy"]
    assert await seen() == [1]
    again = await client.post(f"{LETTERS}/{letter}/retries", headers=manager)
    assert (again.status_code, again.json()["type"]) == (409, "urn:meldstroom:problem:dead-letter-settled")
    assert await seen() == [1]


async def test_two_people_who_press_retry_at_the_same_time_do_it_once(client, manager, effects, bury, seen, database):
    [letter] = await bury(1)
    effects.gate = asyncio.Event()
    one = asyncio.create_task(client.post(f"{LETTERS}/{letter}/retries", headers=manager))
    other = asyncio.create_task(client.post(f"{LETTERS}/{letter}/retries", headers=manager))
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20):
        found = 0
        while not found:
            async with database.transaction() as session:
                found = (await session.execute(waiting)).scalar_one()
    effects.gate.set()
    assert sorted([(await one).status_code, (await other).status_code]) == [200, 409]
    assert await seen() == [1]


async def test_what_fails_again_stays_open_with_the_new_error(client, manager, effects, bury):
    [letter] = await bury(1)
    effects.failures = [PermanentError("still wrong")]
    answer = await client.post(f"{LETTERS}/{letter}/retries", headers=manager)
    assert (answer.status_code, answer.json()["detail"]) == (409, "PermanentError(still wrong)")
    now = (await client.get(f"{LETTERS}/{letter}", headers=manager)).json()
    assert (now["state"], now["error"]) == ("open", "PermanentError(still wrong)")


async def test_trouble_that_passes_is_answered_as_such_and_changes_nothing(client, manager, effects, bury):
    [letter] = await bury(1)
    before = (await client.get(f"{LETTERS}/{letter}", headers=manager)).json()
    effects.failures = [TransientError("away")]
    assert (await client.post(f"{LETTERS}/{letter}/retries", headers=manager)).status_code == 503
    assert (await client.get(f"{LETTERS}/{letter}", headers=manager)).json() == before


async def test_all_are_retried_oldest_first_and_one_that_fails_holds_no_other(client, manager, effects, bury, seen):
    await bury(1, 2, 3)
    effects.poison = {2}
    answer = await client.post(f"{LETTERS}/retries", headers=manager)
    assert answer.json() == {"retried": 2, "failed": 1, "left": 1, "nextCursor": None}
    assert await seen() == [1, 3]


async def test_a_discarded_letter_keeps_its_reason_and_cannot_be_retried(client, manager, bury, seen):
    [letter] = await bury(1)
    empty = await client.post(f"{LETTERS}/{letter}/discard", headers=manager, json={"reason": " "})
    assert empty.status_code == 400
    answer = await client.post(f"{LETTERS}/{letter}/discard", headers=manager, json={"reason": "Sent twice"})
    assert (answer.json()["state"], answer.json()["reason"]) == ("discarded", "Sent twice")
    assert (await client.post(f"{LETTERS}/{letter}/retries", headers=manager)).status_code == 409
    assert (await client.post(f"{LETTERS}/{letter}/discard", headers=manager, json={"reason": "x"})).status_code == 409
    assert await seen() == []


async def test_an_unknown_letter_is_not_found(client, manager):
    for method, path in [("GET", ""), ("POST", "/retries")]:
        answer = await client.request(method, f"{LETTERS}/{uuid4()}{path}", headers=manager)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:meldstroom:problem:dead-letter-not-found")


async def test_a_tombstone_empties_the_letters_of_its_key_and_of_no_other(
    client, tokens, manager, consumer, counted, bury, database, seen
):
    [mine] = await bury(1, key="gone")
    _, other = await bury(2, key="stays")
    await consumer.handle([counted(None, key="gone", offset=20)])
    permitted = tokens.bearer(permissions=["dead-letter:manage", "dead-letter:read-personal"])
    emptied = (await client.get(f"{LETTERS}/{mine}", headers=permitted)).json()
    assert (emptied["state"], emptied["data"], emptied["dataHidden"]) == ("discarded", None, False)
    assert emptied["reason"] == "The data were removed at the source"
    assert (await client.post(f"{LETTERS}/{mine}/retries", headers=manager)).status_code == 409
    kept = (await client.get(f"{LETTERS}/{other}", headers=permitted)).json()
    assert (kept["state"], kept["data"]["who"]) == ("open", SECRET)
    assert SECRET not in str([letter for letter in await buried(database) if str(letter.id) == mine])
    assert await seen() == []


async def test_a_tombstone_also_empties_letters_that_were_settled_and_keeps_what_became_of_them(
    client, manager, consumer, counted, bury, database
):
    [letter] = await bury(1)
    await client.post(f"{LETTERS}/{letter}/retries", headers=manager)
    await consumer.handle([counted(None, offset=20)])
    [row] = await buried(database)
    assert (row.data, row.settlement) == (None, "retried")


async def test_a_place_that_a_new_broker_gives_to_another_event_gets_its_own_letter(
    consumer, effects, counted, database
):
    effects.poison = {1, 2}
    await consumer.handle([counted(1, offset=5)])
    await consumer.handle([counted(2, offset=5)])
    assert sorted(letter.data for letter in await buried(database)) == [
        b'{"number":1,"who":"Jan de Vries"}',
        b'{"number":2,"who":"Jan de Vries"}',
    ]


async def test_both_groups_of_a_block_keep_their_letter_of_one_event(
    settings, database, effects, consumer, counted, client, manager, seen
):
    second = Consumer(settings, database, "sample", [effects.subscription()], group="meldstroom-sample-second")
    effects.poison = {1}
    event = counted(1)
    await consumer.handle([event])
    await second.handle([replace(event)])
    effects.poison = set()
    assert len(await buried(database)) == 2
    assert (await client.post(f"{LETTERS}/retries", headers=manager)).json()["retried"] == 2
    assert await seen() == [1, 1]


@pytest.fixture
def run_command(database, effects, settings):
    """Run ``dead-letters`` with arguments, in a thread, since a command runs its own event loop."""
    from commonground.manage import with_database

    group = dead_letters_command.command(
        lambda work: with_database("sample", settings, work),
        lambda opened: [Consumer(settings, opened, "sample", [effects.subscription()])],
    )

    async def run(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, group, list(arguments))

    return run


async def test_the_command_lists_shows_retries_and_discards(run_command, bury, seen):
    first, second = await bury(1, 2)
    assert first in (await run_command()).output
    hidden = await run_command("show", first)
    assert '"subject": "a"' in hidden.output
    assert SECRET not in hidden.output
    assert SECRET in (await run_command("show", first, "--with-data")).output
    assert "1 of 1" in (await run_command("retry", first)).output
    assert await seen() == [1]
    assert (await run_command("discard", second, "--reason", "sent twice")).exit_code == 0
    assert (await run_command("list")).output == ""
    assert second in (await run_command("list", "--state", "discarded")).output
    assert (await run_command("discard", second, "--reason", "again")).exit_code == 1


async def test_the_command_says_what_fails_again(run_command, bury, effects):
    [letter] = await bury(1)
    effects.poison = {1}
    done = await run_command("retry", "--all")
    assert "0 of 1" in done.output
    assert f"{letter} fails again: LookupError" in done.output
