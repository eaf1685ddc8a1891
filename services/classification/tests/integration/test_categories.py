"""The category tree: seeding it, telling it, reading it."""

from sqlalchemy import text

from classification import use_cases
from commonground.testing.events import outbox_events


async def test_residents_can_read_the_tree(client, seeded):
    answer = await client.get("/v1/categories")
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert len(items) == 13
    assert sum(len(item["subcategories"]) for item in items) == 123
    assert items[0]["slug"] == "afval"
    roads = next(item for item in items if item["slug"] == "wegen-verkeer-straatmeubilair")
    lamp = next(one for one in roads["subcategories"] if one["slug"] == "lantaarnpaal-straatverlichting")
    assert lamp["publicNameNl"]
    assert lamp["descriptionEn"]
    assert roads["public"] is True


async def test_a_category_that_is_no_longer_used_is_not_shown(client, seeded, database):
    async with database.transaction() as session:
        await session.execute(text("UPDATE categories SET active = false WHERE slug = 'klok'"))
    items = (await client.get("/v1/categories")).json()["items"]
    assert "klok" not in [one["slug"] for item in items for one in item["subcategories"]]


async def test_a_municipality_that_is_not_served_has_no_tree_here(client, seeded):
    answer = await client.get("/v1/categories", params={"municipality": "GM9999"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "query.municipality"


async def test_seeding_tells_every_category_once(database, seeded):
    told = await outbox_events(database, "classification.category-changed")
    assert len(told) == 123
    lamp = next(event for event in told if event["key"] == "GM0106:lantaarnpaal-straatverlichting")
    assert lamp["sequence"] == 1
    assert lamp["topic"] == "meldstroom.classification.categories.v1"
    assert lamp["data"]["mainNameNl"]
    assert lamp["data"]["active"] is True


async def test_seeding_again_changes_and_tells_nothing(database, seeded):
    async with database.transaction() as session:
        assert await use_cases.seed_categories(session, "GM0106") == 0
    assert len(await outbox_events(database)) == 123


async def test_seeding_after_a_change_tells_only_what_changed(database, seeded):
    async with database.transaction() as session:
        await session.execute(text("UPDATE categories SET name_nl = 'x' WHERE slug = 'klok'"))
        assert await use_cases.seed_categories(session, "GM0106") == 1
    newest = (await outbox_events(database))[-1]
    assert (newest["key"], newest["sequence"]) == ("GM0106:klok", 2)


async def test_a_new_name_of_a_main_category_is_told_with_each_category_below_it(database, seeded):
    async with database.transaction() as session:
        await session.execute(text("UPDATE main_categories SET name_nl = 'x' WHERE slug = 'overig'"))
        assert await use_cases.seed_categories(session, "GM0106") == 2


async def test_two_municipalities_each_have_their_own_tree(database, seeded):
    async with database.transaction() as session:
        assert await use_cases.seed_categories(session, "GM0014") == 123
    keys = {event["key"] for event in await outbox_events(database)}
    assert {"GM0106:klok", "GM0014:klok"} <= keys
