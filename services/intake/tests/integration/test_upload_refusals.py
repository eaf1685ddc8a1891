"""Files that are no photo: each is refused with a reason, and no answer or log line repeats what was sent."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

FILES = Path(__file__).parents[5] / "shared" / "data" / "files"
needs_files = pytest.mark.skipif(not FILES.exists(), reason="the test-only files of shared/data are not here")

SECRET = "geheim-van-jansen"


def photo(kind="JPEG", size=(320, 240)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(target, kind)
    return target.getvalue()


def png(width, height, data=b"") -> bytes:
    """A PNG that declares a size, with whatever pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


async def send(client, data, content_type="image/jpeg", name=f"{SECRET}.jpg"):
    return await client.post("/v1/uploads", files={"file": (name, data, content_type)})


def refused(answer, code):
    """Check that the answer is a problem that names the field, and holds nothing of the file or its name."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert [(error["field"], error["code"]) for error in body["errors"]] == [("body.file", code)]
    assert set(body) == {"type", "title", "status", "detail", "errors"}
    assert SECRET not in answer.text
    assert all(SECRET not in value for value in answer.headers.values())


@needs_files
@pytest.mark.parametrize("content_type", ["image/jpeg", "application/pdf", "message/rfc822", "application/x-unknown"])
@pytest.mark.parametrize(
    "name",
    [
        "minimal.pdf",
        "password_protected.pdf",
        "pdf_with_attachment.pdf",
        "mail_bounce_422.eml",
        "mail_inline_image.eml",
        "mail_pdf_non_ascii_name.eml",
        "mail_utf8_headers.eml",
        "sample.tiff",
    ],
)
async def test_a_document_is_refused_whatever_it_calls_itself(client, name, content_type):
    refused(await send(client, (FILES / name).read_bytes(), content_type), "unsupported-type")


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert('geheim-van-jansen'))>>>>endobj",
        b'<svg xmlns="http://www.w3.org/2000/svg"><text>geheim-van-jansen</text></svg>',
        b"<!doctype html><title>geheim-van-jansen</title>" + photo(),
        b"GIF89a geheim-van-jansen",
        b"geheim-van-jansen",
    ],
    ids=["pdf-with-javascript", "svg", "html-before-a-photo", "gif", "text"],
)
async def test_what_is_no_photo_is_refused_without_repeating_it(client, data, caplog):
    refused(await send(client, data), "unsupported-type")
    assert SECRET not in caplog.text


@needs_files
@pytest.mark.parametrize("name", ["gps_DSCN0010.jpg", "IMG_5195.heic", "sample.heif"])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
async def test_a_photo_that_was_cut_off_is_refused(client, name, part):
    data = (FILES / name).read_bytes()
    refused(await send(client, data[: int(len(data) * part)]), "unreadable")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_photo_without_its_end_is_refused(client, kind):
    refused(await send(client, photo(kind)[:-200]), "unreadable")


@pytest.mark.parametrize(
    "data",
    [
        png(30_000, 30_000),
        png(30_000, 30_000, zlib.compress(bytes(8_000_000))),
        png(2**31 - 1, 1),
        png(1, 2**31 - 1),
    ],
    ids=["square", "with-pixels", "wide", "high"],
)
async def test_a_picture_that_would_fill_the_memory_is_refused_unread(client, data):
    refused(await send(client, data), "too-many-pixels")


@pytest.mark.parametrize("data", [photo() + bytes(20_000_000), bytes(20_000_001)], ids=["photo", "nothing"])
async def test_a_file_above_twenty_megabytes_is_refused(client, data):
    refused(await send(client, data), "too-large")


async def test_a_body_that_cannot_hold_a_photo_is_not_read_to_its_end(client):
    answer = await send(client, bytes(30_000_000))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert SECRET not in answer.text


async def test_an_empty_file_is_refused(client):
    refused(await send(client, b""), "empty")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "image/jpeg"])
async def test_a_body_that_is_no_form_is_refused(client, content_type):
    answer = await client.post("/v1/uploads", content=photo(), headers={"Content-Type": content_type})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "body.file"


@needs_files
@pytest.mark.parametrize("content_type", ["image/heic", "image/heif", "image/jpeg", "application/octet-stream"])
@pytest.mark.parametrize("name", ["IMG_5195.heic", "sample.heif"])
async def test_a_photo_of_a_phone_is_stored_as_jpeg(client, report, name, content_type):
    answer = await send(client, (FILES / name).read_bytes(), content_type)
    assert answer.status_code == 201, answer.text
    upload = answer.json()
    assert SECRET not in answer.text
    made = (await client.post("/v1/reports", json=report | {"attachments": [upload["id"]]})).json()
    token = made["statusUrl"].rsplit("/", 1)[1]
    stored = (await client.get(f"/v1/status/{token}/attachments/{upload['id']}/image")).content
    opened = Image.open(io.BytesIO(stored))
    opened.load()
    assert (opened.format, opened.size) == ("JPEG", (upload["width"], upload["height"]))
    assert len(stored) == upload["size"]
    assert not opened.getexif()
