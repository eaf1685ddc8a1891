"""Step 1 of reporting: what is wrong, and photos of it."""

from uuid import UUID

import aiohttp
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from gateway.clients import BlockRefusedError, BlockUnavailableError
from gateway.drafts import Draft, Photo
from gateway.pages.dependencies import services_of
from gateway.pages.drafting import keep_draft, load_draft, open_draft
from gateway.pages.language import LANGUAGES, N_, PARAMETER
from gateway.pages.rendering import render
from gateway.pages.wizard_rules import LARGEST_PHOTO, LONGEST_TEXT, MOST_PHOTOS, Errors, check_description, hints_for

router = APIRouter(include_in_schema=False)

STEP = "/melden/beschrijf"
INVALID = 422
SEE_OTHER = 303
CONTENT_TOO_LARGE = 413


def after(form: FormData, following: str) -> str:
    """Return where to go after a good step: the next one, or back to the overview that asked for a change."""
    return "/melden/controleren" if form.get("terug") == "controleren" else following


def language_asked(form: FormData) -> str | None:
    """Return the language of the switch, when that is the button that was pressed."""
    asked = form.get(PARAMETER)
    return asked if asked in LANGUAGES else None


def _show(request: Request, draft: Draft, errors: Errors | None = None) -> Response:
    return render(
        request,
        "wizard/describe.html",
        status_code=INVALID if errors else 200,
        step="beschrijf",
        draft=draft,
        errors=errors or Errors(),
        hints=hints_for(draft.description),
        longest=LONGEST_TEXT,
        most_photos=MOST_PHOTOS,
        back=request.query_params.get("terug", ""),
    )


@router.get("/melden")
async def begin() -> Response:
    """Lead to the first step."""
    return RedirectResponse(STEP, SEE_OTHER)


@router.get(STEP)
async def show_describe(request: Request) -> Response:
    """Show the first step, with what was typed before."""
    draft = await load_draft(request)
    return _show(request, draft if draft and draft.sent is None else Draft())


async def _upload(request: Request, file: UploadFile) -> Photo | str:
    """Hand a photo to intake; returns the photo, or what is wrong with it."""
    if file.size is not None and file.size > LARGEST_PHOTO:
        return N_("Een foto is te groot. De maximale grootte is 20 MB.")
    name = (file.filename or "foto")[:200]
    data = aiohttp.FormData()
    data.add_field("file", file.file, filename=name, content_type=file.content_type or "application/octet-stream")
    try:
        answer = await services_of(request).blocks.ask("intake", "/uploads", method="POST", data=data, timeout=30)
    except BlockRefusedError as error:
        if error.status == CONTENT_TOO_LARGE:
            return N_("Een foto is te groot. De maximale grootte is 20 MB.")
        return N_("Dit bestand kunnen we niet gebruiken. Toegestaan zijn foto's: JPEG, PNG, WebP en HEIC.")
    except BlockUnavailableError:
        return N_("Foto's toevoegen lukt nu niet. U kunt wel zonder foto verder.")
    return Photo(id=UUID(answer["id"]), name=name)


@router.post(STEP)
async def describe(request: Request) -> Response:
    """Keep the text and the photos, and go on."""
    draft_id, draft = await open_draft(request)
    errors = Errors()
    async with request.form(max_files=MOST_PHOTOS + 5, max_part_size=LONGEST_TEXT * 50) as form:
        draft.description = str(form.get("description") or "").replace("\r\n", "\n").replace("\0", "")
        removed = str(form.get("verwijder") or "")
        draft.photos = [photo for photo in draft.photos if str(photo.id) != removed]
        chosen = [file for file in form.getlist("photos") if isinstance(file, UploadFile) and file.filename]
        for file in chosen:
            if len(draft.photos) >= MOST_PHOTOS:
                errors.add("photos", N_("U kunt maximaal %(most)s foto's toevoegen."), most=MOST_PHOTOS)
                break
            kept = await _upload(request, file)
            if isinstance(kept, Photo):
                draft.photos.append(kept)
            else:
                errors.add("photos", kept)
        language = language_asked(form)
        stays = bool(removed or language or form.get("toevoegen"))
        if not stays:
            for name, (message, values) in check_description(draft.description).messages.items():
                errors.add(name, message, **values)
        target = after(form, "/melden/locatie")
    response: Response
    if errors:
        response = _show(request, draft, errors)
    elif stays:
        response = RedirectResponse(STEP + (f"?{PARAMETER}={language}" if language else ""), SEE_OTHER)
    else:
        response = RedirectResponse(target, SEE_OTHER)
    if errors and draft.empty:
        return response
    # A text that is too long is shown again but not kept: the draft has the limits of the report.
    if "description" not in errors:
        await keep_draft(request, response, draft_id, draft)
    return response


@router.post("/melden/fotos")
async def attach_photo(request: Request) -> Response:
    """Note a photo that the browser has just uploaded; answers its line in the list."""
    draft_id, draft = await open_draft(request)
    async with request.form() as form:
        name = str(form.get("name") or "foto")[:200]
        try:
            photo = Photo(id=UUID(str(form.get("id"))), name=name)
        except ValueError:
            return Response(status_code=400)
        description = str(form.get("description") or "")
    if len(draft.photos) >= MOST_PHOTOS:
        return Response(status_code=409)
    if photo.id not in {known.id for known in draft.photos}:
        draft.photos.append(photo)
    if len(description) <= LONGEST_TEXT:
        draft.description = description or draft.description
    response = render(request, "wizard/photo.html", photo=photo)
    await keep_draft(request, response, draft_id, draft)
    return response


@router.post("/melden/tips")
async def tips(request: Request) -> Response:
    """Say what the text makes us think of, while somebody types; nothing is kept."""
    async with request.form() as form:
        text = str(form.get("description") or "")[:LONGEST_TEXT]
    return render(request, "wizard/hints.html", hints=hints_for(text))
