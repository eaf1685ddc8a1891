"""Reporting as a resident does it, page by page, without any script."""

import re

DESCRIPTION = "De lantaarnpaal voor nummer 12 doet het niet"
PLACE = {"longitude": "6.5621", "latitude": "52.9921", "street": "beilerstraat", "house_number": "12a"}
CONTACT = {"contact_choice": "yes", "email": "j.devries@example.org", "phone": "0592 123 456"}


async def fill_in(visitor, *, contact=CONTACT):
    await visitor.post("/melden/beschrijf", data={"description": DESCRIPTION})
    await visitor.post("/melden/locatie", data=PLACE)
    return await visitor.post("/melden/contact", data=contact)


async def test_the_steps_lead_from_one_to_the_next(visitor):
    first = await visitor.post("/melden/beschrijf", data={"description": DESCRIPTION})
    second = await visitor.post("/melden/locatie", data=PLACE)
    third = await visitor.post("/melden/contact", data=CONTACT)
    assert [answer.headers["location"] for answer in (first, second, third)] == [
        "/melden/locatie",
        "/melden/contact",
        "/melden/controleren",
    ]
    review = (await visitor.get("/melden/controleren")).text
    assert DESCRIPTION in review
    assert "Beilerstraat 12a" in review
    assert "j.devries@example.org" in review


async def test_sending_gives_intake_the_report_and_the_resident_a_number(visitor, stub):
    await fill_in(visitor)
    sent = await visitor.post("/melden/controleren")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/melden/bedankt/M-20001"
    (asked,) = stub.sent("POST", "intake:reports")
    assert asked["body"] == {
        "description": DESCRIPTION,
        "location": {
            "geometry": {"type": "Point", "coordinates": [6.5621, 52.9921]},
            "address": {"street": "Beilerstraat", "houseNumber": 12, "houseLetter": "a", "city": "Voorbeeldstad"},
        },
        "source": "website",
        "language": "nl",
        "contact": {"email": "j.devries@example.org", "phone": "0592 123 456"},
    }
    thanks = (await visitor.get(sent.headers["location"])).text
    assert "M-20001" in thanks
    assert "/melding/abcdefghij0123456789AB" in thanks


async def test_pressing_send_twice_sends_one_report(visitor, stub):
    await fill_in(visitor)
    first = await visitor.post("/melden/controleren")
    second = await visitor.post("/melden/controleren")
    assert first.headers["location"] == second.headers["location"]
    assert len(stub.reports) == 1


async def test_two_presses_at_once_carry_the_same_idempotency_key(visitor, stub, pages_app):
    await fill_in(visitor)
    kept = pages_app.state.pages.drafts
    before = dict(kept.kept)
    await visitor.post("/melden/controleren")
    kept.kept = before  # the second press was under way before the first had been answered
    await visitor.post("/melden/controleren")
    keys = {asked["headers"]["Idempotency-Key"] for asked in stub.sent("POST", "intake:reports")}
    assert len(keys) == 1
    assert len(stub.reports) == 1


async def test_nothing_of_the_reporter_stays_in_the_draft_after_sending(visitor, pages_app):
    await fill_in(visitor)
    await visitor.post("/melden/controleren")
    (kept,) = pages_app.state.pages.drafts.kept.values()
    assert "j.devries" not in kept
    assert DESCRIPTION not in kept


async def test_an_anonymous_report_holds_no_contact(visitor, stub):
    await fill_in(visitor, contact={"contact_choice": "no", "email": "typed@example.org"})
    await visitor.post("/melden/controleren")
    (asked,) = stub.sent("POST", "intake:reports")
    assert "contact" not in asked["body"]


async def test_without_intake_the_draft_stays_and_the_page_says_so(visitor, stub):
    await fill_in(visitor)
    stub.away.add("intake")
    failed = await visitor.post("/melden/controleren")
    assert failed.status_code == 503
    assert "nog niet verstuurd" in failed.text
    assert DESCRIPTION in failed.text
    stub.away.clear()
    assert (await visitor.post("/melden/controleren")).status_code == 303


async def test_what_intake_refuses_leads_back_to_the_step_that_can_mend_it(visitor, stub):
    await fill_in(visitor)
    stub.refusals["POST intake:reports"] = (
        400,
        {"status": 400, "errors": [{"field": "body.contact.phone", "message": "x", "code": "value_error"}]},
    )
    refused = await visitor.post("/melden/controleren")
    assert refused.status_code == 422
    assert "/melden/contact?terug=controleren" in refused.text
    assert "<title>Fout:" in refused.text


async def test_an_empty_text_is_refused_with_a_summary_and_a_message_at_the_field(visitor):
    answer = await visitor.post("/melden/beschrijf", data={"description": "  "})
    assert answer.status_code == 422
    assert "<title>Fout: Stap 1 van 4" in answer.text
    assert 'role="alert"' in answer.text
    assert 'href="#description"' in answer.text
    assert 'aria-describedby="description-hint description-error" aria-invalid="true"' in answer.text


async def test_a_text_that_is_too_long_is_shown_again_and_not_kept(visitor, pages_app):
    answer = await visitor.post("/melden/beschrijf", data={"description": "a" * 4001})
    assert answer.status_code == 422
    assert "4000" in answer.text
    assert "a" * 4001 in answer.text
    assert not pages_app.state.pages.drafts.kept


async def test_typed_html_is_shown_as_text(visitor):
    await visitor.post("/melden/beschrijf", data={"description": "<script>alert(1)</script>"})
    page = (await visitor.get("/melden/beschrijf")).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_a_step_cannot_be_skipped(visitor):
    assert (await visitor.get("/melden/controleren")).headers["location"] == "/melden/beschrijf"
    await visitor.post("/melden/beschrijf", data={"description": DESCRIPTION})
    assert (await visitor.get("/melden/contact")).headers["location"] == "/melden/locatie"
    assert (await visitor.post("/melden/controleren")).headers["location"] == "/melden/locatie"


async def test_a_photo_goes_up_without_script_and_can_be_removed(visitor, stub):
    photo = {"photos": ("stoep.jpg", b"\xff\xd8\xff", "image/jpeg")}
    added = await visitor.post("/melden/beschrijf", data={"description": DESCRIPTION, "toevoegen": "1"}, files=photo)
    assert added.headers["location"] == "/melden/beschrijf"
    assert len(stub.uploads) == 1
    page = (await visitor.get("/melden/beschrijf")).text
    assert "stoep.jpg" in page
    assert DESCRIPTION in page
    photo_id = re.search(r'name="verwijder" value="([0-9a-f-]+)"', page)[1]
    await visitor.post("/melden/beschrijf", data={"description": DESCRIPTION, "verwijder": photo_id})
    assert "stoep.jpg" not in (await visitor.get("/melden/beschrijf")).text


async def test_a_file_that_is_no_photo_is_refused_and_the_text_stays(visitor):
    file = {"photos": ("brief.pdf", b"%PDF", "application/pdf")}
    answer = await visitor.post("/melden/beschrijf", data={"description": DESCRIPTION}, files=file)
    assert answer.status_code == 422
    assert "JPEG, PNG, WebP en HEIC" in answer.text
    assert DESCRIPTION in (await visitor.get("/melden/beschrijf")).text


async def test_photos_travel_with_the_report(visitor, stub):
    photo = {"photos": ("stoep.jpg", b"\xff\xd8\xff", "image/jpeg")}
    await visitor.post("/melden/beschrijf", data={"description": DESCRIPTION}, files=photo)
    await visitor.post("/melden/locatie", data=PLACE)
    await visitor.post("/melden/contact", data=CONTACT)
    await visitor.post("/melden/controleren")
    (asked,) = stub.sent("POST", "intake:reports")
    assert asked["body"]["attachments"] == list(stub.uploads)


async def test_a_place_outside_the_municipality_is_refused(visitor):
    await visitor.post("/melden/beschrijf", data={"description": DESCRIPTION})
    answer = await visitor.post("/melden/locatie", data={"longitude": "4.9", "latitude": "52.37"})
    assert answer.status_code == 422
    assert "buiten onze gemeente" in answer.text


async def test_a_street_and_a_neighbourhood_are_enough(visitor, pages_app, stub):
    area = pages_app.state.pages.ground.neighbourhoods[0]
    await visitor.post("/melden/beschrijf", data={"description": DESCRIPTION})
    await visitor.post("/melden/locatie", data={"street": "Beilerstraat", "neighbourhood": area.code})
    await visitor.post("/melden/contact", data={"contact_choice": "no"})
    assert "bij benadering" in (await visitor.get("/melden/controleren")).text
    await visitor.post("/melden/controleren")
    (asked,) = stub.sent("POST", "intake:reports")
    assert asked["body"]["location"]["geometry"]["coordinates"] == list(area.label)


async def test_changing_one_part_leads_back_to_the_overview(visitor):
    await fill_in(visitor)
    answer = await visitor.post("/melden/beschrijf", data={"description": "Anders", "terug": "controleren"})
    assert answer.headers["location"] == "/melden/controleren"


async def test_switching_the_language_keeps_what_was_typed(visitor):
    switched = await visitor.post("/melden/beschrijf", data={"description": DESCRIPTION, "taal": "en"})
    page = (await visitor.get(switched.headers["location"])).text
    assert '<html lang="en">' in page
    assert "What is it about?" in page
    assert DESCRIPTION in page
    assert '<html lang="en">' in (await visitor.get("/")).text


async def test_another_report_at_the_same_place_keeps_the_place_only(visitor, stub):
    await fill_in(visitor)
    await visitor.post("/melden/controleren")
    await visitor.post("/melden/opnieuw", data={"plek": "1"})
    assert DESCRIPTION not in (await visitor.get("/melden/beschrijf")).text
    await visitor.post("/melden/beschrijf", data={"description": "Nog iets"})
    assert 'value="6.5621"' in (await visitor.get("/melden/locatie")).text


async def test_a_made_up_draft_cookie_is_as_good_as_none(visitor):
    visitor.cookies.set("meldstroom_concept", "0198f2a0-0000-7000-8000-000000000000.x.y")
    assert (await visitor.get("/melden/beschrijf")).status_code == 200
    assert (await visitor.get("/melden/controleren")).headers["location"] == "/melden/beschrijf"


async def test_streets_are_found_by_their_beginning_first(visitor):
    found = (await visitor.get("/melden/straten", params={"q": "beil"})).json()
    assert found[0] == "Beilerstraat"


async def test_words_of_an_emergency_bring_up_112(visitor):
    tips = await visitor.post("/melden/tips", data={"description": "het ruikt naar gaslucht"})
    assert "112" in tips.text
    assert not (await visitor.post("/melden/tips", data={"description": "losse tegel"})).text.strip()
