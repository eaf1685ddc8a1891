"""The administration page of events that blocks could not handle."""

import pytest

PAGE = "/beheer/niet-verwerkt"


@pytest.fixture
async def ada(visitor):
    """The browser of somebody who may deal with dead letters."""
    visitor.cookies.set("staff", "ada")
    return visitor


@pytest.fixture
async def letter(ada):
    """Path of the page of the one letter that there is."""
    page = (await ada.get(PAGE)).text
    start = page.index(f"{PAGE}/routing/", page.index('id="routing"'))
    return page[start : page.index('"', start)]


async def test_who_lacks_the_permission_sees_neither_the_page_nor_the_link(hanna):
    answer = await hanna.get(PAGE)
    assert answer.status_code == 403
    assert "dead-letter:manage" in answer.text
    assert PAGE not in (await hanna.get("/behandelen")).text


async def test_all_blocks_are_listed_and_one_that_is_away_hides_nothing_of_the_others(ada, stub):
    stub.away = {"insight"}
    page = (await ada.get(PAGE)).text
    assert "LookupError at routing.use_cases:41" in page
    assert "De gebeurtenissen van dit onderdeel kunnen nu niet worden getoond." in page
    for block in ("intake", "classification", "handling", "notification"):
        assert f'id="{block}"' in page


async def test_a_letter_shows_its_envelope_and_says_that_its_data_are_hidden(ada, letter):
    page = (await ada.get(letter)).text
    assert "meldstroom.intake.reports.v1 2:17" in page
    assert "dead-letter:read-personal" in page


async def test_retrying_one_asks_its_block_once_and_says_so(ada, stub, letter):
    answer = await ada.post(f"{letter}/opnieuw")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{letter}?gedaan=verwerkt")
    identifier = letter.rsplit("/", 1)[1]
    assert len(stub.sent("POST", f"routing:dead-letters/{identifier}/retries")) == 1
    assert "De gebeurtenis is verwerkt." in (await ada.get(answer.headers["location"])).text


async def test_retrying_all_goes_on_until_the_block_has_tried_them_all(ada, stub):
    answer = await ada.post(f"{PAGE}/routing/opnieuw")
    assert answer.headers["location"] == f"{PAGE}?gedaan=alles#routing"
    assert len(stub.sent("POST", "routing:dead-letters/retries")) == 2


async def test_discarding_needs_a_reason_and_passes_it_on(ada, stub, letter):
    refused = await ada.post(f"{letter}/afsluiten", data={"reason": "  "})
    assert refused.headers["location"] == f"{letter}?gedaan=reden"
    identifier = letter.rsplit("/", 1)[1]
    assert stub.sent("POST", f"routing:dead-letters/{identifier}/discard") == []
    await ada.post(f"{letter}/afsluiten", data={"reason": "Sent twice"})
    [asked] = stub.sent("POST", f"routing:dead-letters/{identifier}/discard")
    assert asked["body"] == {"reason": "Sent twice"}


async def test_a_block_that_is_away_changes_nothing_and_the_page_says_so(ada, stub, letter):
    stub.away = {"routing"}
    answer = await ada.post(f"{letter}/opnieuw")
    assert answer.headers["location"] == f"{letter}?gedaan=onbereikbaar"


async def test_a_form_of_another_site_is_refused(ada, letter):
    assert (await ada.post(f"{letter}/opnieuw", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403


async def test_an_unknown_block_is_not_found(ada, letter):
    assert (await ada.get(letter.replace("routing", "gateway"))).status_code == 404


async def test_the_page_is_there_in_english(ada):
    assert "Not handled" in (await ada.get(f"{PAGE}?taal=en")).text
