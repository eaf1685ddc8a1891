"""Notification does what its OpenAPI document says, whatever it is asked."""

import pytest

from commonground.testing.fuzzing import answers_as_documented
from notification.store import subscriptions


@pytest.fixture
async def known(app, monkeypatch, tell, send_all, client, staff, report_id) -> dict[str, list[str]]:
    """Parameters of a confirmation that was delivered, and of a webhook whose receiver is away."""

    async def this_machine(_host, _port):
        return ["127.0.0.1"]

    async def stay(_session, _subscription_id):
        """Deleting is proven elsewhere; here the calls that follow need the subscription."""

    monkeypatch.setattr(subscriptions, "delete", stay)
    app.state.resolve = this_machine
    app.state.settings = app.state.settings.model_copy(update={"webhook_allowed_networks": "127.0.0.0/8"})
    hook = {"name": "Afvalbedrijf", "targetUrl": "https://receiver.example.org/meldstroom"}
    made = (await client.post("/v1/webhook-subscriptions", json=hook, headers=staff)).json()
    await tell.contact()
    await tell.text()
    await tell.routing()
    await send_all()
    listed = (await client.get("/v1/messages", headers=staff)).json()["items"]
    return {
        "path.messageId": [item["id"] for item in listed],
        "path.subscriptionId": [made["id"]],
        "body.targetUrl": [made["targetUrl"]],
        "query.reportId": [str(report_id)],
        "query.municipality": ["GM0106"],
        "body.reportId": [str(report_id)],
        "body.municipality": ["GM0106"],
    }


@pytest.fixture
def staff(tokens):
    rights = ["message:read", "message:resend", "template:manage", "contact:read", "webhook:manage"]
    return tokens.bearer("ada", permissions=rights)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(app, known, staff, tmp_path):
    await answers_as_documented(app, staff, tmp_path, known=known)
