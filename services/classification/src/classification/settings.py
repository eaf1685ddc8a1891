"""Settings of classification, read from variables that start with ``CLASSIFICATION_``."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from classification.domain import Thresholds
from commonground.settings import BlockSettings


class Settings(BlockSettings):
    """What a deployment of classification can set."""

    model_config = SettingsConfigDict(env_prefix="CLASSIFICATION_")

    model_folder: Path | None = Field(
        default=None,
        description="Where trained models are kept; `None`: `meldstroom/classification` in the user's cache folder.",
    )
    category_threshold: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Confidence from which the model's category is taken; below it the main category's rest class.",
    )
    main_category_threshold: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Confidence of a main category from which its rest class is taken; below it `overig`.",
    )

    @property
    def thresholds(self) -> Thresholds:
        """How sure the model must be."""
        return Thresholds(category=self.category_threshold, main_category=self.main_category_threshold)
