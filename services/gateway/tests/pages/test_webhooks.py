"""The pages about webhooks, by plain forms."""

import sys

import pytest

PATH = "/beheer/webhooks"
STUB = "gateway_pages_stub_webhooks"


@pytest.fixture
def hooks():
    return sys.modules[STUB]


@pytest.fixture
def hook_path(hooks):
    return f"{PATH}/{hooks.HOOK}"


def sent(stub, method, what=""):
    return stub.sent(method, f"notification:webhook-subscriptions{what}")


async def test_only_who_has_the_right_sees_webhooks_and_the_way_to_them(visitor, stub, hook_path):
    visitor.cookies.set("staff", "coen")
    assert f'href="{PATH}"' not in (await visitor.get("/behandelen")).text
    for path in (PATH, f"{PATH}/nieuw", hook_path):
        answer = await visitor.get(path)
        assert answer.status_code == 403
        assert "webhook:manage" in answer.text
    assert (await visitor.post(f"{hook_path}/geheim")).status_code == 403
    assert sent(stub, "GET") == sent(stub, "POST") == []
    visitor.cookies.set("staff", "hanna")
    assert f'href="{PATH}"' in (await visitor.get("/behandelen")).text


async def test_the_list_shows_state_and_lag_and_no_token_of_an_address(hanna, stub):
    page = (await hanna.get(PATH)).text
    assert "Afvalbedrijf" in page
    assert "Gestopt na fouten" in page
    assert "1234 gebeurtenissen, oudste 3 dagen" in page
    assert "geheim" not in page
    assert f'href="{PATH}?vanaf=more"' in page
    assert sent(stub, "GET")[0]["headers"]["Authorization"] == "Bearer token-of-hanna"


async def test_a_new_webhook_goes_to_notification_and_its_secret_is_shown_once(hanna, stub, hooks):
    form = await hanna.get(f"{PATH}/nieuw")
    assert "Grofvuil" in form.text
    assert "Openbare verlichting" in form.text
    typed = {
        "name": "Afvalbedrijf",
        "url": "https://receiver.example.org/",
        "types": ["nl.meldstroom.handling.case-opened", "nl.meldstroom.handling.case-assigned"],
        "categories": ["grofvuil"],
        "departments": ["AFV"],
        "bbox": "6.5; 52.9, 6.6, 53.1",
    }
    answer = await hanna.post(f"{PATH}/nieuw", data=typed)
    assert answer.status_code == 201
    assert answer.text.count(hooks.SECRET) == 1
    assert answer.headers["cache-control"] == "no-store"
    assert sent(stub, "POST")[0]["body"] == {
        "name": "Afvalbedrijf",
        "targetUrl": "https://receiver.example.org/",
        "filter": {
            "types": typed["types"],
            "categories": ["grofvuil"],
            "departments": ["AFV"],
            "bbox": [6.5, 52.9, 6.6, 53.1],
        },
    }


async def test_what_cannot_be_read_stays_in_the_form_and_is_not_sent(hanna, stub):
    typed = {
        "name": "",
        "url": "",
        "bbox": "rond de kerk",
        "area": "{",
        "types": ["nl.meldstroom.handling.case-opened"],
    }
    answer = await hanna.post(f"{PATH}/nieuw", data=typed)
    assert answer.status_code == 422
    for message in (
        "Geef de webhook een naam.",
        "Vul het adres van de ontvanger in.",
        "Vul vier getallen in",
        "Dit is geen GeoJSON-vlak",
    ):
        assert message in answer.text
    assert "rond de kerk" in answer.text
    assert 'value="nl.meldstroom.handling.case-opened" checked' in answer.text
    assert sent(stub, "POST") == []


@pytest.mark.parametrize(
    ("status", "problem", "message"),
    [
        (400, {"errors": [{"field": "body.targetUrl", "code": "address-refused"}]}, "privé of gereserveerd netwerk."),
        (400, {"errors": [{"field": "body.targetUrl", "code": "scheme-refused"}]}, "moet met https:// beginnen"),
        (400, {"errors": [{"field": "body.targetUrl", "code": "new-code"}]}, "Dit is geen geldig adres."),
        (400, {"errors": [{"field": "body.filter.area", "code": "invalid-area"}]}, "Dit is geen GeoJSON-vlak"),
        (409, {"type": "urn:meldstroom:problem:subscription-exists"}, "Er is al een webhook met deze naam."),
        (400, {"errors": [{"field": "body.new", "code": "x"}]}, "Controleer wat je hebt ingevuld."),
    ],
)
async def test_what_notification_refuses_is_said_beside_the_field(hanna, stub, status, problem, message):
    stub.refusals["POST notification:webhook-subscriptions"] = (status, problem)
    answer = await hanna.post(f"{PATH}/nieuw", data={"name": "Een", "url": "https://10.0.0.1/"})
    assert answer.status_code == 422
    assert message in answer.text
    assert 'value="https://10.0.0.1/"' in answer.text


async def test_a_change_carries_the_version_that_was_seen(hanna, stub, hook_path, hooks):
    form = (await hanna.get(f"{hook_path}/wijzigen")).text
    assert 'name="version" value="4"' in form
    assert 'value="6.5, 52.9, 6.6, 53.1"' in form
    assert 'value="grofvuil" checked' in form
    typed = {"name": "Anders", "url": "https://receiver.example.org/", "version": "4"}
    answer = await hanna.post(f"{hook_path}/wijzigen", data=typed)
    assert answer.headers["location"] == f"{hook_path}?gedaan=bewaard"
    assert sent(stub, "PUT", f"/{hooks.HOOK}")[0]["body"]["expectedVersion"] == 4


async def test_the_page_of_a_webhook_shows_its_log_and_escapes_what_receivers_say(hanna, stub, hook_path, hooks):
    page = (await hanna.get(f"{hook_path}?uitkomst=failed&vanaf=abc")).text
    assert "Mislukt 503" in page
    assert "poging 3" in page
    assert "&lt;b&gt;even niet&lt;/b&gt;" in page
    assert "<b>even niet" not in page
    asked = dict(sent(stub, "GET", f"/{hooks.HOOK}/deliveries")[0]["query"])
    assert asked == {"limit": "50", "outcome": "failed", "cursor": "abc"}
    assert "?vanaf=older&amp;uitkomst=failed" in page or "?vanaf=older&uitkomst=failed" in page


async def test_a_stopped_webhook_says_why_and_offers_to_go_on(hanna, hooks):
    page = (await hanna.get(f"{PATH}/{hooks.STOPPED}")).text
    assert "De ontvanger gaf drie dagen lang fouten." in page
    assert "2 gebeurtenissen zijn niet afgeleverd" in page
    assert "/hervatten" in page
    assert "/pauze" not in page


@pytest.mark.parametrize(
    ("button", "action", "said"),
    [("pauze", "pauses", "gepauzeerd"), ("hervatten", "resumptions", "hervat"), ("proef", "tests", "proef")],
)
async def test_each_button_is_one_request(hanna, stub, hook_path, hooks, button, action, said):
    answer = await hanna.post(f"{hook_path}/{button}")
    assert answer.headers["location"] == f"{hook_path}?gedaan={said}"
    assert len(sent(stub, "POST", f"/{hooks.HOOK}/{action}")) == 1
    assert 'role="status"' in (await hanna.get(answer.headers["location"])).text


async def test_a_new_secret_is_shown_once(hanna, hook_path, hooks):
    answer = await hanna.post(f"{hook_path}/geheim")
    assert answer.text.count(hooks.SECRET) == 1
    assert "ondertekent ook nog mee tot 21 november 2026, 10:30" in answer.text
    assert hooks.SECRET not in (await hanna.get(hook_path)).text


@pytest.mark.parametrize(
    ("typed", "body"),
    [
        ({"event": "abc"}, {"eventIds": ["abc"]}),
        ({"since": "2026-11-20T10:00"}, {"since": "2026-11-20T10:00:00+01:00"}),
        (
            {"since": "2026-07-01T00:00", "until": "2026-07-02T00:00"},
            {"times": {"from": "2026-07-01T00:00:00+02:00", "until": "2026-07-02T00:00:00+02:00"}},
        ),
    ],
)
async def test_delivering_again_in_dutch_time(hanna, stub, hook_path, hooks, typed, body):
    answer = await hanna.post(f"{hook_path}/opnieuw", data=typed)
    assert answer.headers["location"] == f"{hook_path}?gedaan=opnieuw"
    assert sent(stub, "POST", f"/{hooks.HOOK}/redeliveries")[0]["body"] == body


async def test_an_unclear_moment_is_said_and_not_sent(hanna, stub, hook_path, hooks):
    answer = await hanna.post(f"{hook_path}/opnieuw", data={"since": "gisteren"})
    assert answer.headers["location"] == f"{hook_path}?gedaan=onduidelijk"
    assert sent(stub, "POST", f"/{hooks.HOOK}/redeliveries") == []


async def test_deleting_asks_for_a_tick(hanna, stub, hook_path):
    answer = await hanna.post(f"{hook_path}/verwijderen")
    assert answer.headers["location"] == f"{hook_path}?gedaan=bevestig"
    assert sent(stub, "DELETE") == []
    answer = await hanna.post(f"{hook_path}/verwijderen", data={"zeker": "ja"})
    assert answer.headers["location"] == f"{PATH}?gedaan=verwijderd"
    assert len(sent(stub, "DELETE")) == 1


async def test_what_does_not_exist_is_not_found_and_a_foreign_form_is_refused(hanna, hook_path):
    assert (await hanna.get(f"{PATH}/0198f2a0-0000-7000-8000-000000000001")).status_code == 404
    answer = await hanna.post(f"{hook_path}/geheim", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


async def test_without_notification_there_are_no_webhooks(hanna, stub, pages_app, hook_path):
    stub.away.add("notification")
    assert (await hanna.get(PATH)).status_code == 503
    del pages_app.state.pages.blocks.addresses["notification"]
    assert (await hanna.get(hook_path)).status_code == 404
    assert f'href="{PATH}"' not in (await hanna.get("/behandelen")).text
