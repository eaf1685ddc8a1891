"""Reports come in as events, get a category, and may be corrected."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from commonground.testing.events import buried, outbox_events
from commonground.testing.tokens import user_id

pytestmark = pytest.mark.usefixtures("seeded")

LAMP = "Er ligt al een week een kapotte lamp in de lantaarnpaal voor nummer 12"
STREET_LIGHTING = "lantaarnpaal-straatverlichting"


def submitted(report_id, *, category=None, municipality="GM0106"):
    return {
        "reportId": report_id,
        "number": "M-10001",
        "municipality": municipality,
        "geometry": {"type": "Point", "coordinates": [6.5625, 52.9967]},
        "occurredAt": None,
        "submittedAt": "2026-11-20T09:30:00Z",
        "source": "web",
        "chosenCategory": category,
        "attachmentCount": 0,
        "hasContact": False,
    }


def text_recorded(report_id, description=LAMP, *, municipality="GM0106"):
    return {
        "reportId": report_id,
        "municipality": municipality,
        "description": description,
        "address": None,
        "answers": [],
        "attachments": [],
        "language": "nl",
    }


@pytest.fixture
def hear(deliver):
    async def hear_report(report_id, *, category=None, sequence=1):
        data = submitted(report_id, category=category)
        await deliver("intake.reports", "intake.report-submitted", data, key=report_id, sequence=sequence)

    return hear_report


@pytest.fixture
def hear_text(deliver):
    async def hear_report_text(report_id, description=LAMP, *, sequence=1):
        data = text_recorded(report_id, description)
        await deliver("intake.report-texts", "intake.report-text-recorded", data, key=report_id, sequence=sequence)

    return hear_report_text


@pytest.fixture
def forget(deliver):
    async def forget_text(report_id):
        await deliver("intake.report-texts", "intake.tombstone", None, key=report_id, sequence=2)

    return forget_text


async def classified(database):
    return await outbox_events(database, "classification.report-classified")


async def explained(database):
    return await outbox_events(database, "classification.classification-explained")


async def test_a_report_is_classified_by_the_model(database, hear, hear_text, report_id):
    await hear(report_id)
    assert await classified(database) == []
    await hear_text(report_id)
    [event] = await classified(database)
    assert event["topic"] == "meldstroom.classification.classifications.v1"
    assert (event["key"], event["sequence"]) == (report_id, 1)
    assert event["data"]["category"] == STREET_LIGHTING
    assert event["data"]["mainCategory"] == "wegen-verkeer-straatmeubilair"
    assert event["data"]["origin"] == "model"
    assert event["data"]["confidence"] > 0.5
    assert len(event["data"]["modelVersion"]) == 12


async def test_the_text_may_come_before_the_report(database, hear, hear_text, report_id):
    await hear_text(report_id)
    assert await classified(database) == []
    await hear(report_id)
    [event] = await classified(database)
    assert event["data"]["category"] == STREET_LIGHTING


async def test_the_open_event_holds_no_word_of_the_text(database, hear, hear_text, report_id):
    await hear(report_id)
    await hear_text(report_id)
    [event] = await classified(database)
    values = [value for value in event["data"].values() if isinstance(value, str)]
    assert all(word not in values for word in ("lamp", "lantaarnpaal", "kapotte"))
    assert "words" not in str(event["data"])


async def test_the_reason_goes_to_the_restricted_topic(database, hear, hear_text, report_id):
    await hear(report_id)
    await hear_text(report_id)
    [event] = await explained(database)
    assert event["topic"] == "meldstroom.classification.explanations.v1"
    assert len(event["data"]["predictions"]) == 3
    assert "lantaarnpaal" in event["data"]["predictions"][0]["words"]


async def test_the_trace_of_the_report_goes_on(database, hear, hear_text, report_id):
    await hear(report_id)
    await hear_text(report_id)
    for event in [*await classified(database), *await explained(database)]:
        assert event["traceparent"].split("-")[1] == "1" * 32


async def test_the_category_that_the_reporter_named_wins(database, hear, hear_text, report_id):
    await hear(report_id, category="klok")
    await hear_text(report_id)
    [event] = await classified(database)
    assert event["data"]["category"] == "klok"
    assert event["data"]["origin"] == "reporter"
    assert event["data"]["confidence"] is None
    assert event["data"]["modelVersion"] is None
    [reason] = await explained(database)
    assert reason["data"]["predictions"][0]["category"] == STREET_LIGHTING


@pytest.mark.parametrize("named", ["no-such-category", "prullenbak-is-vol", ""])
async def test_an_unknown_named_category_leaves_it_to_the_model(database, hear, hear_text, report_id, named):
    await hear(report_id, category=named)
    await hear_text(report_id)
    [event] = await classified(database)
    assert (event["data"]["category"], event["data"]["origin"]) == (STREET_LIGHTING, "model")


async def test_a_named_category_that_is_no_longer_used_leaves_it_to_the_model(database, hear, hear_text, report_id):
    async with database.transaction() as session:
        await session.execute(text("UPDATE categories SET active = false WHERE slug = 'klok'"))
    await hear(report_id, category="klok")
    await hear_text(report_id)
    [event] = await classified(database)
    assert event["data"]["origin"] == "model"


async def test_the_model_gives_no_category_that_the_municipality_does_not_use(database, hear, hear_text, report_id):
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE categories SET active = false WHERE slug = :slug"), {"slug": STREET_LIGHTING}
        )
    await hear(report_id)
    await hear_text(report_id)
    [event] = await classified(database)
    assert event["data"]["category"] != STREET_LIGHTING


async def test_an_event_that_comes_twice_changes_nothing(database, deliver, report_id):
    for _ in range(2):
        await deliver(
            "intake.reports", "intake.report-submitted", submitted(report_id), key=report_id, event_id="report"
        )
        await deliver(
            "intake.report-texts", "intake.report-text-recorded", text_recorded(report_id), key=report_id, event_id="t"
        )
    assert len(await classified(database)) == 1
    assert len(await explained(database)) == 1


async def test_the_same_news_under_another_event_id_changes_nothing(database, hear, hear_text, report_id):
    for _ in range(2):
        await hear(report_id)
        await hear_text(report_id)
    assert len(await classified(database)) == 1
    assert len(await explained(database)) == 1


async def test_a_report_without_a_known_word_becomes_overig(database, hear, hear_text, report_id):
    await hear(report_id)
    await hear_text(report_id, "12345 ???")
    [event] = await classified(database)
    assert (event["data"]["category"], event["data"]["mainCategory"]) == ("overig", "overig")


async def test_a_batch_with_many_reports_classifies_each(database, settings):
    from classification.incoming import subscriptions
    from commonground.messaging import Consumer
    from commonground.testing.events import record

    ids = [str(uuid4()) for _ in range(40)]
    records = [
        record("intake.report-texts", "intake.report-text-recorded", text_recorded(one), key=one, offset=place)
        for place, one in enumerate(ids)
    ] + [
        record("intake.reports", "intake.report-submitted", submitted(one), key=one, offset=place)
        for place, one in enumerate(ids)
    ]
    consumer = Consumer(settings, database, "classification", subscriptions(settings))
    await consumer.handle(records)
    assert sorted(event["key"] for event in await classified(database)) == sorted(ids)
    assert await buried(database) == []


async def test_a_removed_text_takes_its_words_along_everywhere(
    client, database, hear, hear_text, forget, report_id, tokens
):
    marker = "lantaarnpaal"
    await hear(report_id)
    await hear_text(report_id)
    await forget(report_id)
    async with database.transaction() as session:
        for table in ("reports", "classifications", "outbox", "inbox", "dead_letters"):
            rows = (await session.execute(text(f"SELECT * FROM {table} WHERE {table}::text LIKE '%GM0106%'"))).all()
            words = [str(row) for row in rows if report_id in str(row)]
            assert all(f'"{marker}"' not in row and f"'{marker}'" not in row for row in words)
    first, tombstone = [event for event in await outbox_events(database) if event["topic"].endswith("explanations.v1")]
    assert first["data"] is None
    assert tombstone["data"] is None
    assert tombstone["key"] == report_id
    rights = tokens.bearer("hanna", permissions=["case:read"])
    answer = (await client.get(f"/v1/reports/{report_id}/classifications", headers=rights)).json()
    assert answer["predictions"] == []
    assert answer["items"][0]["category"] == STREET_LIGHTING


async def test_a_removal_of_an_unknown_report_is_no_error_and_keeps_its_words_out(
    database, forget, hear_text, report_id
):
    await forget(report_id)
    await hear_text(report_id)
    assert await buried(database) == []
    async with database.transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM reports WHERE predictions IS NOT NULL"))).scalar() == 0
    assert await outbox_events(database, "classification.classification-explained") == []


async def test_a_handler_corrects_a_category(client, database, hear, hear_text, report_id, tokens):
    await hear(report_id)
    await hear_text(report_id)
    rights = tokens.bearer("karim", permissions=["category:correct"])
    answer = await client.post(f"/v1/reports/{report_id}/corrections", json={"category": "klok"}, headers=rights)
    assert answer.status_code == 201
    assert answer.json()["version"] == 2
    assert answer.json()["actor"] == str(user_id("karim"))
    event = (await classified(database))[-1]
    assert event["sequence"] == 2
    assert event["data"]["category"] == "klok"
    assert event["data"]["mainCategory"] == "wegen-verkeer-straatmeubilair"
    assert event["data"]["origin"] == "handler"
    assert str(user_id("karim")) not in str(event["data"])


async def test_the_history_shows_every_category_newest_first_and_why(client, hear, hear_text, report_id, tokens):
    await hear(report_id)
    await hear_text(report_id)
    rights = tokens.bearer("karim", permissions=["category:correct", "case:read"])
    await client.post(f"/v1/reports/{report_id}/corrections", json={"category": "klok"}, headers=rights)
    answer = await client.get(f"/v1/reports/{report_id}/classifications", headers=rights)
    assert answer.status_code == 200
    assert [(item["version"], item["origin"]) for item in answer.json()["items"]] == [(2, "handler"), (1, "model")]
    assert "lantaarnpaal" in answer.json()["predictions"][0]["words"]


async def test_a_correction_that_comes_before_the_text_is_not_overruled_by_the_model(
    client, database, hear, hear_text, report_id, tokens
):
    await hear(report_id)
    rights = tokens.bearer("karim", permissions=["category:correct"])
    await client.post(f"/v1/reports/{report_id}/corrections", json={"category": "klok"}, headers=rights)
    await hear_text(report_id)
    assert [event["data"]["category"] for event in await classified(database)] == ["klok"]


async def test_a_repeated_correction_with_the_same_key_counts_once(
    client, database, hear, hear_text, report_id, tokens
):
    await hear(report_id)
    await hear_text(report_id)
    rights = {**tokens.bearer("karim", permissions=["category:correct"]), "Idempotency-Key": "correct-1"}
    path = f"/v1/reports/{report_id}/corrections"
    answers = [await client.post(path, json={"category": "klok"}, headers=rights) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(await classified(database)) == 2
    other = await client.post(path, json={"category": "ratten"}, headers=rights)
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"category": "no-such-category"}, "body.category"),
        ({"category": "NOT A SLUG"}, "body.category"),
        ({}, "body.category"),
    ],
)
async def test_a_wrong_correction_is_refused_and_the_field_named(client, hear, report_id, tokens, body, field):
    await hear(report_id)
    rights = tokens.bearer("karim", permissions=["category:correct"])
    answer = await client.post(f"/v1/reports/{report_id}/corrections", json=body, headers=rights)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


async def test_a_report_of_another_municipality_does_not_exist_for_a_handler(client, hear, report_id, tokens):
    await hear(report_id)
    rights = tokens.bearer("elsewhere", permissions=["category:correct", "case:read"], municipalities=["GM0014"])
    path = f"/v1/reports/{report_id}"
    correction = await client.post(f"{path}/corrections", json={"category": "klok"}, headers=rights)
    assert correction.status_code == 404
    assert (await client.get(f"{path}/classifications", headers=rights)).status_code == 404


async def test_without_the_right_nothing_is_shown_or_corrected(client, hear, report_id, tokens):
    await hear(report_id)
    path = f"/v1/reports/{report_id}"
    assert (await client.get(f"{path}/classifications")).status_code == 401
    assert (await client.post(f"{path}/corrections", json={"category": "klok"})).status_code == 401
    reader = tokens.bearer("hanna", permissions=["case:read"])
    assert (await client.post(f"{path}/corrections", json={"category": "klok"}, headers=reader)).status_code == 403
    stranger = tokens.bearer("stranger")
    assert (await client.get(f"{path}/classifications", headers=stranger)).status_code == 403


async def test_an_unknown_report_is_not_found(client, tokens):
    rights = tokens.bearer("karim", permissions=["category:correct", "case:read"])
    unknown = UUID(int=1)
    assert (await client.get(f"/v1/reports/{unknown}/classifications", headers=rights)).status_code == 404
    assert (
        await client.post(f"/v1/reports/{unknown}/corrections", json={"category": "klok"}, headers=rights)
    ).status_code == 404
