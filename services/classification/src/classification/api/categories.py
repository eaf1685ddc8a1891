"""The category tree."""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query

from classification import store
from classification.api.dependencies import SettingsDep, served_municipality
from classification.schemas import CategoriesAnswer, CategoryAnswer, MainCategoryAnswer, MunicipalityCode
from commonground.web import DatabaseDep

router = APIRouter()

Municipality = Annotated[
    MunicipalityCode | None, Query(description="Whose categories; the first served municipality when absent")
]


@router.get("/categories", operation_id="listCategories")
async def list_categories(
    database: DatabaseDep, settings: SettingsDep, municipality: Municipality = None
) -> CategoriesAnswer:
    """Return the main categories with the categories below them, in the order to show them."""
    code = served_municipality(settings, municipality, "query.municipality")
    async with database.transaction() as session:
        rows = await store.category_rows(session, code)
    items = []
    for (slug, name_nl, name_en), group in groupby(
        rows, key=lambda row: (row.main_category, row.main_name_nl, row.main_name_en)
    ):
        below = [CategoryAnswer.model_validate(row) for row in group]
        public = any(category.public for category in below)
        items.append(
            MainCategoryAnswer(slug=slug, name_nl=name_nl, name_en=name_en, public=public, subcategories=below)
        )
    return CategoriesAnswer(items=items)
