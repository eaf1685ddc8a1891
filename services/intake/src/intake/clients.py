"""What intake reaches outside: the storage of photos."""

from pathlib import Path
from typing import Literal
from uuid import UUID

import obstore
from obstore.store import from_url

from intake.settings import Settings

Variant = Literal["image", "thumbnail"]


class PhotoStore:
    """Photos in a folder or in an S3 bucket, by upload and variant."""

    def __init__(self, settings: Settings) -> None:
        """Prepare; a local folder is made when it is missing."""
        url = settings.storage_url
        if url.startswith("file://"):
            Path(url.removeprefix("file://")).mkdir(parents=True, exist_ok=True)
        self._store = from_url(url, config=settings.storage_options or None)  # type: ignore[arg-type]  # options are names and texts here

    async def put(self, upload_id: UUID, variant: Variant, data: bytes) -> None:
        """Write one variant; whole or not at all."""
        await obstore.put_async(self._store, _path(upload_id, variant), data)

    async def get(self, upload_id: UUID, variant: Variant) -> bytes:
        """Return one variant; raise ``FileNotFoundError`` when it is not there."""
        found = await obstore.get_async(self._store, _path(upload_id, variant))
        return bytes(await found.bytes_async())

    async def delete(self, upload_id: UUID) -> None:
        """Delete all variants; those that are not there already are no error."""
        for variant in ("image", "thumbnail"):
            try:
                await obstore.delete_async(self._store, _path(upload_id, variant))
            except FileNotFoundError:
                continue


def _path(upload_id: UUID, variant: str) -> str:
    name = upload_id.hex
    return f"{name[-2:]}/{name}/{variant}.jpg"
