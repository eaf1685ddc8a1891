"""The list of cases: who sees what, filters, orders, pages, search."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from handling.domain.worklist import SORTS
from handling.schemas import CaseCount, CasePage

PAST = "2026-01-05T16:00:00Z"
FUTURE = "2199-01-05T16:00:00Z"


@pytest.fixture
async def city(stories, staff, client, karim):
    """Twelve cases of three departments, some closed, some late, one assigned, one urgent, one without a department."""
    told = []
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for n in range(12):
        story = stories()
        department = ["VRL", "STW", "AFV"][n % 3]
        moment = (start + timedelta(days=n // 2)).isoformat()  # two of each moment
        await story.all_of_it(
            department=department,
            category="grofvuil" if department == "AFV" else "straatverlichting",
            deadline=[PAST, FUTURE, None][n % 3 if n < 6 else 2 - n % 3],
            submittedAt=moment,
            geometry={"type": "Point", "coordinates": [6.5 + n / 100, 53.0]},
            description=f"Kapotte lamp woord{n}" if n % 2 else f"Grof vuil op straat woord{n}",
        )
        told.append(story)
    lost = stories()
    await lost.submitted(submittedAt="2025-12-31T12:00:00Z")
    for story in told[:2]:
        await client.post(f"{story.path}/status-changes", json={"status": "closed", "text": "Klaar"}, headers=karim)
    await client.post(f"{told[3].path}/assignments", json={"assignee": staff["hanna"]}, headers=karim)
    await client.post(f"{told[4].path}/priorities", json={"priority": "high"}, headers=karim)
    return [*told, lost]


async def found(client, headers, **query) -> list[str]:
    answer = await client.get("/v1/cases", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    CasePage.model_validate_json(answer.content)
    counted = await client.get("/v1/cases/count", params=query, headers=headers)
    CaseCount.model_validate_json(counted.content)
    items = answer.json()["items"]
    assert counted.json() == {"count": len(items), "capped": False, "text": str(len(items))}
    return [item["number"] for item in items]


def numbers(city, *places) -> list[str]:
    return sorted(city[place].number for place in places)


async def test_everybody_sees_the_cases_that_are_theirs(client, city, hanna, wim, karim, tokens):
    assert sorted(await found(client, hanna)) == numbers(city, 0, 1, 3, 4, 6, 7, 9, 10)
    assert sorted(await found(client, wim)) == numbers(city, 2, 5, 8, 11)
    assert sorted(await found(client, karim)) == numbers(city, *range(13))
    nobody = tokens.bearer("x", permissions=["case:read"], departments=[])
    assert await found(client, nobody) == []
    elsewhere = tokens.bearer("x", permissions=["case:read-all"], municipalities=["GM0363"])
    assert await found(client, elsewhere) == []
    several = tokens.bearer("x", permissions=["case:read-all"], municipalities=["GM0363", "GM0106"])
    assert len(await found(client, several)) == 13
    many = tokens.bearer("x", permissions=["case:read"], departments=[f"D{n}" for n in range(20)] + ["VRL"])
    assert sorted(await found(client, many)) == numbers(city, 0, 3, 6, 9)


async def test_the_list_is_not_for_everyone(client, city, tokens):
    assert (await client.get("/v1/cases")).status_code == 401
    assert (await client.get("/v1/cases", headers={"Authorization": "Bearer x.y.z"})).status_code == 401
    answer = await client.get("/v1/cases", headers=tokens.bearer("x", permissions=["report:read"]))
    assert (answer.status_code, answer.json()["detail"]) == (403, "Missing permission: case:read")


async def test_filters_narrow_the_list(client, city, staff, hanna, karim):
    assert sorted(await found(client, karim, status="closed")) == numbers(city, 0, 1)
    assert len(await found(client, karim, status="closed,reported")) == 13
    assert len(await found(client, karim, status=["closed", "reported"])) == 13
    assert len(await found(client, karim, status="reported")) == 11
    assert sorted(await found(client, karim, department="AFV")) == numbers(city, 2, 5, 8, 11)
    assert sorted(await found(client, karim, department="none")) == numbers(city, 12)
    assert len(await found(client, karim, department="none,AFV")) == 5
    assert await found(client, hanna, department="AFV") == []
    assert sorted(await found(client, hanna, department="STW,AFV")) == numbers(city, 1, 4, 7, 10)
    assert sorted(await found(client, karim, category="grofvuil")) == numbers(city, 2, 5, 8, 11)
    assert len(await found(client, karim, mainCategory="wegen-verkeer-straatmeubilair")) == 12
    assert await found(client, karim, mainCategory="afval") == []
    assert await found(client, hanna, assignee="me") == numbers(city, 3)
    assert await found(client, karim, assignee=staff["hanna"]) == numbers(city, 3)
    assert len(await found(client, karim, assignee="none")) == 12
    assert await found(client, karim, priority="high") == numbers(city, 4)
    assert await found(client, karim, priority="high,low", status="reported") == numbers(city, 4)
    assert len(await found(client, karim, priority=["normal", "high"])) == 13
    assert await found(client, karim, number=city[5].number) == [city[5].number]
    assert await found(client, karim, number="X-20006") == []
    assert await found(client, karim, number="geen nummer") == []
    assert sorted(await found(client, karim, bbox="6.495,52.9,6.525,53.1")) == numbers(city, 0, 1, 2)
    assert await found(client, karim, bbox="4,51,4.1,51.1") == []
    assert sorted(
        await found(client, karim, submittedFrom="2026-01-02T00:00:00Z", submittedTo="2026-01-03T12:00:00Z")
    ) == numbers(city, 2, 3)
    assert len(await found(client, karim, submittedTo="2026-01-01")) == 1
    assert len(await found(client, karim, municipality="GM0106")) == 13
    assert await found(client, karim, municipality="GM0363") == []


async def test_late_is_open_and_behind_its_deadline(client, city, karim):
    late = await found(client, karim, late=True)
    items = (await client.get("/v1/cases", params={"limit": 100}, headers=karim)).json()["items"]
    assert sorted(late) == sorted(item["number"] for item in items if item["late"])
    assert city[3].number in late
    assert city[0].number not in late  # behind its deadline, and closed
    assert len(late) + len(await found(client, karim, late=False)) == 13


async def test_words_are_searched_in_text_and_address_together_with_filters(client, city, hanna, karim):
    assert len(await found(client, karim, q="lamp")) == 6
    assert len(await found(client, karim, q="LAMPEN")) == 6
    assert len(await found(client, karim, q="vaart")) == 12
    assert len(await found(client, karim, q="9401GK")) == 12
    assert await found(client, karim, q="woord7") == [city[7].number]
    assert sorted(await found(client, hanna, q="lamp", status="closed")) == numbers(city, 1)
    assert await found(client, karim, q="olifant") == []
    assert await found(client, karim, q="de") == []
    assert len(await found(client, karim, q="  ")) == 13


async def test_a_number_finds_that_case_alone_and_ignores_filters(client, city, hanna, karim):
    for typed in (city[2].number, city[2].number.lower(), city[2].number.removeprefix("M-")):
        assert await found(client, karim, q=typed, status="closed", department="VRL") == [city[2].number]
    assert await found(client, hanna, q=city[2].number) == []  # of another department
    assert len(await found(client, karim, q="12")) == 12  # no case has this number, a house does


@pytest.mark.parametrize("order", SORTS)
async def test_pages_show_every_case_once_in_every_order(client, city, hanna, karim, order):
    for headers, query in product((hanna, karim), ({}, {"status": "reported"}, {"q": "lamp"})):
        whole = await found(client, headers, sort=order, limit=200, **query)
        pages, cursor = [], None
        while True:
            params = {"sort": order, "limit": 2, **query, **({"cursor": cursor} if cursor else {})}
            page = (await client.get("/v1/cases", params=params, headers=headers)).json()
            pages += [item["number"] for item in page["items"]]
            cursor = page["nextCursor"]
            if cursor is None:
                break
            assert len(page["items"]) == 2
        assert pages == whole
        assert len(set(pages)) == len(pages)


def key(item, name):
    closed = item["status"] == "closed"
    # Closed cases and those without a term are never due; among each other they stand in no promised order.
    due = "9999" if closed else item["deadline"] or "9999"
    urgency = 0 if closed else ["low", "normal", "high"].index(item["priority"]) + 1
    return {
        "submittedAt": item["submittedAt"],
        "changedAt": item["changedAt"],
        "deadline": due,
        "priority": (urgency, item["submittedAt"]),
        "number": int(item["number"].removeprefix("M-")),
    }[name]


@pytest.mark.parametrize("order", SORTS)
async def test_the_order_is_the_asked_one(client, city, karim, order):
    items = (await client.get("/v1/cases", params={"sort": order}, headers=karim)).json()["items"]
    keys = [key(item, order.removeprefix("-")) for item in items]
    assert keys == sorted(keys, reverse=order.startswith("-"))


async def test_a_case_that_comes_while_somebody_pages_shifts_nothing(client, city, stories, karim):
    first = (await client.get("/v1/cases", params={"limit": 5}, headers=karim)).json()
    await stories().all_of_it()
    params = {"limit": 200, "cursor": first["nextCursor"]}
    rest = (await client.get("/v1/cases", params=params, headers=karim)).json()
    seen = [item["number"] for item in first["items"] + rest["items"]]
    assert sorted(seen) == numbers(city, *range(13))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "201"}, "query.limit"),
        ({"limit": "ten"}, "query.limit"),
        ({"sort": "colour"}, "query.sort"),
        ({"cursor": "nonsense"}, "query.cursor"),
        ({"cursor": "WyItc3VibWl0dGVkQXQiLDFd"}, "query.cursor"),
        ({"status": "gone"}, "query.status"),
        ({"status": "closed,gone"}, "query.status"),
        ({"priority": "burning"}, "query.priority"),
        ({"bbox": "1,2,3"}, "query.bbox"),
        ({"bbox": "a,b,c,d"}, "query.bbox"),
        ({"bbox": "7,53,6,52"}, "query.bbox"),
        ({"bbox": "6,54,7,53"}, "query.bbox"),
        ({"late": "perhaps"}, "query.late"),
        ({"submittedFrom": "yesterday"}, "query.submittedFrom"),
        ({"submittedTo": "0001-01-01T00:00:00+14:00"}, "query.submittedTo"),
        ({"q": "a\x00b"}, "query.q"),
        ({"department": "a\x00b"}, "query.department.0"),
        ({"assignee": "a\x00b"}, "query.assignee"),
        ({"q": "x" * 201}, "query.q"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_the_name_of_the_field(client, karim, query, field):
    for path in ("/v1/cases",) if query.keys() & {"limit", "sort", "cursor"} else ("/v1/cases", "/v1/cases/count"):
        answer = await client.get(path, params=query, headers=karim)
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert "nonsense" not in answer.text
        assert "colour" not in answer.text


async def test_statuses_are_told_with_names_and_next_steps(client, hanna):
    items = (await client.get("/v1/statuses", headers=hanna)).json()["items"]
    by_code = {item["code"]: item for item in items}
    assert by_code["in-progress"]["label"] == {"nl": "In behandeling", "en": "In progress"}
    assert by_code["closed"]["next"] == ["reopened"]
    assert not by_code["closed"]["open"]
    assert by_code["external-sent"]["applicationOnly"]


async def test_those_who_can_be_given_a_case(client, staff, hanna, tokens):
    async def names(headers, **query):
        answer = await client.get("/v1/assignees", params=query, headers=headers)
        assert "example.org" not in answer.text
        return [item["name"] for item in answer.json()["items"]]

    assert await names(hanna) == ["Hanna", "Karim", "Wim"]
    assert await names(hanna, department="VRL") == ["Hanna", "Karim"]
    elsewhere = tokens.bearer("x", permissions=["case:read"], municipalities=["GM0363"])
    assert await names(elsewhere) == []
