"""Rows of intake as its API shows them."""

from collections.abc import Iterable
from typing import Any

from intake.schemas import AttachmentLinks, GeoPoint, PlaceAnswer


def place(report: Any) -> PlaceAnswer:
    """Return where a report is."""
    point = GeoPoint(type="Point", coordinates=[report.longitude, report.latitude])
    return PlaceAnswer(geometry=point, address=report.address)


def attachment_links(photos: Iterable[Any], base: str) -> list[AttachmentLinks]:
    """Return the photos of a report with addresses below ``base``."""
    return [
        AttachmentLinks(
            id=photo.id,
            url=f"{base}/attachments/{photo.id}/image",
            thumbnail_url=f"{base}/attachments/{photo.id}/thumbnail",
            width=photo.width,
            height=photo.height,
        )
        for photo in photos
    ]
