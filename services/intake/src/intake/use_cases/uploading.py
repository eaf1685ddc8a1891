"""Photos that residents upload before the report that takes them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from commonground import ids
from commonground.database import Database
from intake import photos, store
from intake.clients import PhotoStore


async def upload_photo(database: Database, photo_store: PhotoStore, photo: photos.Photo) -> UUID:
    """Store a cleaned photo; return its id.

    The row is written first: when the process dies between the two, cleaning finds row and files after a day.
    """
    upload_id = ids.new()
    async with database.transaction() as session:
        await store.add_upload(session, upload_id)
    await photo_store.put(upload_id, "image", photo.image)
    await photo_store.put(upload_id, "thumbnail", photo.thumbnail)
    async with database.transaction() as session:
        await store.upload_stored(session, upload_id, width=photo.width, height=photo.height, size=len(photo.image))
    return upload_id


async def delete_loose_uploads(database: Database, photo_store: PhotoStore, *, hours: int) -> bool:
    """Delete photos that no report took within ``hours``; return whether there may be more.

    They are withdrawn first: killed before the rows are gone, no report can take a photo whose files are, and the
    next round finds the rows again.
    """
    limit = 100
    async with database.transaction() as session:
        loose = await store.take_loose_uploads(session, datetime.now(UTC) - timedelta(hours=hours), limit)
        await store.withdraw_uploads(session, loose)
    await delete_uploads(database, photo_store, loose)
    return len(loose) == limit


async def delete_uploads(database: Database, photo_store: PhotoStore, upload_ids: Sequence[UUID]) -> None:
    """Delete files and then rows of photos that no report has or can take."""
    if not upload_ids:
        return
    for upload_id in upload_ids:
        await photo_store.delete(upload_id)
    async with database.transaction() as session:
        await store.delete_uploads(session, upload_ids)
