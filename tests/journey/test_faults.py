"""A block, the broker or the mail server away in the middle: nothing is lost and everything catches up."""

import json
from uuid import uuid4

import pytest

LAMP = "De lantaarnpaal doet het niet meer"


def complete(api, marker):
    """Return the case when it is classified and routed."""
    found = api.cases(f"q={marker}")
    return found and found[0]["category"] and found[0]["deadline"] and found[0]


def mails_to(suite, address):
    return [mail for mail in suite.mails() if address in str(mail["to"])]


@pytest.mark.parametrize("block", ["classification", "routing", "handling", "notification", "insight"])
def test_a_report_survives_a_block_that_is_down(suite, api, wait, marker, block):
    address = f"{marker}@example.org"
    suite.stop_block(block)
    try:
        report = api.report(f"{LAMP} {marker}", email=address)
        assert report.status == 201
    finally:
        suite.start_block(block)
    case = wait(lambda: complete(api, marker), f"the case after {block} came back", 60)
    assert case["number"] == report.body["number"]
    wait(lambda: mails_to(suite, address), "the confirmation", 60)
    assert len(mails_to(suite, address)) == 1


def test_a_report_survives_a_killed_block(suite, api, wait, marker):
    address = f"{marker}@example.org"
    key = str(uuid4())
    suite.kill_block("classification")
    suite.kill_block("notification")
    assert api.report(f"{LAMP} {marker}", email=address, key=key).status == 201
    suite.start_block("classification")
    suite.start_block("notification")
    wait(lambda: complete(api, marker), "the case", 60)
    wait(lambda: mails_to(suite, address), "the confirmation", 60)


@pytest.mark.kafka
def test_a_report_is_accepted_while_the_broker_is_away(suite, api, wait, marker):
    address = f"{marker}@example.org"
    suite.stop_kafka()
    try:
        report = api.report(f"{LAMP} {marker}", email=address)
        assert report.status == 201
        status = report.body["statusUrl"].rsplit("/", 1)[1]
        assert api.call("GET", f"/api/intake/v1/status/{status}").body["status"] == "received"
    finally:
        suite.start_kafka()
    wait(lambda: complete(api, marker), "the case after the broker came back", 90)
    wait(lambda: mails_to(suite, address), "the confirmation", 90)
    assert len(mails_to(suite, address)) == 1


def test_a_mail_server_that_refuses_delays_the_mail_and_loses_none(suite, api, wait, marker):
    address = f"{marker}@example.org"
    suite.refuse_mail()
    try:
        report = api.report(f"{LAMP} {marker}", email=address).body

        def tried():
            answer = api.call("GET", f"/api/notification/v1/messages?reportId={report['id']}", person="coordinator")
            items = answer.body["items"]
            return items and items[0]["attempts"] > 0

        wait(tried, "a first attempt")
        assert mails_to(suite, address) == []
    finally:
        suite.refuse_mail(refuse=False)
    wait(lambda: mails_to(suite, address), "the mail after the server accepts again", 120)


def test_a_report_can_be_followed_through_all_blocks_by_its_trace(collector, api, wait, marker):
    trace = uuid4().hex
    body = {
        "description": f"{LAMP} {marker}",
        "location": {"geometry": {"type": "Point", "coordinates": [6.5625, 52.9967]}},
    }
    answer = api.call("POST", "/api/intake/v1/reports", body, traceparent=f"00-{trace}-{'1' * 16}-01")
    assert answer.status == 201
    wait(lambda: complete(api, marker), "the case")
    expected = {"gateway", "intake", "classification", "routing", "handling"}
    wait(lambda: expected <= collector.services.get(trace, set()), "spans of all blocks on the way")


def test_logs_and_traces_hold_no_personal_data_and_no_free_text(suite, collector, api, wait, marker):
    address = f"{marker}@example.org"
    api.report(f"{LAMP} {marker}", email=address)
    api.call("POST", "/api/intake/v1/reports", {"description": marker, "contact": {"email": f"{marker}@"}})
    wait(lambda: mails_to(suite, address), "the confirmation")
    for log in (suite.folder / "logs").glob("*.log"):
        if log.stem in {*suite.blocks}:
            assert marker not in log.read_text(errors="replace"), log.name
    assert not any(marker in text for text in collector.texts)


def test_a_repeated_report_is_one_report_everywhere(suite, api, wait, marker):
    address = f"{marker}@example.org"
    key = str(uuid4())
    answers = [api.report(f"{LAMP} {marker}", email=address, key=key) for _ in range(3)]
    assert len({json.dumps(answer.body, sort_keys=True) for answer in answers}) == 1
    wait(lambda: complete(api, marker), "the case")
    wait(lambda: mails_to(suite, address), "the confirmation")
    assert len(api.cases(f"q={marker}")) == 1
    assert len(mails_to(suite, address)) == 1
