"""Insight does what its OpenAPI document says, whatever it is asked."""

import pytest

from commonground.testing.fuzzing import answers_as_documented


@pytest.fixture
async def known(telling) -> dict[str, list[str]]:
    """Parameters of two reports on the public map, one of them closed."""
    await telling.category()
    await telling.department()
    for report in (telling, telling.another()):
        await report.submitted()
        await report.classified()
        await report.routed()
        await report.opened()
    await telling.changed()
    return {
        "query.municipality": ["GM0106"],
        "query.category": ["lantaarnpaal-straatverlichting"],
        "query.bbox": ["6.5,52.9,6.6,53.1"],
        "query.from": ["2026-01-01"],
        "query.to": ["2026-12-31"],
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(app, known, tokens, tmp_path):
    await answers_as_documented(app, tokens.bearer("tessa", permissions=["statistics:read"]), tmp_path, known=known)
