"""Previews: a mail as its reader would get it, before anything is sent."""

from fastapi import APIRouter

from commonground.web import DatabaseDep
from notification.api.dependencies import MessageReader, SettingsDep, municipality_of
from notification.schemas import PreviewAnswer, PreviewRequest
from notification.use_cases import texts

router = APIRouter()


@router.post("/previews", responses={404: {"description": "Nothing is known of this report"}})
async def preview_message(
    body: PreviewRequest, database: DatabaseDep, principal: MessageReader, settings: SettingsDep
) -> PreviewAnswer:
    """Show the mail that a message would become; nothing is sent or kept."""
    municipality = municipality_of(principal, settings, body.municipality, "body.municipality")
    draft = (body.template.subject.strip(), body.template.body) if body.template else None
    async with database.transaction() as session:
        letter = await texts.preview(
            session,
            kind=body.kind,
            language=body.language,
            municipality=municipality,
            message=body.text,
            report_id=body.report_id,
            examples=body.sample,
            draft=draft,
            municipalities=principal.municipalities,
            settings=settings,
        )
    return PreviewAnswer(subject=letter.subject, text=letter.text, html=letter.html)
