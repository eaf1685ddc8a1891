"""The work list and the case as a handler uses them, by plain forms."""

import pytest

CASE = "/behandelen/M-10001"


def form_of(stub, number="M-10001", **fields):
    case = next(case for case in stub.cases if case["number"] == number)
    return {"case_id": case["id"], "report_id": case["reportId"], "version": str(case["version"]), **fields}


async def test_who_is_not_signed_in_is_led_to_the_sign_in_page_and_back(visitor):
    answer = await visitor.get("/behandelen?laat=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/inloggen?terug=%2Fbehandelen%3Flaat%3D1"


async def test_who_may_not_see_cases_gets_a_page_that_names_the_right(visitor):
    visitor.cookies.set("staff", "stagiair")
    answer = await visitor.get("/behandelen")
    assert answer.status_code == 403
    assert "case:read" in answer.text


async def test_the_list_shows_open_cases_with_their_term_and_department(hanna, stub):
    page = (await hanna.get("/behandelen")).text
    assert "M-10001" in page
    assert "Openbare verlichting" in page
    assert "te laat" in page
    (asked,) = stub.sent("GET", "handling:cases")
    statuses = {value for name, value in asked["query"] if name == "status"}
    assert "closed" not in statuses
    assert "reported" in statuses
    assert asked["headers"]["Authorization"] == "Bearer token-of-hanna"


async def test_filters_reach_handling_and_stay_in_the_form(hanna, stub):
    query = "/behandelen?status=alle&categorie=boom&afdeling=STW&behandelaar=mij&prioriteit=high&zoek=fietspad&laat=1&sorteer=deadline"
    page = (await hanna.get(query)).text
    asked = dict(stub.sent("GET", "handling:cases")[0]["query"])
    assert asked | {"limit": ""} == {
        "limit": "",
        "sort": "deadline",
        "category": "boom",
        "department": "STW",
        "assignee": "0198f2a0-0000-7000-8000-0000000000aa",
        "priority": "high",
        "q": "fietspad",
        "late": "true",
    }
    assert '<option value="boom" selected>' in page
    assert 'value="fietspad"' in page


@pytest.mark.parametrize("typed", ["10001", "M-10001", "m-10001"])
async def test_a_number_means_that_case_whatever_else_is_chosen(hanna, stub, typed):
    page = (await hanna.get("/behandelen", params={"zoek": typed, "status": "closed"})).text
    asked = dict(stub.sent("GET", "handling:cases")[0]["query"])
    assert asked["number"] == typed.upper()
    assert "status" not in asked
    assert "andere filters doen dan niet mee" in page


async def test_the_next_page_is_a_link_with_the_cursor(hanna):
    page = (await hanna.get("/behandelen?zoek=e")).text
    assert "zoek=e&amp;vanaf=next-page" in page
    assert "Eerste pagina" in (await hanna.get("/behandelen?zoek=e&vanaf=next-page")).text


async def test_what_came_in_since_the_list_was_shown_is_said_beside_it(hanna, stub):
    page = (await hanna.get("/behandelen?afdeling=VRL")).text
    address = page.split('role="status" hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert not (await hanna.get(address)).text.strip()
    stub.new = 3
    found = (await hanna.get(address)).text
    assert "3 nieuwe meldingen" in found
    assert 'href="/behandelen?afdeling=VRL"' in found
    asked = dict(stub.sent("GET", "handling:cases/count")[-1]["query"])
    assert asked["department"] == "VRL"
    assert asked["submittedFrom"].endswith("Z")
    stub.away.add("handling")
    assert not (await hanna.get(address)).text.strip()


async def test_an_empty_list_says_so(hanna):
    assert "Geen meldingen in deze werkvoorraad" in (await hanna.get("/behandelen?zoek=bestaatniet")).text


async def test_without_handling_the_list_says_so_and_the_page_stays(hanna, stub):
    stub.away.add("handling")
    answer = await hanna.get("/behandelen")
    assert answer.status_code == 200
    assert "Dit onderdeel is nu niet bereikbaar" in answer.text
    assert "Filters" in answer.text


async def test_the_list_needs_neither_classification_nor_routing(hanna, stub):
    stub.away |= {"classification", "routing", "notification"}
    page = (await hanna.get("/behandelen")).text
    assert "M-10001" in page
    case = (await hanna.get(CASE)).text
    assert "kapotte lamp" in case
    assert "De verstuurde berichten kunnen nu niet worden getoond." in case
    assert "De onderwerpen kunnen nu niet worden getoond." in case


async def test_the_case_shows_everything_on_one_page(hanna):
    page = (await hanna.get(CASE)).text
    for expected in (
        "kapotte lamp",
        "Beilerstraat 12",
        "j.devries@example.org",
        "91%",
        "lantaarnpaal",
        "Monteur is gebeld",
        "Ontvangstbevestiging verstuurd aan de melder",
        "Toegewezen aan Hanna Visser",
        "Hanna Visser",
        "Verstuur opnieuw",
    ):
        assert expected in page


async def test_only_the_allowed_next_states_can_be_chosen(hanna):
    page = (await hanna.get(CASE)).text
    offered = page.split('id="status"')[1].split("</select>")[0]
    assert 'value="closed"' in offered
    assert 'value="reopened"' not in offered


async def test_contact_that_may_not_be_seen_is_said_to_be_hidden(hanna, stub):
    stub.cases[0] |= {"contact": None, "contactHidden": True}
    page = (await hanna.get(CASE)).text
    assert "Contactgegevens zijn afgeschermd" in page


async def test_who_may_do_less_sees_fewer_forms(visitor):
    visitor.cookies.set("staff", "coen")
    page = (await visitor.get(CASE)).text
    assert 'id="status"' in page
    assert 'id="assignee"' not in page
    assert 'id="category"' not in page
    assert "Verstuur opnieuw" not in page


async def test_closing_with_a_message_reaches_handling_and_says_so(hanna, stub):
    form = form_of(stub, status="closed", text="De lamp is vervangen.", notify="1")
    answer = await hanna.post(f"{CASE}/status", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{CASE}?gedaan=bericht"
    (asked,) = stub.sent("POST", "handling:")
    assert asked["body"] == {
        "status": "closed",
        "text": "De lamp is vervangen.",
        "notifyReporter": True,
        "expectedVersion": 3,
    }
    assert "de melder krijgt bericht" in (await hanna.get(answer.headers["location"])).text


async def test_without_words_nothing_is_sent_whatever_the_box_says(hanna, stub):
    await hanna.post(f"{CASE}/status", data=form_of(stub, status="in-progress", text=" ", notify="1"))
    (asked,) = stub.sent("POST", "handling:")
    assert asked["body"]["notifyReporter"] is False
    assert asked["body"]["text"] is None


async def test_a_clash_keeps_what_was_typed_and_names_who_changed_it(hanna, stub):
    stub.refusals["POST handling:status-changes"] = (409, {"type": "urn:meldstroom:problem:version-conflict"})
    form = form_of(stub, status="closed", text="Een lang verhaal dat niet weg mag.", notify="1")
    answer = await hanna.post(f"{CASE}/status", data=form)
    assert answer.status_code == 409
    assert "net gewijzigd door Hanna Visser" in answer.text
    assert "Een lang verhaal dat niet weg mag." in answer.text
    assert '<option value="closed" selected>' in answer.text
    assert "<title>Fout:" in answer.text


async def test_a_status_that_needs_words_says_so(hanna, stub):
    stub.refusals["POST handling:status-changes"] = (
        400,
        {"errors": [{"field": "body.text", "message": "x", "code": "missing"}]},
    )
    answer = await hanna.post(f"{CASE}/status", data=form_of(stub, status="closed", text=""))
    assert answer.status_code == 422
    assert "Deze status vraagt om een bericht of toelichting." in answer.text


async def test_a_note_is_kept_on_the_page_when_handling_is_away(hanna, stub):
    stub.refusals["POST handling:notes"] = (503, {})
    answer = await hanna.post(f"{CASE}/notitie", data=form_of(stub, text="Gebeld met de aannemer"))
    assert answer.status_code == 503
    assert "Gebeld met de aannemer" in answer.text


async def test_taking_a_case_assigns_it_to_who_is_signed_in(hanna, stub):
    await hanna.post(f"{CASE}/toewijzing", data=form_of(stub, assignee="", mine="1"))
    (asked,) = stub.sent("POST", "handling:")
    assert asked["body"]["assignee"] == "0198f2a0-0000-7000-8000-0000000000aa"


async def test_priority_note_category_department_and_resend_reach_their_blocks(hanna, stub):
    report = stub.cases[0]["reportId"]
    steps = [
        ("prioriteit", {"priority": "high"}, "handling:", "prioriteit"),
        ("notitie", {"text": "Onderdeel besteld"}, "handling:", "notitie"),
        ("categorie", {"category": "boom"}, f"classification:reports/{report}/corrections", "categorie"),
        ("afdeling", {"department": "WEG"}, f"routing:reports/{report}/routings", "afdeling"),
        ("berichten/0198f2a0-0000-7000-8000-000000000001/opnieuw", {}, "notification:messages/0198f2a0", "opnieuw"),
    ]
    for path, fields, target, done in steps:
        stub.requests.clear()
        answer = await hanna.post(f"{CASE}/{path}", data=form_of(stub, **fields))
        assert answer.headers["location"] == f"{CASE}?gedaan={done}", path
        assert len(stub.sent("POST", target)) == 1, path


async def test_a_case_sent_to_a_department_one_may_not_see_leads_back_to_the_list(visitor, stub, pages_app):
    visitor.cookies.set("staff", "wim")
    answer = await visitor.post(f"{CASE}/afdeling", data=form_of(stub, department="AFV"))
    assert answer.headers["location"] == "/behandelen?gedaan=afdeling"
    assert "staat nu in de lijst van de andere afdeling" in (await visitor.get(answer.headers["location"])).text


async def test_a_case_that_left_while_the_page_looked_again_says_where_it_went(hanna):
    answer = await hanna.get("/behandelen/M-99999", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "ligt nu bij een andere afdeling" in answer.text
    assert (await hanna.get("/behandelen/M-99999")).status_code == 404


async def test_photos_are_fetched_with_the_token_of_who_looks(hanna, stub):
    case = stub.cases[0]
    answer = await hanna.get(f"{CASE}/fotos/{case['reportId']}/{case['attachments'][0]['id']}/thumbnail")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content[:2] == b"\xff\xd8"
    (asked,) = stub.sent("GET", "intake:reports")
    assert asked["headers"]["Authorization"] == "Bearer token-of-hanna"


async def test_a_form_of_another_site_cannot_change_a_case(hanna, stub):
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = await hanna.post(f"{CASE}/notitie", data=form_of(stub, text="x"), headers=headers)
    assert answer.status_code == 403
    assert not stub.sent("POST", "handling:")


async def test_shortcuts_can_be_switched_off(hanna):
    assert 'data-keys="on"' in (await hanna.get("/behandelen")).text
    await hanna.post("/profiel", data={})
    assert 'data-keys="off"' in (await hanna.get("/behandelen")).text
    await hanna.post("/profiel", data={"sneltoetsen": "aan"})
    assert 'data-keys="on"' in (await hanna.get("/behandelen")).text


async def test_the_desk_speaks_english_too(hanna):
    page = (await hanna.get(CASE, params={"taal": "en"})).text
    assert "Change status" in page
    assert "Street lighting" in page
    assert "Status wijzigen" not in page
