"""Handling does what its OpenAPI document says, whatever it is asked."""

import pytest

from commonground.testing.fuzzing import answers_as_documented


@pytest.fixture
async def known(staff, story, stories) -> dict[str, list[str]]:
    """Parameters of three cases."""
    cases = [story, stories(), stories()]
    for case in cases:
        await case.all_of_it()
    return {
        "path.caseId": [str(case.case_id) for case in cases],
        "query.department": ["VRL"],
        "query.municipality": ["GM0106"],
        "body.assignee": [staff["hanna"]],
        "body.text": ["De monteur komt morgen"],
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(app, known, karim, tmp_path):
    await answers_as_documented(app, karim, tmp_path, known=known)
