"""The gateway's own API does what its document says, whatever it is asked."""

import pytest

from commonground.database import Database
from commonground.testing.fuzzing import answers_as_documented
from gateway import store
from gateway.keys import KeyRing
from gateway.main import create_app
from gateway.settings import Settings


@pytest.fixture
def document():
    blank = Settings(database_url="postgresql://none/none")
    return create_app(blank, Database(blank, name="test")).openapi()


def test_every_operation_has_a_name_a_summary_and_problems(document):
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"], path
            assert "500" in operation["responses"]


def test_pages_and_sign_in_stand_in_no_api_document(document):
    assert set(document["paths"]) == {
        "/me",
        "/permissions",
        "/roles",
        "/roles/{roleId}",
        "/tokens",
        "/users",
        "/users/{userId}",
    }


def test_only_the_token_endpoint_is_open_to_who_has_no_token(document):
    open_to_all = {
        path
        for path, item in document["paths"].items()
        for operation in item.values()
        if not any("HTTPBearer" in scheme for scheme in operation["security"])
    }
    assert open_to_all == {"/tokens"}


@pytest.fixture
async def administrator(settings, database, seeded):
    """Header of an administrator of the seed."""
    async with database.transaction() as session:
        rights = await store.rights_of_username(session, "administrator")
    return {"Authorization": f"Bearer {await KeyRing(settings, database).token(rights, seconds=600)}"}


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(app, client, administrator, tmp_path):
    known = {
        "path.roleId": await ids(client, administrator, "/v1/roles"),
        "path.userId": await ids(client, administrator, "/v1/users"),
        "body.permissions": [["case:read", "case:note"]],
        "body.email": ["iemand@example.org"],
        "body.roles": [[]],
        "body.expectedVersion": [None],
    }
    await answers_as_documented(app, administrator, tmp_path, known=known)


async def ids(client, headers, path):
    return [item["id"] for item in (await client.get(path, headers=headers)).json()["items"]]
