"""Settings of insight, read from variables that start with ``INSIGHT_``."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from commonground.settings import BlockSettings


class Settings(BlockSettings):
    """What a deployment of insight can set."""

    model_config = SettingsConfigDict(env_prefix="INSIGHT_")

    time_zone: str = Field(
        default="Europe/Amsterdam", description="Time zone in which days are counted on the map and in figures."
    )
    closed_days: int = Field(default=30, ge=0, le=3660, description="Days that a closed case stays on the public map.")
    map_max_age: int = Field(
        default=15, ge=0, le=3600, description="Seconds that browsers and proxies may keep an answer of the public map."
    )

    map_kept_seconds: float = Field(
        default=2.0,
        ge=0,
        le=60,
        description="Seconds that this block gives the same answer of the public map again; 0: never.",
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = "not a time zone of the IANA database"
            raise ValueError(message) from error
        return value
