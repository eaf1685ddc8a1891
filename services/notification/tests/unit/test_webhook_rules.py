"""Rules of webhooks that need no receiver."""

import base64
import hashlib
import hmac

import pytest

from notification.domain.sealing import Sealer, UnreadableSecretError
from notification.domain.targets import TargetRefusedError, check_addresses, networks
from notification.domain.webhooks import (
    Lane,
    Outcome,
    headers,
    new_secret,
    readable,
    retry_wait,
    signature,
    verdict_of,
    webhook_id,
)


def test_a_signature_is_the_hmac_of_id_timestamp_and_body():
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    body = b'{"a": 1}'
    wanted = hmac.new(b"k" * 24, b"msg_1.1700000000." + body, hashlib.sha256).digest()
    assert signature([secret], "msg_1", 1700000000, body) == "v1," + base64.b64encode(wanted).decode()


def test_two_secrets_make_two_signatures_and_each_secret_is_new():
    one, two = new_secret(), new_secret()
    assert one != two
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32
    both = signature([one, two], "a", 1, b"x").split(" ")
    assert both == [signature([one], "a", 1, b"x"), signature([two], "a", 1, b"x")]


def test_only_a_redelivery_says_that_it_is_one():
    for lane in Lane:
        assert ("webhook-redelivery" in headers([new_secret()], "a", 1, b"", lane)) == (lane is Lane.REDELIVERY)


@pytest.mark.parametrize("odd", ["a.b", "a b", "a\r\nX: y", "é", "x" * 201])
def test_an_id_that_could_change_the_signed_text_or_a_header_is_replaced(odd):
    made = webhook_id(odd)
    assert made.isalnum()
    assert made == webhook_id(odd)


def test_an_ordinary_id_stays():
    assert webhook_id("01930f2e-1b5c-7a34-8f00-5d1f6a2b3c4d") == "01930f2e-1b5c-7a34-8f00-5d1f6a2b3c4d"


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (200, Outcome.DELIVERED, None),
        (299, Outcome.DELIVERED, None),
        (100, Outcome.FAILED, "refused"),
        (302, Outcome.FAILED, "redirected"),
        (400, Outcome.FAILED, "refused"),
        (410, Outcome.FAILED, "gone"),
        (429, Outcome.FAILED, "too-many-requests"),
        (503, Outcome.FAILED, "server-error"),
    ],
)
def test_only_2xx_is_a_delivery(status, outcome, code):
    found = verdict_of(status, milliseconds=1, answer=b"", retry_after=None)
    assert (found.outcome, found.code, found.gone) == (outcome, code, status == 410)


@pytest.mark.parametrize(("header", "seconds"), [("120", 120.0), (None, 0.0), ("-1", 0.0), ("soon", 0.0), ("²", 0.0)])
def test_only_a_number_of_seconds_is_heeded(header, seconds):
    assert verdict_of(503, milliseconds=1, answer=b"", retry_after=header).retry_after == seconds


def test_waits_double_up_to_a_limit_and_are_spread():
    def wait(attempt, chance=0.5, retry_after=0.0):
        return retry_wait(attempt, first=5, longest=100, retry_after=retry_after, chance=chance)

    assert [wait(attempt) for attempt in range(1, 7)] == [5, 10, 20, 40, 80, 100]
    assert (wait(1, chance=0), wait(1, chance=1)) == (3.75, 6.25)
    assert wait(10_000) == 100
    assert wait(1, retry_after=50) == 50
    assert wait(1, retry_after=10_000_000) == 100


def test_an_answer_becomes_one_short_line_without_signatures():
    assert readable(b"a\r\n\tb \xff v1,abc+/= whsec_abc") == "a b v1,… whsec_…"
    assert len(readable(b"x" * 5000)) == 1000


def test_a_secret_is_read_again_with_any_of_the_keys_and_with_no_other():
    kept = Sealer(["old"]).seal("whsec_x")
    assert "whsec_x" not in kept
    assert Sealer(["new", "old"]).unseal(kept) == "whsec_x"
    for keys in ([], ["new"]):
        with pytest.raises(UnreadableSecretError):
            Sealer(keys).unseal(kept)
    assert Sealer(["new"]).unseal(Sealer([]).seal("whsec_x")) == "whsec_x"


@pytest.mark.parametrize("good", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "172.15.0.1", "100.128.0.1"])
def test_addresses_in_the_internet_may_be_called(good):
    check_addresses([good], ())


@pytest.mark.parametrize(
    "bad", ["10.1.2.3", "::ffff:8.8.8.8%1x", "fe80::1%eth0", "64:ff9b::808:808", "no address", "", "::ffff:192.168.0.1"]
)
def test_other_addresses_may_not_and_one_of_them_is_enough(bad):
    if bad.startswith("::ffff:8"):
        check_addresses([bad], ())  # the system goes to 8.8.8.8
        return
    with pytest.raises(TargetRefusedError):
        check_addresses(["8.8.8.8", bad], ())


def test_a_network_that_is_allowed_counts_however_the_address_is_written():
    allowed = networks("10.1.0.0/16, fd00::/8")
    check_addresses(["10.1.2.3", "::ffff:10.1.2.3", "fd12::1"], allowed)
    with pytest.raises(TargetRefusedError):
        check_addresses(["10.2.0.1"], allowed)
