"""Anonymising a reporter and destroying a report: what goes, what stays, and what the others hear."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from PIL import Image

from commonground.messaging import replay
from commonground.testing.events import outbox_events
from intake.clients import PhotoStore
from intake.manage import main
from intake.tables import metadata, reports
from intake.use_cases import removing, uploading
from intake.worker import create_worker

SECRETS = ("geheim@example.org", "31592366911", "Geheimstraat", "geheimzinnig", "verzwegen", "stil gehouden")
TABLES = [*metadata.tables, "outbox", "inbox", "idempotency_keys", "dead_letters", "removed_keys"]
TEXTS, CONTACTS = "meldstroom.intake.report-texts.v1", "meldstroom.intake.report-contacts.v1"


class KilledError(BaseException):
    """Ends what is under way, as the end of the process would."""


def photo() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(target, "JPEG")
    return target.getvalue()


@pytest.fixture
def everything(database):
    """Return all that the database holds, as text."""

    async def read() -> str:
        async with database.transaction() as session:
            found = [(await session.execute(sa.text(f'SELECT t::text FROM "{name}" t'))).scalars() for name in TABLES]
            return "\n".join(row for rows in found for row in rows)

    return read


@pytest.fixture
def files(settings):
    """Return the files of photos that are kept."""
    folder = Path(settings.storage_url.removeprefix("file://"))
    before = set(folder.rglob("*.jpg"))
    return lambda: set(folder.rglob("*.jpg")) - before


@pytest.fixture
def remover(tokens):
    return tokens.bearer("ada", permissions=["report:anonymise", "report:destroy", "report:read", "contact:read"])


@pytest.fixture
async def planted(client, report, deliver, files):
    """A report that is full of secrets, and its answer."""
    upload = (await client.post("/v1/uploads", files={"file": ("foto.jpg", photo(), "image/jpeg")})).json()
    body = report | {
        "description": "Een geheimzinnig lek",
        "contact": {"email": "geheim@example.org", "phone": "0592 366911"},
        "answers": [{"key": "k", "label": "Wat is verzwegen?", "value": "verzwegen"}],
        "attachments": [upload["id"]],
    }
    body["location"] = report["location"] | {"address": {"street": "Geheimstraat", "houseNumber": 1}}
    made = (await client.post("/v1/reports", json=body, headers={"Idempotency-Key": str(uuid4())})).json()
    message = {
        "messageId": str(uuid4()),
        "reportId": made["id"],
        "kind": "closing",
        "text": "Het wordt stil gehouden",
        "requestedAt": "2026-11-22T10:00:00Z",
    }
    await deliver("handling.case-messages", "handling.reporter-message-requested", message, key=made["id"])
    return made


@pytest.fixture
def closed(deliver):
    """Tell that the case of a report is closed since so many days."""

    async def tell(report_id, days, status="closed", sequence=2):
        moment = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        data = {"reportIds": [report_id], "status": status, "changedAt": moment}
        await deliver("handling.cases", "handling.case-status-changed", data, key=report_id, sequence=sequence)

    return tell


async def submitted_long_ago(database, report_id):
    async with database.transaction() as session:
        moment = datetime.now(UTC) - timedelta(days=1000)
        await session.execute(sa.update(reports).where(reports.c.id == report_id).values(submitted_at=moment))


def path(made, rest=""):
    return f"/v1/reports/{made['id']}{rest}"


async def test_a_destroyed_report_leaves_nothing_but_bare_facts(
    client, database, planted, remover, everything, files, deliver
):
    token = planted["statusUrl"].rsplit("/", 1)[1]
    before = await everything()
    assert all(secret in before for secret in (*SECRETS, token))
    assert len(files()) == 2

    assert (await client.delete(path(planted), headers=remover)).status_code == 204

    left = await everything()
    assert [secret for secret in (*SECRETS, token) if secret in left] == []
    assert files() == set()
    assert planted["number"] in left
    async with database.transaction() as session:
        row = (await session.execute(sa.select(reports))).one()
    assert (row.longitude, row.latitude, row.municipality) == (6.5625, 52.9967, "GM0106")
    assert (row.destroyed_at is not None, row.submitted_at is not None) == (True, True)
    assert (await client.get(f"/v1/status/{token}")).status_code == 404
    assert (await client.get(path(planted), headers=remover)).status_code == 404


async def test_destroying_is_told_with_tombstones_and_an_open_event(client, database, planted, remover):
    await client.delete(path(planted), headers=remover)
    events = await outbox_events(database)
    assert [(e["topic"], e["type"], e["data"] is None) for e in events if e["topic"] in {TEXTS, CONTACTS}] == [
        (TEXTS, "nl.meldstroom.intake.report-text-recorded", True),
        (CONTACTS, "nl.meldstroom.intake.report-contact-recorded", True),
        (CONTACTS, "tombstone", True),
        (TEXTS, "tombstone", True),
    ]
    [told] = [event for event in events if event["type"].endswith("report-destroyed")]
    assert (told["topic"], told["key"], told["sequence"]) == ("meldstroom.intake.removals.v1", planted["id"], 2)
    assert told["data"]["number"] == planted["number"]
    assert told["data"]["removedBy"]


async def test_a_replay_after_a_removal_publishes_removals_only(client, database, planted, remover):
    await client.delete(path(planted), headers=remover)
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE outbox SET published_at = now()"))
    async with database.transaction() as session:
        number = await replay.republish_since(session, datetime.now(UTC) - timedelta(hours=1))
    assert number == 6
    again = [event for event in await outbox_events(database) if event["topic"] in {TEXTS, CONTACTS}]
    assert [event["data"] for event in again] == [None] * 4


async def test_an_anonymised_reporter_cannot_be_reached_and_the_report_stays(
    client, database, planted, remover, everything, files
):
    first = await client.post(path(planted, "/anonymisations"), headers=remover)
    assert first.status_code == 201
    left = await everything()
    assert [secret for secret in SECRETS if secret in left] == list(SECRETS[2:])
    read = (await client.get(path(planted), headers=remover)).json()
    assert (read["contact"], read["description"]) == ({"email": None, "phone": None}, "Een geheimzinnig lek")
    assert len(files()) == 2
    assert (await client.get(f"/v1/status/{planted['statusUrl'].rsplit('/', 1)[1]}")).status_code == 200
    tombstones = [e for e in await outbox_events(database) if e["type"] == "tombstone"]
    assert [event["topic"] for event in tombstones] == [CONTACTS]

    again = await client.post(path(planted, "/anonymisations"), headers=remover)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len([e for e in await outbox_events(database) if e["type"].endswith("report-anonymised")]) == 1


async def test_each_removal_gets_the_next_sequence(client, database, planted, remover):
    await client.post(path(planted, "/anonymisations"), headers=remover)
    await client.delete(path(planted), headers=remover)
    assert (await client.delete(path(planted), headers=remover)).status_code == 204  # a repeat
    told = [event for event in await outbox_events(database) if event["topic"].endswith("removals.v1")]
    assert [event["sequence"] for event in told] == [2, 3]
    assert (await client.post(path(planted, "/anonymisations"), headers=remover)).status_code == 404


async def test_two_who_destroy_at_the_same_time_do_it_once(client, database, planted, remover):
    answers = await asyncio.gather(*(client.delete(path(planted), headers=remover) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {204}
    assert len([e for e in await outbox_events(database) if e["type"].endswith("report-destroyed")]) == 1


@pytest.mark.parametrize(("method", "rest"), [("POST", "/anonymisations"), ("DELETE", "")])
async def test_only_who_may_removes_and_only_in_the_own_municipality(
    client, planted, tokens, everything, method, rest, remover
):
    async def ask(headers, made=planted):
        return (await client.request(method, path(made, rest), headers=headers)).status_code

    assert await ask({}) == 401
    assert await ask(tokens.bearer(permissions=["report:read", "case:read-all", "contact:read"])) == 403
    everywhere_else = tokens.bearer(
        "far", permissions=["report:anonymise", "report:destroy"], municipalities=["GM0014"]
    )
    assert await ask(everywhere_else) == 404
    assert await ask(remover, {"id": str(uuid4())}) == 404
    left = await everything()
    assert [secret for secret in SECRETS if secret not in left] == []


async def test_words_that_come_after_their_removal_do_not_appear(client, planted, deliver, remover, everything):
    await client.delete(path(planted), headers=remover)
    await deliver("handling.case-messages", "handling.tombstone", None, key=planted["id"], sequence=2)
    late = {
        "messageId": str(uuid4()),
        "reportId": planted["id"],
        "kind": "closing",
        "text": "Het wordt stil gehouden",
        "requestedAt": "2026-11-22T10:00:00Z",
    }
    await deliver("handling.case-messages", "handling.reporter-message-requested", late, key=planted["id"])
    assert "stil gehouden" not in await everything()


async def test_files_that_a_killed_process_left_behind_are_deleted_by_the_cleaning(
    client, database, settings, planted, remover, files, monkeypatch
):
    async def killed(*_):
        raise KilledError

    monkeypatch.setattr(PhotoStore, "delete", killed)
    with pytest.raises(KilledError):
        await client.delete(path(planted), headers=remover)
    monkeypatch.undo()
    assert len(files()) == 2
    await uploading.delete_loose_uploads(database, PhotoStore(settings), hours=24)
    assert files() == set()


async def test_the_retention_removes_what_was_closed_long_ago_and_keeps_the_rest(
    client, database, settings, report, closed, everything
):
    made = {}
    for name in ("old", "recent", "open", "reopened"):
        body = report | {"description": f"melding {name}", "contact": {"email": f"{name}@example.org"}}
        made[name] = (await client.post("/v1/reports", json=body)).json()["id"]
        await submitted_long_ago(database, made[name])
    await closed(made["old"], 40)
    await closed(made["recent"], 20)
    await closed(made["open"], 40, "in-progress")
    await closed(made["reopened"], 60)
    await closed(made["reopened"], 40, "reopened", sequence=3)

    assert await removing.anonymise_old_reporters(database, days=30) == 1
    assert await removing.anonymise_old_reporters(database, days=30) == 0
    left = await everything()
    assert [name for name in made if f"{name}@example.org" not in left] == ["old"]
    assert "melding old" in left

    destroy = partial(removing.destroy_old_reports, database, PhotoStore(settings))
    assert [await destroy(days=50), await destroy(days=30), await destroy(days=30)] == [0, 1, 0]
    left = await everything()
    assert [name for name in made if f"melding {name}" not in left] == ["old"]
    told = [event for event in await outbox_events(database) if event["topic"].endswith("removals.v1")]
    assert [event["data"]["removedBy"] for event in told] == [None, None]


async def test_a_retention_that_is_killed_goes_on_where_it_was(client, database, report, closed, monkeypatch):
    monkeypatch.setattr(removing, "_AT_ONCE", 2)
    for number in range(5):
        body = report | {"contact": {"email": f"melder{number}@example.org"}}
        report_id = (await client.post("/v1/reports", json=body)).json()["id"]
        await submitted_long_ago(database, report_id)
        await closed(report_id, 40)
    assert await removing.anonymise_old_reporters(database, days=30) == 2
    with monkeypatch.context() as broken:

        async def killed(*_):
            raise KilledError

        broken.setattr(removing, "publish_all", killed)
        with pytest.raises(KilledError):
            await removing.anonymise_old_reporters(database, days=30)
    counts = [await removing.anonymise_old_reporters(database, days=30) for _ in range(3)]
    assert counts == [2, 1, 0]
    told = [event for event in await outbox_events(database) if event["type"].endswith("report-anonymised")]
    assert len({event["key"] for event in told}) == len(told) == 5


async def test_the_command_removes_what_it_is_told_to_and_says_how_much(
    client, database, database_url, settings, report, closed, monkeypatch
):
    for name in ("een", "twee"):
        body = report | {"description": f"melding {name}", "contact": {"email": f"{name}@example.org"}}
        report_id = (await client.post("/v1/reports", json=body)).json()["id"]
        await submitted_long_ago(database, report_id)
        await closed(report_id, 40)
    monkeypatch.setenv("INTAKE_DATABASE_URL", database_url)
    monkeypatch.setenv("INTAKE_STORAGE_URL", settings.storage_url)

    async def run(*arguments):
        # In a thread: the command runs an event loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, main, ["purge", *arguments])

    assert (await run("--contacts-after", "60")).output == "0 reporters anonymised\n"
    assert (await run("--contacts-after", "30", "--reports-after", "60")).output.splitlines() == [
        "2 reporters anonymised",
        "0 reports destroyed",
    ]
    assert (await run("--reports-after", "30")).output == "2 reports destroyed\n"
    assert (await run("--reports-after", "30")).output == "0 reports destroyed\n"
    assert (await run()).exit_code == 2
    assert (await run("--reports-after", "0")).exit_code == 2


@pytest.mark.parametrize(("kept", "left"), [((0, 0), 2), ((30, 0), 2), ((0, 30), 1)])
async def test_the_housekeeping_removes_only_what_the_settings_say(
    client, database, settings, report, closed, kept, left
):
    for name, days in (("oud", 40), ("nieuw", 20)):
        body = report | {"description": f"melding {name}", "contact": {"email": f"{name}@example.org"}}
        report_id = (await client.post("/v1/reports", json=body)).json()["id"]
        await submitted_long_ago(database, report_id)
        await closed(report_id, days)
    set_so = settings.model_copy(update={"contacts_kept_days": kept[0], "reports_kept_days": kept[1]})
    [retention] = [one for one in create_worker(set_so, database).components if one.name == "retention"]
    while await retention._work():
        pass
    async with database.transaction() as session:
        rows = (await session.execute(sa.select(reports.c.description, reports.c.email))).all()
    assert len([row for row in rows if row.description]) == left
    assert len([row for row in rows if row.email]) == (2 if kept == (0, 0) else 1)
