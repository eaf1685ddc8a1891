"""The pages in a real browser: accessible, within a small screen, by keyboard, with and without script."""

import io
import json
import re
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect, sync_playwright

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
PUBLIC = [
    "/",
    "/melden/beschrijf",
    "/melding/abcdefghij0123456789AB",
    "/kaart",
    "/privacy",
    "/toegankelijkheid",
    "/weg",
]
# The webhook that the stub of notification shows.
HOOK = "94847644-d196-57b5-b3d8-2080cbb55f19"
DESK = [
    "/behandelen",
    "/behandelen?laat=1&weergave=kaart",
    "/behandelen?zoek=geen",
    "/behandelen/M-10001",
    "/profiel",
    "/beheer/webhooks",
    "/beheer/webhooks/nieuw",
    f"/beheer/webhooks/{HOOK}",
]
SIZES = {"phone": (360, 780, "nl"), "desk": (1440, 900, "en"), "narrow": (320, 700, "nl")}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield made
        made.close()


@pytest.fixture
def open_page(browser, live):
    """Open pages as a visitor would; afterwards nothing may have gone wrong or asked another host."""
    contexts, wrong = [], []

    def opened(width=360, height=780, *, staff=None, script=True, language="nl"):
        context = browser.new_context(
            base_url=live.address,
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            permissions=["geolocation", "clipboard-read", "clipboard-write"],
            geolocation={"longitude": 6.5621, "latitude": 52.9921},
        )
        context.add_cookies([{"name": "taal", "value": language, "url": live.address}])
        if staff:
            context.add_cookies([{"name": "staff", "value": staff, "url": live.address}])
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
        page.on(
            "request", lambda asked: asked.url.startswith(("data:", "blob:", live.address)) or wrong.append(asked.url)
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    # Chromium reports every 4xx as an error of its own; those are expected here.
    assert [text for text in wrong if "Failed to load resource" not in text] == []


def arrive(page, path):
    """Wait until a link or a form has led to ``path`` and the scripts there listen: they run before `load`."""
    page.wait_for_url(re.compile(rf"{re.escape(path)}([?#]|$)"))


def settle(page):
    page.wait_for_load_state()  # before it there may be no map on the page yet, nor anything that listens
    for found in page.locator(".map:visible").all():
        expect(found).to_have_attribute("data-state", "idle")


def findings(page):
    settle(page)
    return [
        (violation["id"], [node["html"][:200] for node in violation["nodes"][:3]])
        for violation in Axe().run(page, options=RULES).response["violations"]
    ]


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_axe_finds_nothing_on_any_page(open_page, size):
    width, height, language = SIZES[size]
    public, desk = (open_page(width, height, language=language, staff=who) for who in (None, "hanna"))
    found = {}
    for page, paths in ((public, PUBLIC), (desk, DESK)):
        for path in paths:
            page.goto(path)
            if problems := findings(page):
                found[path] = problems
    assert found == {}


@pytest.mark.parametrize("size", ["phone", "narrow"])
def test_nothing_sticks_out_on_a_small_screen(open_page, size):
    width, height, language = SIZES[size]
    public, desk = (open_page(width, height, language=language, staff=who) for who in (None, "hanna"))
    wide = {}
    for page, paths in ((public, PUBLIC), (desk, DESK)):
        for path in paths:
            page.goto(path)
            over = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
            if over > 0:
                wide[path] = over
    assert wide == {}


@pytest.mark.parametrize("size", ["phone", "narrow"])
def test_a_report_is_destroyed_only_after_a_confirmation(open_page, live, size):
    width, height, language = SIZES[size]
    page = open_page(width, height, language=language, staff="ada")
    page.goto("/behandelen/M-10001")
    page.locator('a[href$="/verwijderen"]').click()
    assert findings(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
    button = page.locator('form[action$="/vernietigen"] button')
    button.click()  # the box is not ticked: the browser holds it back
    assert live.stub.sent("DELETE", "intake:reports/") == []
    page.locator("#zeker-vernietigen").check()
    button.click()
    page.wait_for_url("**/behandelen/M-10001?gedaan=vernietigd")
    assert len(live.stub.sent("DELETE", "intake:reports/")) == 1
    live.stub.requests.clear()


def photo():
    kept = io.BytesIO()
    Image.new("RGB", (900, 600), (90, 140, 120)).save(kept, "JPEG")
    return {"name": "lamp.jpg", "mimeType": "image/jpeg", "buffer": kept.getvalue()}


def test_a_resident_reports_on_a_phone(open_page, live):
    page = open_page()
    page.goto("/")
    page.get_by_role("link", name="Doe een melding").click()
    arrive(page, "/melden/beschrijf")
    page.get_by_role("button", name="Volgende").click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert findings(page) == []
    page.get_by_label("Vertel in uw eigen woorden").fill("Het ruikt naar gaslucht bij de lantaarnpaal")
    expect(page.get_by_text("Is het een noodgeval? Bel 112")).to_be_visible()
    page.get_by_label("Foto’s kiezen of maken").set_input_files([photo()])
    expect(page.get_by_role("status").filter(has_text="lamp.jpg is toegevoegd")).to_be_visible()
    page.reload()
    expect(page.locator("[data-photo] img")).to_be_visible()  # the photo and its picture outlive a reload
    page.get_by_role("button", name="Volgende").click()

    arrive(page, "/melden/locatie")
    expect(page).to_have_title("Stap 2 van 4: Waar is het? – Gemeente Voorbeeldstad")
    settle(page)
    page.get_by_role("button", name="Mijn locatie").click()
    expect(page.get_by_text("Gekozen plek: Brinkkwartier, Assen centrum")).to_be_visible()
    street = page.get_by_role("combobox", name="Straat")
    street.fill("beiler")
    expect(page.get_by_role("option", name="Beilerstraat")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(street).to_have_value("Beilerstraat")
    assert findings(page) == []
    page.get_by_role("button", name="Volgende").click()

    arrive(page, "/melden/contact")
    page.get_by_text("Ja, houd mij op de hoogte").click()
    page.get_by_role("button", name="Volgende").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("E-mailadres").fill("j.devries@example.org")
    page.get_by_role("button", name="Volgende").click()

    arrive(page, "/melden/controleren")
    assert findings(page) == []
    page.get_by_role("button", name="Verstuur melding").click()
    expect(page.get_by_role("heading", name="Bedankt voor uw melding")).to_be_visible()
    expect(page.locator("[data-number]")).to_have_text("M-20001")
    assert findings(page) == []
    (asked,) = live.stub.sent("POST", "intake:reports")
    assert asked["body"]["attachments"] == list(live.stub.uploads)
    assert asked["body"]["location"]["geometry"]["coordinates"] == [6.5621, 52.9921]


def test_the_middle_of_the_map_can_be_chosen_by_keyboard_alone(open_page):
    page = open_page(1280, 900)
    page.goto("/melden/beschrijf")
    page.get_by_label("Vertel in uw eigen woorden").fill("Losse tegel")
    page.get_by_role("button", name="Volgende").press("Enter")
    arrive(page, "/melden/locatie")
    settle(page)
    page.locator("#map").focus()
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Kies het midden van de kaart").press("Enter")
    expect(page.locator("[data-chosen]")).to_contain_text("Gekozen plek:")


def test_the_area_of_a_webhook_is_chosen_on_the_map(open_page):
    page = open_page(staff="hanna")
    page.goto("/beheer/webhooks/nieuw")
    page.locator("#map[data-state=idle]").scroll_into_view_if_needed()
    box, area, said = page.locator("#bbox"), page.locator("#area"), page.locator("[data-area-said]")
    for number, (x, y) in enumerate([(60, 60), (200, 70), (140, 180)], start=1):
        page.locator("#map").click(position={"x": x, "y": y})
        expect(said).to_contain_text(str(number))
        expect(area).not_to_have_value("")  # with too few corners it is refused, and not taken for no area at all
    drawn = json.loads(area.input_value())
    assert (drawn["type"], len(drawn["coordinates"][0])) == ("Polygon", 4)
    page.get_by_role("button", name="Neem wat de kaart toont").focus()
    page.keyboard.press("Enter")
    expect(area).to_have_value("")
    west, south, east, north = map(float, box.input_value().split(","))
    assert west < drawn["coordinates"][0][0][0] < east
    assert south < drawn["coordinates"][0][0][1] < north
    page.get_by_role("button", name="Wis het gebied").click()
    expect(box).to_have_value("")


def test_the_area_that_a_webhook_has_is_seen_on_the_map(open_page):
    page = open_page(staff="hanna")
    page.goto(f"/beheer/webhooks/{HOOK}/wijzigen")
    shown = page.locator("#map[data-state=idle]")
    shown.scroll_into_view_if_needed()
    edge = page.locator("path.sketch").evaluate("one => getComputedStyle(one).stroke.match(/[0-9]+/g).map(Number)")
    picture = Image.open(io.BytesIO(shown.screenshot())).convert("RGB")
    assert tuple(edge) in {colour for _, colour in picture.getcolors(picture.width * picture.height)}


def test_reporting_works_without_any_script(open_page):
    page = open_page(script=False)
    page.goto("/melden/beschrijf")
    page.get_by_label("Vertel in uw eigen woorden").fill("Losse tegel bij de brug")
    page.locator("input[type=file]").set_input_files([photo()])
    page.get_by_role("button", name="Volgende").click()
    expect(page.locator("#map")).to_be_hidden()
    page.get_by_label("Straat").fill("Beilerstraat")
    page.get_by_text("Lukt de kaart niet?").click()
    page.get_by_label("Buurt", exact=True).select_option(index=3)
    page.get_by_role("button", name="Volgende").click()
    page.get_by_text("Nee, ik blijf anoniem").click()
    page.get_by_role("button", name="Volgende").click()
    page.get_by_role("button", name="Verstuur melding").click()
    expect(page.get_by_role("heading", name="Bedankt voor uw melding")).to_be_visible()


def test_the_public_map_and_its_list_show_the_same(open_page):
    page = open_page(1280, 900)
    page.goto("/kaart")
    expect(page.locator("[data-count]")).to_have_text("160 meldingen in beeld")
    page.get_by_label("Onderwerp").select_option("boom")
    expect(page.locator("[data-list] li")).to_have_count(25)
    expect(page.locator("[data-count]")).to_have_text("27 meldingen in beeld")
    expect(page).to_have_url(re.compile("onderwerp=boom"))
    page.get_by_role("button", name="Toon meer").click()
    expect(page.locator("[data-list] li")).to_have_count(27)
    expect(page.get_by_role("button", name="Toon meer")).to_be_hidden()  # there is nothing more


def test_a_handler_works_by_keyboard(open_page):
    page = open_page(1280, 900, staff="hanna")
    page.goto("/behandelen")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(page.locator("[data-row][aria-current]")).to_have_attribute("data-number", "M-10002")
    page.keyboard.press("Enter")
    arrive(page, "/behandelen/M-10002")
    expect(page.get_by_role("heading", name="Stoep, straat of fietspad kapot")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_label("Notitie voor collega’s")).to_be_focused()
    page.keyboard.type("j k s")  # letters while typing are letters
    expect(page.get_by_label("Notitie voor collega’s")).to_have_value("j k s")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    arrive(page, "/behandelen/M-10003")
    expect(page.locator("#case")).to_have_attribute("data-case", "M-10003")
    page.keyboard.press("u")
    expect(page.locator("[data-row][aria-current]")).to_have_attribute("data-number", "M-10003")


def test_an_action_replaces_the_case_in_place_and_says_that_it_is_done(open_page, live):
    page = open_page(1280, 900, staff="hanna")
    page.goto("/behandelen/M-10001")
    settle(page)
    page.evaluate("() => { window.stillTheSamePage = true; }")
    page.get_by_label("Notitie voor collega’s").fill("Onderdeel besteld")
    page.get_by_role("button", name="Notitie toevoegen").click()
    done = page.get_by_role("status").filter(has_text="De notitie is toegevoegd.")
    expect(done).to_be_focused()
    assert page.evaluate("() => window.stillTheSamePage") is True
    settle(page)
    assert findings(page) == []


def test_a_clash_keeps_the_typed_message_and_moves_the_focus_to_the_reason(open_page, live):
    live.stub.refusals["POST handling:status-changes"] = (409, {"type": "urn:meldstroom:problem:version-conflict"})
    page = open_page(1280, 900, staff="hanna")
    page.goto("/behandelen/M-10001")
    page.get_by_label("Nieuwe status").select_option("closed")
    page.get_by_label("Bericht of toelichting").fill("De lamp is vervangen.")
    page.get_by_role("button", name="Status wijzigen").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("net gewijzigd door Hanna Visser")
    expect(page.get_by_label("Bericht of toelichting")).to_have_value("De lamp is vervangen.")
    expect(page.get_by_label("Nieuwe status")).to_have_value("closed")
    live.stub.refusals.clear()
    page.get_by_role("button", name="Status wijzigen").click()
    expect(page.get_by_role("status").filter(has_text="de melder krijgt bericht")).to_be_visible()


def test_a_handler_works_without_any_script(open_page):
    page = open_page(1280, 900, staff="hanna", script=False)
    page.goto("/behandelen")
    page.get_by_role("link", name="M-10001").click()
    page.get_by_label("Notitie voor collega’s").fill("Gebeld")
    page.get_by_role("button", name="Notitie toevoegen").click()
    expect(page.get_by_text("De notitie is toegevoegd.")).to_be_visible()
