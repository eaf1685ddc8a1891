"""Photos: taken, made harmless, and shown to those who may see them."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image

from intake.clients import PhotoStore
from intake.tables import uploads
from intake.use_cases import uploading

FILES = Path(__file__).parents[5] / "shared" / "data" / "files"
needs_files = pytest.mark.skipif(not FILES.exists(), reason="the test-only photos of shared/data are not here")


def photo(kind="JPEG", size=(320, 240), **options) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(target, kind, **options)
    return target.getvalue()


async def send(client, data, name="foto.jpg", content_type="image/jpeg"):
    return await client.post("/v1/uploads", files={"file": (name, data, content_type)})


async def attached(client, report, data):
    """Upload, report, and return the stored image as the reporter gets it."""
    upload = await send(client, data)
    assert upload.status_code == 201, upload.text
    made = (await client.post("/v1/reports", json=report | {"attachments": [upload.json()["id"]]})).json()
    token = made["statusUrl"].rsplit("/", 1)[1]
    links = (await client.get(f"/v1/status/{token}")).json()["attachments"][0]
    image = await client.get(links["url"])
    thumbnail = await client.get(links["thumbnailUrl"])
    assert image.status_code == thumbnail.status_code == 200
    assert image.headers["content-type"] == "image/jpeg"
    return image.content, thumbnail.content, made


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_photo_is_stored_as_jpeg_with_a_thumbnail(client, report, kind):
    image, thumbnail, _ = await attached(client, report, photo(kind, (1000, 600)))
    assert Image.open(io.BytesIO(image)).format == "JPEG"
    assert max(Image.open(io.BytesIO(thumbnail)).size) == 400


@needs_files
@pytest.mark.parametrize("name", ["gps_DSCN0010.jpg", "gps_ifd_odd.jpg", "IMG_5195.heic", "sample.heif"])
async def test_no_metadata_survives(client, report, name):
    image, thumbnail, _ = await attached(client, report, (FILES / name).read_bytes())
    for data in (image, thumbnail):
        opened = Image.open(io.BytesIO(data))
        assert not opened.getexif()
        assert set(opened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


@needs_files
async def test_a_photo_is_turned_upright(client, report):
    data = (FILES / "orientation_6.jpg").read_bytes()
    lying = Image.open(io.BytesIO(data)).size
    image, _, _ = await attached(client, report, data)
    width, height = Image.open(io.BytesIO(image)).size
    assert (width > height) != (lying[0] > lying[1])


@needs_files
@pytest.mark.parametrize(
    "name",
    ["exif_memory_error.jpg", "exif_zero_length_string.jpg", "invalid_image01088.jpg", "invalid_image02206.jpg"],
)
async def test_odd_photos_are_taken_or_refused_but_never_break_the_block(client, name):
    answer = await send(client, (FILES / name).read_bytes())
    assert answer.status_code in {201, 400}


def _with_zip(data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("evil.html", "<script>alert(1)</script>")
    return data + target.getvalue()


async def test_what_stands_behind_the_photo_does_not_survive(client, report):
    image, _, _ = await attached(client, report, _with_zip(photo()))
    assert b"evil.html" not in image
    assert b"PK\x03\x04" not in image


def _declares(width: int, height: int) -> bytes:
    """A PNG that claims to be huge and holds nothing."""
    import struct
    import zlib

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", len(header))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", 0)
        + b"IEND"
        + struct.pack(">I", zlib.crc32(b"IEND"))
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (photo()[:400], "unreadable"),
        (_declares(30_000, 30_000), "too-many-pixels"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "unsupported-type"),
        (photo("GIF"), "unsupported-type"),
        (photo("TIFF"), "unsupported-type"),
        (b"%PDF-1.7\n", "unsupported-type"),
        (b"x" * 20_000_001, "too-large"),
    ],
    ids=["empty", "truncated", "bomb", "svg", "gif", "tiff", "pdf", "too-large"],
)
async def test_anything_else_is_refused_with_a_reason(client, data, code):
    answer = await send(client, data)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0] == {
        "field": "body.file",
        "message": answer.json()["errors"][0]["message"],
        "code": code,
    }


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\x00b.jpg", "\u202egpj.exe", "x" * 5000 + ".jpg", ""])
async def test_the_name_of_a_file_does_not_matter(client, name):
    answer = await send(client, photo(), name=name)
    assert answer.status_code in {201, 400}


async def test_a_photo_belongs_to_one_report_only(client, report):
    _, _, first = await attached(client, report, photo())
    upload = (await send(client, photo())).json()["id"]
    assert (await client.post("/v1/reports", json=report | {"attachments": [upload]})).status_code == 201
    again = await client.post("/v1/reports", json=report | {"attachments": [upload]})
    assert again.status_code == 400
    token = first["statusUrl"].rsplit("/", 1)[1]
    stranger = await client.get(f"/v1/status/{token}/attachments/{upload}/image")
    assert stranger.status_code == 404


async def test_staff_see_the_photos_of_their_municipality(client, tokens, report):
    _, _, made = await attached(client, report, photo())
    reader = tokens.bearer(permissions=["report:read", "case:read"])
    detail = (await client.get(f"/v1/reports/{made['id']}", headers=reader)).json()
    path = detail["attachments"][0]["thumbnailUrl"]
    assert (await client.get(path, headers=reader)).status_code == 200
    assert (await client.get(path)).status_code == 401
    foreign = tokens.bearer("far", permissions=["case:read"], municipalities=["GM0014"])
    assert (await client.get(path, headers=foreign)).status_code == 404


async def test_a_photo_that_no_report_takes_is_deleted_after_a_day(client, database, settings, report):
    loose = (await send(client, photo())).json()["id"]
    _, _, made = await attached(client, report, photo())
    photo_store = PhotoStore(settings)
    async with database.transaction() as session:
        await session.execute(sa.update(uploads).values(created_at=datetime(2020, 1, 1, tzinfo=UTC)))
    await uploading.delete_loose_uploads(database, photo_store, hours=24)
    async with database.transaction() as session:
        left = [row.report_id for row in (await session.execute(sa.select(uploads))).all()]
    assert [str(report_id) for report_id in left] == [made["id"]]
    assert (await client.post("/v1/reports", json=report | {"attachments": [loose]})).status_code == 400


async def test_cleaning_that_dies_halfway_leaves_no_photo_that_a_report_could_take(client, database, settings, report):
    loose = (await send(client, photo())).json()["id"]
    async with database.transaction() as session:
        await session.execute(sa.update(uploads).values(created_at=datetime(2020, 1, 1, tzinfo=UTC)))

    class Dying(PhotoStore):
        async def delete(self, upload_id):
            await super().delete(upload_id)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await uploading.delete_loose_uploads(database, Dying(settings), hours=24)
    assert (await client.post("/v1/reports", json=report | {"attachments": [loose]})).status_code == 400
    await uploading.delete_loose_uploads(database, PhotoStore(settings), hours=24)
    async with database.transaction() as session:
        assert (await session.execute(sa.select(uploads))).all() == []
