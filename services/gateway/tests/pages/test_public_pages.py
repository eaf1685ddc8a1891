"""What everybody can see without signing in."""

import pytest

PUBLIC = ["/", "/melden/beschrijf", "/kaart", "/privacy", "/toegankelijkheid", "/melding/abcdefghij0123456789AB"]


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_every_page_says_its_language_and_allows_nothing_inline(visitor, path, language):
    answer = await visitor.get(path, params={"taal": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert " style=" not in answer.text
    assert "<script>" not in answer.text
    assert "onclick" not in answer.text
    assert "http://" not in answer.text.replace("http://testserver", "").replace("http://www.w3.org", "")


async def test_a_choice_of_language_is_remembered(visitor):
    await visitor.get("/", params={"taal": "en"})
    assert '<html lang="en">' in (await visitor.get("/privacy")).text
    assert '<html lang="nl">' in (await visitor.get("/privacy", params={"taal": "nl"})).text


async def test_pages_are_compressed_for_those_who_can_read_it(visitor):
    assert (await visitor.get("/")).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in (await visitor.get("/", headers={"Accept-Encoding": "identity"})).headers


async def test_a_static_file_with_its_mark_is_kept_for_ever(visitor):
    page = (await visitor.get("/")).text
    address = page.split('href="/static/css/app.css')[1].split('"')[0]
    answer = await visitor.get(f"/static/css/app.css{address}")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    same = await visitor.get("/static/css/app.css", headers={"If-None-Match": answer.headers["etag"]})
    assert same.status_code == 304


@pytest.mark.parametrize("path", ["/static/../settings.py", "/static/%2e%2e/settings.py", "/static/niets.css"])
async def test_only_static_files_are_served(visitor, path):
    assert (await visitor.get(path)).status_code == 404


async def test_an_unknown_page_is_a_404_with_a_page(visitor):
    answer = await visitor.get("/bestaat-niet")
    assert answer.status_code == 404
    assert "Deze pagina bestaat niet" in answer.text


async def test_an_unknown_address_of_the_api_stays_a_problem(visitor):
    answer = await visitor.get("/v1/bestaat-niet")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_status_page_shows_the_report_and_our_messages(visitor):
    page = (await visitor.get("/melding/abcdefghij0123456789AB")).text
    assert "M-10001" in page
    assert "Donderdag komt er een monteur langs." in page
    assert "/api/intake/v1/status/abcdefghij0123456789AB/attachments/" in page


async def test_a_wrong_link_is_not_found_and_a_removed_report_is_gone(visitor):
    assert (await visitor.get("/melding/zzzzzzzzzzzzzzzzzzzz")).status_code == 404
    assert (await visitor.get("/melding/kort")).status_code == 404
    assert (await visitor.get("/melding/gone0123456789abcdef")).status_code == 410


async def test_the_public_map_can_be_read_as_a_list_without_script(visitor):
    page = (await visitor.get("/kaart", params={"lijst": "1"})).text
    assert page.count('class="case-list__item"') == 50
    assert "De nieuwste 50 van 160 meldingen" in page
    narrowed = (await visitor.get("/kaart", params={"lijst": "1", "onderwerp": "boom", "stand": "closed"})).text
    assert 0 < narrowed.count('class="case-list__item"') < 50
    assert '<option value="boom" selected>' in narrowed


async def test_the_map_itself_asks_for_no_cases_on_the_server(visitor, stub):
    # A city may have tens of thousands; the script asks for what is in view.
    await visitor.get("/kaart")
    assert stub.sent("GET", "insight:public-cases") == []


async def test_the_public_map_without_insight_says_so_in_its_own_box(visitor, stub):
    stub.away.add("insight")
    answer = await visitor.get("/kaart", params={"lijst": "1"})
    assert answer.status_code == 200
    assert "Dit onderdeel is nu niet bereikbaar" in answer.text
    assert "Doe een melding" in answer.text
    assert (await visitor.get("/kaart")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://elders.example"},
    ],
)
async def test_a_form_of_another_site_is_refused(visitor, headers):
    answer = await visitor.post("/melden/beschrijf", data={"description": "x"}, headers=headers)
    assert answer.status_code == 403
