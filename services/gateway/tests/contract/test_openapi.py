"""The gateway's own API does what its document says, whatever it is asked."""

import pytest

from commonground.database import Database
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
