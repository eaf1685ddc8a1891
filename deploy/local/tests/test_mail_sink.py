"""The mail sink takes real SMTP and keeps what a person would see."""

import smtplib
import sys
from email.message import EmailMessage

import pytest

from meldstroom_local import mails, places
from meldstroom_local.processes import Process


@pytest.fixture
def sink(tmp_path):
    port = places.free_port()
    process = Process(
        "mail",
        [sys.executable, "-m", "meldstroom_local.mail_sink", str(port), str(tmp_path / "mail")],
        log=tmp_path / "mail.log",
        environment={"PYTHONPATH": str(places.LOCAL)},
    )
    process.start()
    process.wait_until(lambda: places.listens(port), 20)
    yield port, tmp_path
    process.stop()


def mail(subject="Uw melding é"):
    message = EmailMessage()
    message["From"] = "Voorbeeldstad <no-reply@voorbeeldstad.example>"
    message["To"] = "melder@example.org"
    message["Subject"] = subject
    message["Message-ID"] = "<1@voorbeeldstad.example>"
    message.set_content("Bedankt voor uw melding.\n.een punt vooraan\n")
    message.add_alternative("<p>Bedankt voor uw melding.</p>", subtype="html")
    return message


def test_a_mail_becomes_one_line_with_text_and_html(sink):
    port, folder = sink
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.send_message(mail())
    (kept,) = mails.read(folder)
    assert kept["to"] == ["melder@example.org"]
    assert kept["subject"] == "Uw melding é"
    assert kept["text"] == "Bedankt voor uw melding.\n.een punt vooraan\n"
    assert kept["html"] == "<p>Bedankt voor uw melding.</p>\n"
    assert kept["messageId"] == "<1@voorbeeldstad.example>"
    assert kept["receivedAt"].endswith("Z")


def test_a_sink_that_refuses_says_that_it_is_for_now(sink):
    port, folder = sink
    (folder / "mail" / "refuse").touch()
    with smtplib.SMTP("127.0.0.1", port) as client:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.send_message(mail())
        assert caught.value.smtp_code == 451
        (folder / "mail" / "refuse").unlink()
        client.send_message(mail())
    assert mails.count(folder) == 1


def test_a_broken_mail_is_kept_as_far_as_it_can_be_read(sink):
    port, folder = sink
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail(
            "a@example.org", ["b@example.org"], b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe"
        )
    (kept,) = mails.read(folder)
    assert kept["to"] == ["b@example.org"]
