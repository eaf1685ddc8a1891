"""Classification does what its OpenAPI document says, whatever it is asked."""

import pytest

from commonground.testing.fuzzing import answers_as_documented


@pytest.fixture
async def known(seeded, deliver, report_id) -> dict[str, list[str]]:
    """Parameters of a report that has been classified."""
    report = {
        "reportId": report_id,
        "number": "M-10001",
        "municipality": "GM0106",
        "geometry": {"type": "Point", "coordinates": [6.5625, 52.9967]},
        "submittedAt": "2026-11-20T09:30:00Z",
        "source": "web",
        "chosenCategory": None,
    }
    words = {
        "reportId": report_id,
        "municipality": "GM0106",
        "description": "De lantaarnpaal is stuk",
        "language": "nl",
    }
    await deliver("intake.reports", "intake.report-submitted", report, key=report_id)
    await deliver("intake.report-texts", "intake.report-text-recorded", words, key=report_id)
    return {
        "path.reportId": [report_id],
        "query.municipality": ["GM0106"],
        "body.municipality": ["GM0106"],
        "body.category": ["lantaarnpaal-straatverlichting"],
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(app, known, tokens, tmp_path):
    staff = tokens.bearer("karim", permissions=["case:read", "case:read-all", "category:correct"])
    await answers_as_documented(app, staff, tmp_path, known=known)
