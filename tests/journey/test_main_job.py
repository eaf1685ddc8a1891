"""The main job in a real browser: from a resident's phone to the handler's desk and back."""

import io
import re
import time

import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TEXT = "Er ligt al een week een kapotte lamp in de lantaarnpaal voor nummer 12"


def photo() -> bytes:
    target = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "geheime camera"
    Image.new("RGB", (900, 600), (40, 60, 90)).save(target, "JPEG", exif=exif)
    return target.getvalue()


def sign_in(page, name):
    page.goto("/behandelen")
    page.get_by_role("button", name=re.compile(name)).click()
    page.wait_for_url("**/behandelen**")


def test_a_report_travels_from_a_phone_to_the_desk_and_back(suite, api, new_page, wait, marker):
    address = f"{marker}@example.org"

    # 1. A resident reports on a phone.
    phone = new_page()
    phone.goto("/")
    phone.goto("/melden/beschrijf")
    phone.get_by_label("Vertel in uw eigen woorden wat er aan de hand is").fill(f"{TEXT} {marker}")
    phone.locator("#photos").set_input_files(
        {"name": "lamp.jpg", "mimeType": "image/jpeg", "buffer": photo()},
    )
    expect(phone.locator("[data-photo]")).to_have_count(1)
    phone.get_by_role("button", name="Volgende").click()
    phone.wait_for_url("**/melden/locatie**")
    phone.locator("#map").click(position={"x": 150, "y": 120})
    expect(phone.locator("[data-chosen]")).to_contain_text("Gekozen plek")
    phone.get_by_role("button", name="Volgende").click()
    phone.wait_for_url("**/melden/contact**")
    phone.get_by_text("Ja, houd mij op de hoogte").click()
    phone.get_by_label("E-mailadres").fill(address)
    phone.get_by_role("button", name="Volgende").click()
    phone.wait_for_url("**/melden/controleren**")
    expect(phone.locator("main")).to_contain_text(TEXT)
    started = time.monotonic()
    phone.get_by_role("button", name="Verstuur melding").click()
    number = phone.locator("[data-number]").inner_text()
    print(f"number on the screen after {time.monotonic() - started:.2f} s")
    assert number.startswith("M-")

    # 2. Classified, routed and in the list, without a click by anyone.
    def listed():
        found = api.cases(f"number={number}")
        return found and found[0]["category"] and found[0]["department"] and found[0]["deadline"] and found[0]

    case = wait(listed, "the case in the list of its department")
    print(f"in the list {time.monotonic() - started:.2f} s after sending")
    assert case["department"] == "VRL"

    # 3. The confirmation, over SMTP.
    def mails(word):
        return [mail for mail in suite.mails() if address in str(mail["to"]) and word in mail["text"]]

    [confirmation] = wait(lambda: mails(number), "the confirmation mail")
    assert confirmation["html"]
    link = re.search(r"https?://\S+/melding/[A-Za-z0-9_-]{22}", confirmation["text"])
    assert link, confirmation["text"]

    # 4. A handler works it.
    desk = new_page({"width": 1440, "height": 900})
    sign_in(desk, "Hanna Visser")
    desk.locator("tr[data-row]", has_text=number).get_by_role("link", name=number).click()
    desk.wait_for_url(f"**/behandelen/{number}**")  # with its scripts, so that the actions work in place
    expect(desk.locator("main")).to_contain_text(marker)
    expect(desk.locator("main")).to_contain_text(address)
    desk.get_by_role("button", name="Aan mij").click()
    expect(desk.locator(".facts", has_text="Behandelaar")).to_contain_text("Hanna Visser")
    desk.get_by_label("Notitie voor collega’s").fill("Monteur gebeld.")
    desk.get_by_role("button", name="Notitie toevoegen").click()
    expect(desk.locator(".timeline")).to_contain_text("Monteur gebeld.")
    desk.get_by_label("Nieuwe status").select_option("closed")
    desk.get_by_label("Bericht of toelichting").fill(f"De lamp brandt weer {marker}.")
    desk.get_by_role("button", name="Status wijzigen").click()
    expect(desk.locator(".panel__now").first).to_contain_text("Afgehandeld")

    # The reporter hears it, and the history shows who did what.
    [closing] = wait(lambda: mails(f"De lamp brandt weer {marker}."), "the closing mail")
    assert number in closing["subject"] + closing["text"]
    history = api.call("GET", f"/api/handling/v1/cases/{case['id']}", person="coordinator").body["history"]
    assert "Hanna Visser" in str(history)

    phone.goto(link.group(0))
    expect(phone.locator("main")).to_contain_text("De lamp brandt weer")

    # 5. The public map shows the case and nothing of the person.
    def public():
        answer = api.call("GET", "/api/insight/v1/public-cases?bbox=6.3,52.8,6.8,53.2")
        found = [f for f in answer.body["features"] if f["properties"]["status"] == "closed"]
        return answer.body if found else None

    shown = str(wait(public, "the case on the public map"))
    for secret in (marker, address, "Hanna"):
        assert secret not in shown


def test_an_open_case_stands_on_the_public_map(api, new_page, wait, marker):
    assert api.report(f"Grote kuil in het fietspad, gevaarlijk {marker}", email=None).status == 201

    def public():
        answer = api.call("GET", "/api/insight/v1/public-cases?bbox=6.56,52.99,6.57,53.0")
        return any(feature["properties"]["status"] == "open" for feature in answer.body["features"])

    wait(public, "an open case on the map")
    page = new_page()
    page.goto("/kaart")
    expect(page.locator(".case-list__item").first).to_be_visible()
    assert marker not in page.content()


def test_the_wizard_works_without_javascript(api, new_page, wait, marker):
    page = new_page(java_script_enabled=False)
    page.goto("/melden/beschrijf")
    page.get_by_role("button", name="Volgende").click()
    assert page.title().startswith("Fout:")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Vertel in uw eigen woorden wat er aan de hand is").fill(f"Stoeptegel ligt los {marker}")
    page.get_by_role("button", name="Volgende").click()
    page.get_by_text("Lukt de kaart niet?", exact=True).click()
    page.get_by_label("Breedtegraad").fill("52,9967")
    page.get_by_label("Lengtegraad").fill("6,5625")
    page.get_by_role("button", name="Volgende").click()
    page.get_by_text("Nee, ik blijf anoniem").click()
    page.get_by_role("button", name="Volgende").click()
    page.get_by_role("button", name="Verstuur melding").click()
    number = page.locator("[data-number]").inner_text()
    wait(lambda: api.cases(f"number={number}"), "the case of a report without JavaScript")


def test_a_stranger_with_a_valid_account_gets_no_access(new_page):
    page = new_page({"width": 1440, "height": 900})
    page.goto("/behandelen")
    page.get_by_role("button", name=re.compile("Stef Vreemdeling")).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto("/behandelen")
    assert "/behandelen" not in page.url or page.locator("table.cases").count() == 0
