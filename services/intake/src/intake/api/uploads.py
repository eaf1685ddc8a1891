"""Uploads: photos that a report will name."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, File, Request, UploadFile

from commonground.problems import InvalidInputError
from intake import photos
from intake.api.dependencies import ResourcesDep
from intake.schemas import UploadStored
from intake.use_cases import uploading

router = APIRouter()

# Decoding holds a whole photo in memory, some 200 MB for the largest; more than two at once help nobody.
_decoders = asyncio.Semaphore(2)


@router.post(
    "/uploads",
    status_code=201,
    responses={429: {"description": "Too many uploads from this client"}},
)
async def upload_photo(
    file: Annotated[UploadFile, File(description="A JPEG, PNG, WebP or HEIC photo")],
    request: Request,
    resources: ResourcesDep,
) -> UploadStored:
    """Store a photo without its metadata; name its id in a report within a day."""
    await resources.count("upload", request)
    settings = resources.settings
    if (file.size or 0) > settings.max_photo_bytes:
        megabytes = settings.max_photo_bytes // 1_000_000
        raise InvalidInputError(("body.file", f"The photo is larger than {megabytes} MB", "too-large"))
    data = await file.read()
    try:
        async with _decoders:
            photo = await asyncio.to_thread(
                photos.clean,
                data,
                max_pixels=settings.max_photo_pixels,
                side=settings.photo_side,
                thumbnail_side=settings.thumbnail_side,
            )
    except photos.PhotoRefusedError as error:
        raise InvalidInputError(("body.file", str(error), error.code)) from error
    upload_id = await uploading.upload_photo(resources.database, resources.photo_store, photo)
    return UploadStored(
        id=upload_id,
        content_type=photos.CONTENT_TYPE,
        width=photo.width,
        height=photo.height,
        size=len(photo.image),
    )
