"""Photos made harmless: decoded, turned upright, stripped of all metadata, encoded anew."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
CONTENT_TYPE = "image/jpeg"
_QUALITY = 85


class PhotoRefusedError(Exception):
    """The file is no photo that can be taken; ``code`` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Photo:
    """A cleaned photo and its thumbnail, both JPEG; width and height in pixels."""

    image: bytes
    thumbnail: bytes
    width: int
    height: int


def clean(data: bytes, *, max_pixels: int, side: int, thumbnail_side: int) -> Photo:
    """Return the photo in ``data`` without anything but its pixels.

    Raises ``PhotoRefusedError``. The number of pixels is checked on the header, before a byte is decoded; what
    stands behind the image in the file does not survive the new encoding.
    """
    if not data:
        raise PhotoRefusedError("empty", "The file is empty")
    register_heif_opener()
    if _is_cut_off(data):
        raise PhotoRefusedError("unreadable", "The photo is damaged and cannot be read")
    try:
        pixels = _decode(data, max_pixels, side)
    except PhotoRefusedError:
        raise
    except Image.DecompressionBombError as error:
        raise PhotoRefusedError("too-many-pixels", "The photo has too many pixels") from error
    except UnidentifiedImageError as error:
        raise PhotoRefusedError("unsupported-type", "Only JPEG, PNG, WebP and HEIC photos can be taken") from error
    except Exception as error:  # decoders raise whatever they like on broken files
        raise PhotoRefusedError("unreadable", "The photo is damaged and cannot be read") from error
    pixels.thumbnail((side, side), Image.Resampling.LANCZOS)
    image = _encode(pixels)
    width, height = pixels.size
    pixels.thumbnail((thumbnail_side, thumbnail_side), Image.Resampling.LANCZOS)
    return Photo(image, _encode(pixels), width, height)


def _is_cut_off(data: bytes) -> bool:
    """Tell whether a HEIF file ends before its last box does: its decoder would fill what is missing with grey."""
    if data[4:8] != b"ftyp":
        return False
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:  # the length stands behind the name, in eight bytes
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:  # noqa: PLR2004 - length and name; 0 means until the end of the file
            return False
        at += size
    return at > len(data)


def _decode(data: bytes, max_pixels: int, side: int) -> Image.Image:
    # The limit on pixels is our own; Pillow would only warn at its first limit.
    with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        if opened.width * opened.height > max_pixels:
            raise PhotoRefusedError("too-many-pixels", "The photo has too many pixels")
        opened.draft("RGB", (side, side))
        return _opaque(ImageOps.exif_transpose(opened))


def _opaque(image: Image.Image) -> Image.Image:
    """Return the image in RGB on white, since JPEG knows no transparency."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layered = image.convert("RGBA")
        ground = Image.new("RGB", layered.size, "white")
        ground.paste(layered, mask=layered.getchannel("A"))
        return ground
    return image.convert("RGB")


def _encode(image: Image.Image) -> bytes:
    target = io.BytesIO()
    # A fresh image holds no EXIF, no colour profile and no comment that could be written along.
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    bare.save(target, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return target.getvalue()
