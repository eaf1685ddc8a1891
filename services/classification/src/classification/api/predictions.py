"""Predictions: what a text is about, for whoever is writing it."""

from typing import Any

from fastapi import APIRouter

from classification import use_cases
from classification.api.dependencies import SettingsDep, served_municipality
from classification.model import predictor
from classification.schemas import PredictionRequest, PredictionsAnswer
from commonground.web import DatabaseDep

router = APIRouter()


@router.post("/predictions", status_code=200, response_model=PredictionsAnswer, operation_id="predictCategory")
async def predict_category(body: PredictionRequest, database: DatabaseDep, settings: SettingsDep) -> Any:
    """Return the three most probable categories of a text with the words that decided; the text is not kept."""
    municipality = served_municipality(settings, body.municipality, "body.municipality")
    model = await predictor.load(settings)
    async with database.transaction() as session:
        chosen, predictions = await use_cases.predict_text(session, body.text, municipality, model, settings.thresholds)
    return {"predictions": predictions, "chosen": chosen, "modelVersion": model.version}
