"""Intake does what its OpenAPI document says, whatever it is asked."""

import io

import pytest
from PIL import Image

from commonground.testing.fuzzing import answers_as_documented


@pytest.fixture
async def known(client, report) -> dict[str, list]:
    """Parameters of a report with a photo."""
    photo = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(photo, "JPEG")
    upload = (await client.post("/v1/uploads", files={"file": ("foto.jpg", photo.getvalue(), "image/jpeg")})).json()
    body = report | {"attachments": [upload["id"]], "contact": {"email": "melder@example.org"}}
    made = (await client.post("/v1/reports", json=body)).json()
    return {
        "path.reportId": [made["id"]],
        "path.attachmentId": [upload["id"]],
        "path.token": [made["statusUrl"].rsplit("/", 1)[1]],
        "body.location": [report["location"], report["location"] | {"address": {"street": "Vaart", "houseNumber": 12}}],
        "body.occurredAt": [None],
        "body.category": [None],
        "body.contact": [{"email": "melder@example.org", "phone": "0592 366911"}],
        "body.attachments": [[]],
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(app, known, tokens, tmp_path):
    staff = tokens.bearer("karim", permissions=["report:read", "case:read", "contact:read", "report:anonymise"])
    await answers_as_documented(app, staff, tmp_path, known=known)
