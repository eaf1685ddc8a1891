"""A deployment may leave blocks out: their pages are not there, and other pages do without them."""

import pytest


@pytest.fixture
def leave_out(pages_app):
    def left_out(*names):
        for name in names:
            del pages_app.state.pages.blocks.addresses[name]

    return left_out


@pytest.mark.parametrize(
    ("block", "path"),
    [
        ("intake", "/melden/beschrijf"),
        ("intake", "/melding/abcdefghij0123456789AB"),
        ("insight", "/kaart"),
        ("handling", "/behandelen"),
        ("handling", "/behandelen/M-10001"),
    ],
)
async def test_a_page_without_its_block_is_not_there_and_says_why(hanna, leave_out, block, path):
    leave_out(block)
    answer = await hanna.get(path)
    assert answer.status_code == 404
    assert "Dit onderdeel is hier niet in gebruik" in answer.text


async def test_no_page_leads_to_what_is_not_there(visitor, leave_out):
    leave_out("intake", "insight", "handling")
    for path in ("/", "/privacy"):
        page = (await visitor.get(path)).text
        for target in ("/melden/beschrijf", "/kaart", "/behandelen"):
            assert f'href="{target}"' not in page


async def test_the_map_without_intake_invites_nobody_to_report(visitor, leave_out):
    leave_out("intake")
    page = (await visitor.get("/kaart")).text
    assert "Wat is er gemeld?" in page
    assert "/melden/beschrijf" not in page


async def test_a_case_leaves_out_what_the_missing_blocks_would_show(hanna, leave_out):
    leave_out("classification", "routing", "notification")
    page = (await hanna.get("/behandelen/M-10001")).text
    assert "nu niet bereikbaar" not in page  # trying again would not help
    for part in ("Berichten aan de melder", "Ander onderwerp", "Naar deze afdeling", "Stuur dit bericht aan de melder"):
        assert part not in page
    assert "er wordt geen bericht verstuurd" in page


async def test_the_list_does_without_categories_and_departments(hanna, leave_out):
    leave_out("classification", "routing")
    answer = await hanna.get("/behandelen")
    assert answer.status_code == 200
    assert "M-10001" in answer.text


async def test_a_photo_without_intake_is_not_there(hanna, leave_out):
    leave_out("intake")
    one = "0198f2a0-0000-7000-8000-000000000001"
    assert (await hanna.get(f"/behandelen/M-10001/fotos/{one}/{one}/thumbnail")).status_code == 404
