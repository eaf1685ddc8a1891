"""Anonymising a reporter and destroying a report, from the page of the case."""

import pytest

CASE = "/behandelen/M-10001"
DEEDS = [
    ("anonimiseren", "geanonimiseerd", "POST", "/anonymisations"),
    ("vernietigen", "vernietigd", "DELETE", ""),
]


@pytest.fixture
async def ada(visitor):
    """A browser of somebody who may remove data."""
    visitor.cookies.set("staff", "ada")
    return visitor


async def test_only_who_may_is_led_to_the_page(ada):
    assert f"{CASE}/verwijderen" in (await ada.get(CASE)).text
    page = (await ada.get(f"{CASE}/verwijderen")).text
    assert ("Melder anonimiseren" in page, "Melding vernietigen" in page) == (True, True)
    ada.cookies.set("staff", "hanna")
    assert f"{CASE}/verwijderen" not in (await ada.get(CASE)).text
    assert (await ada.get(f"{CASE}/verwijderen")).status_code == 403


@pytest.mark.parametrize(("deed", "done", "method", "path"), DEEDS)
async def test_a_confirmed_removal_reaches_intake_and_the_case_says_so(ada, stub, deed, done, method, path):
    answer = await ada.post(f"{CASE}/{deed}", data={"zeker": "1"})
    assert answer.headers["location"] == f"{CASE}?gedaan={done}"
    assert len(stub.sent(method, f"intake:reports/{stub.cases[0]['reportId']}{path}")) == 1
    assert "overal" in (await ada.get(answer.headers["location"])).text


@pytest.mark.parametrize(("deed", "done", "method", "path"), DEEDS)
async def test_without_confirmation_nothing_is_removed(ada, stub, deed, done, method, path):
    answer = await ada.post(f"{CASE}/{deed}", data={})
    assert answer.status_code == 422
    assert "Vink eerst aan" in answer.text
    assert stub.sent(method, "intake:reports/") == []


@pytest.mark.parametrize(("deed", "done", "method", "path"), DEEDS)
async def test_who_may_not_removes_nothing_whatever_is_sent(hanna, stub, deed, done, method, path):
    assert (await hanna.post(f"{CASE}/{deed}", data={"zeker": "1"})).status_code == 403
    assert stub.sent(method, "intake:reports/") == []


async def test_a_form_of_another_site_removes_nothing(ada, stub):
    answer = await ada.post(f"{CASE}/vernietigen", data={"zeker": "1"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert stub.sent("DELETE", "intake:reports/") == []


async def test_when_intake_is_away_the_page_says_so(ada, stub):
    stub.away.add("intake")
    answer = await ada.post(f"{CASE}/vernietigen", data={"zeker": "1"})
    assert answer.status_code == 503
    assert "twee keer kan geen kwaad" in answer.text


async def test_the_page_speaks_english_too(ada):
    page = (await ada.get(f"{CASE}/verwijderen", params={"taal": "en"})).text
    assert "Anonymise the reporter" in page
