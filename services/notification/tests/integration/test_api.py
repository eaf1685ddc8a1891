"""Messages, templates and previews over HTTP."""

from uuid import uuid4

import pytest

from commonground.testing.events import outbox_events

READ = ["message:read"]


@pytest.fixture
def reader(tokens):
    return tokens.bearer("hanna", permissions=READ)


@pytest.fixture
def sender(tokens):
    return tokens.bearer("karim", permissions=["message:read", "message:resend"])


@pytest.fixture
def admin(tokens):
    return tokens.bearer("ada", permissions=["template:manage", "message:read"])


@pytest.fixture
async def confirmed(tell, send_all, client, reader, report_id):
    """The id of a confirmation that was delivered."""
    await tell.contact()
    await tell.text()
    await tell.routing()
    await send_all()
    return (await client.get(f"/v1/messages?reportId={report_id}", headers=reader)).json()["items"][0]["id"]


# --- Messages ---


async def test_a_message_shows_the_exact_words_that_were_sent(confirmed, client, reader, mailbox, plain, page):
    answer = await client.get(f"/v1/messages/{confirmed}", headers=reader)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["state"] == "delivered"
    assert body["subject"] == mailbox.mails[0]["Subject"]
    assert body["text"] == plain(mailbox.mails[0])
    assert body["html"] == page(mailbox.mails[0]).replace("\r\n", "\n")
    assert [(one["attempt"], one["outcome"]) for one in body["deliveries"]] == [(1, "delivered")]
    assert body["error"] is None
    assert body["nextAttemptAt"] is None
    assert body["settledAt"] is not None


async def test_the_address_is_masked_without_the_right_to_see_contacts(confirmed, client, reader, tokens):
    assert (await client.get(f"/v1/messages/{confirmed}", headers=reader)).json()["recipient"] == "m…@e….org"
    seeing = tokens.bearer("hanna", permissions=["message:read", "contact:read"])
    body = (await client.get(f"/v1/messages/{confirmed}", headers=seeing)).json()
    assert body["recipient"] == "melder@example.org"


async def test_messages_need_a_token_and_the_right(confirmed, client, tokens):
    assert (await client.get("/v1/messages")).status_code == 401
    stranger = tokens.bearer("stranger", permissions=["case:read"])
    assert (await client.get("/v1/messages", headers=stranger)).status_code == 403
    assert (await client.get(f"/v1/messages/{confirmed}", headers=stranger)).status_code == 403
    reading = tokens.bearer("hanna", permissions=READ)
    assert (await client.post(f"/v1/messages/{confirmed}/resends", headers=reading)).status_code == 403


async def test_messages_of_another_municipality_do_not_exist(confirmed, client, tokens):
    other = tokens.bearer("x", permissions=["message:read", "message:resend"], municipalities=["GM0363"])
    assert (await client.get("/v1/messages", headers=other)).json()["items"] == []
    assert (await client.get(f"/v1/messages/{confirmed}", headers=other)).status_code == 404
    assert (await client.post(f"/v1/messages/{confirmed}/resends", headers=other)).status_code == 404


async def test_the_list_is_filtered_and_paged_without_gaps_or_repeats(tell, send_all, mailbox, client, reader):
    mailbox.answers["RCPT"] = ["550 5.1.1 unknown"]
    for _ in range(7):
        report = uuid4()
        await tell.contact(report=report)
        await tell.routing(report=report)
    await send_all()
    seen, cursor = [], None
    while True:
        query = f"?limit=3{f'&cursor={cursor}' if cursor else ''}"
        body = (await client.get(f"/v1/messages{query}", headers=reader)).json()
        seen += [item["id"] for item in body["items"]]
        cursor = body["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7
    failed = (await client.get("/v1/messages?state=failed", headers=reader)).json()["items"]
    assert len(failed) == 1
    assert failed[0]["error"] == {"reason": "recipient-refused", "code": 550, "text": "5.1.1 unknown"}
    assert len((await client.get("/v1/messages?kind=closing", headers=reader)).json()["items"]) == 0


WRONG = [
    "limit=0",
    "limit=201",
    "limit=x",
    "cursor=%00",
    "cursor=!!",
    "cursor=YQ",
    "state=lost",
    "kind=poem",
    "reportId=1",
]


async def test_a_wrong_query_is_refused_with_the_field(client, reader):
    for query in WRONG:
        answer = await client.get(f"/v1/messages?{query}", headers=reader)
        assert answer.status_code == 400, query
        assert answer.json()["errors"][0]["field"].endswith(query.split("=", maxsplit=1)[0])


async def test_an_unknown_message_is_not_found(client, sender):
    assert (await client.get(f"/v1/messages/{uuid4()}", headers=sender)).status_code == 404
    assert (await client.post(f"/v1/messages/{uuid4()}/resends", headers=sender)).status_code == 404


# --- Sending again ---


async def test_a_refused_mail_can_be_sent_again_to_the_corrected_address(
    tell, send_all, mailbox, client, sender, report_id, database, plain
):
    mailbox.answers["RCPT"] = ["550 5.1.1 unknown"]
    await tell.contact(email="jna@example.org")
    await tell.routing()
    await send_all()
    (item,) = (await client.get(f"/v1/messages?reportId={report_id}", headers=sender)).json()["items"]
    assert item["state"] == "failed"
    await tell.contact(email="jan@example.org", sequence=2)
    answer = await client.post(f"/v1/messages/{item['id']}/resends", headers=sender)
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "due"
    assert [one["byName"] for one in answer.json()["resends"]] == ["karim"]
    await send_all()
    assert mailbox.envelopes[-1][1] == ["jan@example.org"]
    body = (await client.get(f"/v1/messages/{item['id']}", headers=sender)).json()
    assert body["state"] == "delivered"
    assert [(one["round"], one["outcome"]) for one in body["deliveries"]] == [(0, "refused"), (1, "delivered")]
    types = [event["type"].rsplit(".", 1)[1] for event in await outbox_events(database)]
    assert types == ["message-failed", "message-delivered"]
    assert [event["sequence"] for event in await outbox_events(database)] == [1, 2]


async def test_a_mail_that_is_sent_again_has_the_same_words_and_an_id_of_its_own(
    confirmed, client, sender, send_all, mailbox, plain
):
    await client.post(f"/v1/messages/{confirmed}/resends", headers=sender)
    await send_all()
    first, second = mailbox.mails
    assert first["Message-ID"] != second["Message-ID"]
    assert plain(first) == plain(second)


async def test_the_same_key_sends_again_once(confirmed, client, sender, send_all, mailbox):
    headers = {**sender, "Idempotency-Key": str(uuid4())}
    first = await client.post(f"/v1/messages/{confirmed}/resends", headers=headers)
    again = await client.post(f"/v1/messages/{confirmed}/resends", headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    await send_all()
    late = await client.post(f"/v1/messages/{confirmed}/resends", headers=headers)
    assert late.status_code == 201
    await send_all()
    assert len(mailbox.mails) == 2
    other = await client.post(f"/v1/messages/{uuid4()}/resends", headers=headers)
    assert other.status_code == 409


async def test_a_message_that_is_still_to_be_sent_is_not_sent_again(tell, client, sender, report_id):
    await tell.contact()
    (item,) = (await client.get(f"/v1/messages?reportId={report_id}", headers=sender)).json()["items"]
    answer = await client.post(f"/v1/messages/{item['id']}/resends", headers=sender)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:meldstroom:problem:message-under-way"


async def test_a_message_whose_address_is_removed_cannot_be_sent_again(confirmed, tell, client, sender):
    await tell.removed("intake.report-contacts")
    answer = await client.post(f"/v1/messages/{confirmed}/resends", headers=sender)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:meldstroom:problem:no-address"


# --- Templates ---


async def test_all_texts_are_there_from_the_beginning_in_two_languages(client, admin):
    items = (await client.get("/v1/templates", headers=admin)).json()["items"]
    assert len(items) == 8
    assert {(item["kind"], item["language"]) for item in items} == {
        (kind, language) for kind in ("confirmation", "closing", "update", "question") for language in ("nl", "en")
    }
    assert {item["version"] for item in items} == {0}
    assert "message" not in [variable["name"] for variable in items[0]["variables"]]


async def test_a_saved_text_is_in_the_next_mail_and_the_old_one_is_kept(client, admin, tell, send_all, mailbox, plain):
    body = {"subject": "Klaar: {{ number }}", "body": "Hoi!\n\n{{ message }}\n\n[Kaart]({{ map_url }})"}
    answer = await client.put("/v1/templates/closing/nl", json=body, headers=admin)
    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] == 1
    assert answer.json()["changedByName"] == "ada"
    answer = await client.put("/v1/templates/closing/nl", json={**body, "subject": "Af: {{ number }}"}, headers=admin)
    assert answer.json()["version"] == 2
    await tell.contact()
    await tell.message()
    await tell.routing()
    await send_all()
    mail = next(mail for mail in mailbox.mails if mail["Subject"] == "Af: M-10001")
    assert plain(mail).startswith(
        "Hoi!\n\nDe lamp is vandaag vervangen.\n\nKaart: https://meldingen.example.org/kaart\n"
    )
    versions = (await client.get("/v1/templates/closing/nl/versions", headers=admin)).json()["items"]
    assert [(one["version"], one["subject"]) for one in versions] == [
        (2, "Af: {{ number }}"),
        (1, "Klaar: {{ number }}"),
    ]


async def test_the_same_text_again_makes_no_version(client, admin):
    body = {"subject": "Klaar", "body": "{{ message }}"}
    for _ in range(2):
        answer = await client.put("/v1/templates/closing/nl", json=body, headers=admin)
        assert answer.json()["version"] == 1


async def test_two_people_do_not_overwrite_each_other(client, admin):
    body = {"subject": "Klaar", "body": "{{ message }}", "expectedVersion": 0}
    assert (await client.put("/v1/templates/closing/nl", json=body, headers=admin)).status_code == 200
    answer = await client.put("/v1/templates/closing/nl", json={**body, "subject": "Af"}, headers=admin)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:meldstroom:problem:template-outdated"


async def test_all_unknown_variables_are_told_at_once_with_their_line(client, admin):
    body = {"subject": "{{ a }}", "body": "{{ message }}\n{{ b }}\n{{ c }}"}
    answer = await client.put("/v1/templates/closing/nl", json=body, headers=admin)
    errors = answer.json()["errors"]
    assert [error["field"] for error in errors] == ["body.subject", "body.body", "body.body"]
    assert errors[1]["message"].startswith("Line 2: there is no variable `b`; the variables are: ")


async def test_a_refused_text_changes_nothing(client, admin):
    for body in ({"subject": "Klaar", "body": "Geen woorden"}, {"subject": "Klaar\nBcc: x", "body": "{{ message }}"}):
        assert (await client.put("/v1/templates/closing/nl", json=body, headers=admin)).status_code == 400
    assert (await client.put("/v1/templates/closing/de", json=body, headers=admin)).status_code == 400
    items = (await client.get("/v1/templates", headers=admin)).json()["items"]
    assert {item["version"] for item in items} == {0}


async def test_a_confirmation_has_no_message_of_a_handler(client, admin):
    body = {"subject": "Hoi", "body": "{{ message }}"}
    answer = await client.put("/v1/templates/confirmation/nl", json=body, headers=admin)
    assert answer.status_code == 400


async def test_only_who_manages_templates_may_see_and_change_them(client, reader, tokens):
    body = {"subject": "Hoi", "body": "{{ number }}"}
    assert (await client.get("/v1/templates", headers=reader)).status_code == 403
    assert (await client.put("/v1/templates/confirmation/nl", json=body, headers=reader)).status_code == 403
    other = tokens.bearer("x", permissions=["template:manage"], municipalities=["GM0363"])
    answer = await client.put("/v1/templates/confirmation/nl?municipality=GM0106", json=body, headers=other)
    assert answer.status_code == 400


async def test_seeding_gives_version_one_and_changes_nothing_the_second_time(client, admin, database):
    from notification.use_cases import texts

    async with database.transaction() as session:
        assert await texts.seed_templates(session, {"GM0106"}) == 8
    async with database.transaction() as session:
        assert await texts.seed_templates(session, {"GM0106"}) == 0
    items = (await client.get("/v1/templates", headers=admin)).json()["items"]
    assert {item["version"] for item in items} == {1}
    assert items[0]["changedByName"] is None


# --- Previews ---


async def test_a_preview_of_a_report_is_the_mail_that_would_be_sent(
    tell, client, reader, send_all, mailbox, plain, page, report_id
):
    await tell.contact()
    await tell.text()
    await tell.routing()
    request = {"kind": "closing", "language": "nl", "reportId": str(report_id), "text": "De lamp brandt."}
    preview = await client.post("/v1/previews", json=request, headers=reader)
    assert preview.status_code == 200, preview.text
    await send_all()
    assert len(mailbox.mails) == 1  # the confirmation: a preview sends nothing
    await tell.message(text="De lamp brandt.")
    await send_all()
    mail = mailbox.mails[1]
    assert preview.json()["subject"] == mail["Subject"]
    assert preview.json()["text"] == plain(mail)
    assert preview.json()["html"] == page(mail).replace("\r\n", "\n")


async def test_a_preview_of_examples_needs_no_report(client, reader):
    request = {"kind": "confirmation", "language": "en", "sample": {"number": "X-1"}}
    body = (await client.post("/v1/previews", json=request, headers=reader)).json()
    assert body["subject"] == "We have received your report X-1"
    assert "Municipality of Voorbeeldstad" in body["text"]


async def test_a_text_can_be_tried_before_it_is_saved(client, reader):
    request = {
        "kind": "closing",
        "language": "nl",
        "text": "Klaar!",
        "template": {"subject": "Af", "body": "**{{ message }}**"},
    }
    body = (await client.post("/v1/previews", json=request, headers=reader)).json()
    assert body["subject"] == "Af"
    assert "<strong>Klaar!</strong>" in body["html"]
    request["template"]["body"] = "{{ onbekend }}"
    answer = await client.post("/v1/previews", json=request, headers=reader)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "body.template.body"


WRONG_PREVIEWS = [
    ({"kind": "poem"}, 400),
    ({"language": "de"}, 400),
    ({"reportId": str(uuid4())}, 404),
    ({"sample": {"nobody": "x"}}, 400),
    ({"sample": {"number": "x" * 5000}}, 400),
    ({"sample": {}, "reportId": str(uuid4())}, 400),
    ({"text": "\x00"}, 400),
    ({"text": "x" * 10_001}, 400),
    ({"extra": 1}, 400),
    ({"municipality": "GM9999"}, 400),
]


async def test_a_wrong_preview_is_refused(client, reader):
    for change, status in WRONG_PREVIEWS:
        answer = await client.post("/v1/previews", json={"kind": "closing", **change}, headers=reader)
        assert answer.status_code == status, (change, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_report_of_another_municipality_cannot_be_previewed(tell, client, tokens, report_id):
    await tell.contact()
    other = tokens.bearer("x", permissions=READ, municipalities=["GM0363"])
    request = {"kind": "closing", "reportId": str(report_id), "municipality": "GM0363"}
    assert (await client.post("/v1/previews", json=request, headers=other)).status_code in {400, 404}


async def test_the_openapi_document_is_open_to_all(client):
    document = (await client.get("/v1/openapi.json")).json()
    assert {path for path in document["paths"] if not path.startswith("/dead-letters")} == {
        "/messages",
        "/messages/{messageId}",
        "/messages/{messageId}/resends",
        "/webhook-subscriptions",
        "/webhook-subscriptions/{subscriptionId}",
        *(
            f"/webhook-subscriptions/{{subscriptionId}}/{what}"
            for what in ("pauses", "resumptions", "secrets", "tests", "deliveries", "redeliveries")
        ),
        "/templates",
        "/templates/{kind}/{language}",
        "/templates/{kind}/{language}/versions",
        "/previews",
    }
