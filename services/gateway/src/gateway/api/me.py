"""Who am I, according to my token?"""

from fastapi import APIRouter

from commonground.auth import CurrentPrincipal
from gateway.schemas import Me

router = APIRouter()


@router.get("/me", operation_id="readMe", summary="Whoever the token speaks for")
async def read_me(principal: CurrentPrincipal) -> Me:
    """Return whoever the token speaks for, and what it allows."""
    return Me(
        id=principal.subject,
        name=principal.name,
        permissions=sorted(principal.permissions),
        departments=sorted(principal.departments),
        municipalities=sorted(principal.municipalities),
    )
