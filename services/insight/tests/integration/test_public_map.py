"""The public map: what is on it, what is not, and in any order of events."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from sqlalchemy import text

from commonground.testing.events import buried

WHOLE = {"bbox": "6.3,52.8,6.8,53.2"}


async def features(client, **params):
    answer = await client.get("/v1/public-cases", params={**WHOLE, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()["features"]


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def everything(telling):
    await telling.category()
    await telling.submitted()
    await telling.classified()
    await telling.opened()


async def test_an_open_case_of_a_public_category_stands_on_the_map(client, telling):
    await everything(telling)

    assert await features(client) == [
        {
            "type": "Feature",
            "id": str(telling.case),
            "geometry": {"type": "Point", "coordinates": [6.5625, 52.9967]},
            "properties": {
                "id": str(telling.case),
                "submittedAt": "2026-11-20",
                "status": "open",
                "category": "lantaarnpaal-straatverlichting",
                "name": {"nl": "Straatverlichting", "en": "Street lighting"},
            },
        }
    ]


@pytest.mark.parametrize("order", list(permutations(["category", "submitted", "classified", "changed"])))
async def test_the_order_of_events_does_not_matter(client, telling, order):
    for step in order:
        await getattr(telling, step)()
    await telling.opened()  # the oldest event of the case comes last

    (feature,) = await features(client)
    assert feature["properties"]["status"] == "closed"


async def test_the_same_events_under_other_ids_change_nothing(client, telling):
    await everything(telling)
    await telling.changed()
    await everything(telling)

    assert [feature["properties"]["status"] for feature in await features(client)] == ["closed"]


async def test_a_report_stands_on_the_map_before_its_case_is_known(client, telling):
    await telling.category()
    await telling.submitted()
    assert await features(client) == []  # no category, so nobody knows whether it may be shown

    await telling.classified()
    (feature,) = await features(client)
    assert (feature["id"], feature["properties"]["status"]) == (str(telling.case), "open")


async def test_a_category_that_is_not_public_is_not_on_the_map(client, telling):
    await everything(telling)
    await telling.category(public=False, sequence=2)

    assert await features(client) == []


async def test_a_report_that_moves_to_a_hidden_category_leaves_the_map(client, telling):
    await everything(telling)
    await telling.category("jongerenoverlast", public=False)
    await telling.classified("jongerenoverlast", sequence=2)

    assert await features(client) == []


async def test_a_removed_category_takes_its_reports_off_the_map(client, telling):
    await everything(telling)
    await telling.category_removed()

    assert await features(client) == []


async def test_a_renamed_category_is_renamed_for_all_its_reports(client, telling):
    await everything(telling)
    await telling.category(name='Licht "op straat"', sequence=2)
    await telling.category(name="Oud", sequence=1)

    (feature,) = await features(client)
    assert feature["properties"]["name"]["nl"] == 'Licht "op straat"'


async def test_a_closed_case_stays_for_thirty_days(client, telling):
    await everything(telling)
    await telling.changed(at=days_ago(29))
    (feature,) = await features(client)
    assert feature["properties"]["status"] == "closed"

    another = telling.another()
    await everything(another)
    await another.changed(at=days_ago(32))
    assert [one["id"] for one in await features(client)] == [str(telling.case)]


async def test_a_reopened_case_is_open_again(client, telling):
    await everything(telling)
    await telling.changed(sequence=2)
    await telling.changed("open", sequence=3)

    (feature,) = await features(client)
    assert feature["properties"]["status"] == "open"


async def test_a_report_joined_to_another_case_leaves_the_point_to_that_case_until_it_is_taken_out(client, telling):
    await everything(telling)
    await telling.opened(case=uuid4(), at="2100-01-01T00:00:00Z", sequence=7)
    assert await features(client) == []

    await telling.changed("open", at="2100-01-02T00:00:00Z", sequence=2)
    assert len(await features(client)) == 1


async def test_only_what_lies_in_the_box_is_given(client, telling):
    await everything(telling)

    assert len(await features(client, bbox="6.56,52.99,6.57,53.0")) == 1
    assert await features(client, bbox="6.60,52.99,6.70,53.0") == []
    assert len((await client.get("/v1/public-cases")).json()["features"]) == 1


async def test_category_and_status_narrow_the_map(client, telling):
    await everything(telling)
    other = telling.another()
    await other.category("boom", name="Boom")
    await other.submitted()
    await other.classified("boom")
    await other.changed()

    async def cases(**params):
        return {feature["id"] for feature in await features(client, **params)}

    assert await cases() == {str(telling.case), str(other.case)}
    assert await cases(category="boom") == {str(other.case)}
    assert await cases(status="open") == {str(telling.case)}
    assert await cases(status="closed") == {str(other.case)}
    assert await cases(category="boom", status="open") == set()


async def test_reports_of_a_municipality_that_is_not_served_are_not_shown(client, telling):
    await telling.category()
    await telling.submitted(municipality="GM0363")
    await telling.classified(municipality="GM0363")

    assert await features(client) == []
    assert await features(client, municipality="GM0363") == []


async def test_coordinates_are_rounded_to_a_metre(client, telling):
    await everything(telling)
    await telling.submitted(place=(6.562_512_349, 52.996_712_349), sequence=2)

    (feature,) = await features(client)
    assert feature["geometry"]["coordinates"] == [6.56251, 52.99671]


async def test_nothing_of_a_person_or_a_text_is_kept_at_all(client, telling, deliver, database):
    await everything(telling)
    marker = "jan.jansen@example.org"
    data = {"reportId": str(telling.report), "municipality": "GM0106", "email": marker, "description": marker}
    await deliver("intake.reports", "intake.report-submitted", {**SUBMITTED, **data}, key="x", sequence=5)

    async with database.transaction() as session:
        for table in ("reports", "categories", "outbox", "dead_letters"):
            query = text(f"SELECT count(*) FROM {table} t WHERE t::text LIKE :marker")
            assert (await session.execute(query, {"marker": f"%{marker}%"})).scalar_one() == 0
    assert marker not in (await client.get("/v1/public-cases")).text


SUBMITTED = {
    "geometry": {"type": "Point", "coordinates": [6.5625, 52.9967]},
    "submittedAt": "2026-11-20T09:30:00Z",
}


async def test_an_answer_may_be_kept_shortly_and_a_repeat_costs_nothing(client, telling):
    await everything(telling)
    first = await client.get("/v1/public-cases", params=WHOLE)
    headers = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    same = await client.get("/v1/public-cases", params=WHOLE, headers=headers)
    await telling.changed()
    changed = await client.get("/v1/public-cases", params=WHOLE, headers=headers)

    assert first.headers["content-type"] == "application/geo+json"
    assert first.headers["cache-control"] == "public, max-age=15"
    assert (same.status_code, same.content) == (304, b"")
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_a_large_map_is_compressed_for_who_can_read_that(client, telling):
    for _ in range(10):
        await everything(telling.another())
    whole = await client.get("/v1/public-cases", params=WHOLE, headers={"Accept-Encoding": "identity"})
    small = await client.get("/v1/public-cases", params=WHOLE, headers={"Accept-Encoding": "br, gzip"})

    assert "content-encoding" not in whole.headers
    assert small.headers["content-encoding"] == "gzip"
    assert whole.headers["vary"] == small.headers["vary"] == "Accept-Encoding"
    assert small.num_bytes_downloaded < whole.num_bytes_downloaded / 2
    assert small.json() == whole.json()


async def test_an_empty_map_is_an_empty_collection(client):
    assert (await client.get("/v1/public-cases")).json() == {"type": "FeatureCollection", "features": []}


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"bbox": ""}, "query.bbox"),
        ({"bbox": "1,2,3"}, "query.bbox"),
        ({"bbox": "x,y,z,w"}, "query.bbox"),
        ({"bbox": "7,52,6,53"}, "query.bbox"),
        ({"bbox": "-1000,0,0,1"}, "query.bbox"),
        ({"bbox": "1" * 300}, "query.bbox"),
        ({"bbox": "\x00"}, "query.bbox"),
        ({"category": "NOT A SLUG"}, "query.category"),
        ({"category": "a\x00"}, "query.category"),
        ({"status": "half-open"}, "query.status"),
        ({"municipality": "Assen"}, "query.municipality"),
    ],
)
async def test_a_question_that_cannot_be_is_refused_with_its_field(client, params, field):
    answer = await client.get("/v1/public-cases", params=params)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_the_legend_holds_public_categories_in_plain_words(client, telling):
    await telling.category()
    await telling.category("jongerenoverlast", public=False)

    assert (await client.get("/v1/categories")).json() == {
        "items": [
            {
                "municipality": "GM0106",
                "slug": "lantaarnpaal-straatverlichting",
                "name": {"nl": "Straatverlichting", "en": "Street lighting"},
                "mainCategory": "wegen-verkeer-straatmeubilair",
                "mainName": {"nl": "Wegen, verkeer, straatmeubilair", "en": "Roads, traffic, street furniture"},
            }
        ],
        "nextCursor": None,
    }


async def test_an_event_that_cannot_be_read_does_not_hold_the_others(client, telling, deliver, database):
    await deliver("intake.reports", "intake.report-submitted", {"reportId": "x"}, key="x")
    await everything(telling)

    assert len(await buried(database)) == 1
    assert len(await features(client)) == 1
