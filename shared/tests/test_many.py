"""Many rows with one statement, against a real database."""

from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from commonground import many

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("id", UUID, unique=True),
    sa.Column("name", sa.Text),
    sa.Column("facts", JSONB),
)
ALL = sa.select(things.c.name, things.c.facts).order_by(things.c.position)


@pytest.fixture
async def session(database):
    async with database.transaction() as opened:
        await opened.execute(sa.schema.CreateTable(things))
        yield opened


def thing(name, facts=None):
    return {"id": uuid4(), "name": name, "facts": facts}


async def insert(session, *rows):
    statement = many.inserted(things, ("id", "name", "facts"))
    await session.execute(statement, many.arrays(things, rows))


async def test_rows_keep_their_order_and_their_values(session):
    rows = [thing("lamp", {"a": [1, "ë"]}), thing(None, []), thing("x'); DROP TABLE things; --")]
    await insert(session, *rows)
    assert [tuple(row) for row in await session.execute(ALL)] == [(row["name"], row["facts"]) for row in rows]


async def test_what_is_not_there_is_null_and_not_the_json_word_for_it(session):
    await insert(session, thing("lamp"))
    assert (await session.execute(sa.select(things.c.facts.is_(sa.null())))).scalar_one()


async def test_one_statement_serves_any_number_of_rows(session):
    assert many.inserted(things, ("id", "name")) is many.inserted(things, ("id", "name"))
    await insert(session, *(thing(str(number)) for number in range(1000)))
    await insert(session, thing("last"))
    assert (await session.execute(sa.select(sa.func.count()).select_from(things))).scalar_one() == 1001


async def test_rows_are_changed_each_with_its_own_values(session):
    rows = [thing("lamp"), thing("tree"), thing("bin")]
    await insert(session, *rows)
    new = many.incoming(things, ("id", "facts"))
    changes = [{"id": row["id"], "facts": {"was": row["name"]}} for row in rows[:2]]
    statement = sa.update(things).where(things.c.id == new.c.id).values(facts=new.c.facts)
    await session.execute(statement, many.arrays(things, changes))
    found = dict((await session.execute(sa.select(things.c.name, things.c.facts))).tuples().all())
    assert found == {"lamp": {"was": "lamp"}, "tree": {"was": "tree"}, "bin": None}


versions = sa.Table(
    "versions",
    sa.MetaData(),
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("removed", sa.Text),
)


async def test_only_what_is_newer_changes_a_row_whatever_the_order_and_however_often(session):
    await session.execute(sa.schema.CreateTable(versions))
    names = ("place", "code", "name", "sequence")
    merge = many.newer(many.inserted(versions, names), versions, names, "sequence", unless="removed")

    async def told(code, name, sequence):
        row = {"place": "GM0106", "code": code, "name": name, "sequence": sequence}
        await session.execute(merge, many.arrays(versions, [row]))

    await session.execute(sa.insert(versions).values(place="GM0106", code="unknown yet"))
    await session.execute(sa.insert(versions).values(place="GM0106", code="gone", sequence=1, removed="yes"))
    for code, name, sequence in (("a", "2", 2), ("a", "1", 1), ("a", "again", 2), ("b", "1", 1), ("b", "2", 2)):
        await told(code, name, sequence)
    await told("unknown yet", "0", 0)
    await told("gone", "2", 2)

    found = await session.execute(sa.select(versions.c.code, versions.c.name).order_by(versions.c.code))
    assert [tuple(row) for row in found] == [("a", "2"), ("b", "2"), ("gone", None), ("unknown yet", "0")]
