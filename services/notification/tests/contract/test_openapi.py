"""Notification does what its OpenAPI document says, whatever it is asked."""

import pytest

from commonground.testing.fuzzing import answers_as_documented


@pytest.fixture
async def known(tell, send_all, client, staff, report_id) -> dict[str, list[str]]:
    """Parameters of a confirmation that was delivered."""
    await tell.contact()
    await tell.text()
    await tell.routing()
    await send_all()
    listed = (await client.get("/v1/messages", headers=staff)).json()["items"]
    return {
        "path.messageId": [item["id"] for item in listed],
        "query.reportId": [str(report_id)],
        "query.municipality": ["GM0106"],
        "body.reportId": [str(report_id)],
        "body.municipality": ["GM0106"],
    }


@pytest.fixture
def staff(tokens):
    return tokens.bearer("ada", permissions=["message:read", "message:resend", "template:manage", "contact:read"])


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(app, known, staff, tmp_path):
    await answers_as_documented(app, staff, tmp_path, known=known)
