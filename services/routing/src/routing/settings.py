"""Settings of routing, read from variables that start with ``ROUTING_``."""

from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from commonground.settings import BlockSettings


class Settings(BlockSettings):
    """What a deployment of routing can set."""

    model_config = SettingsConfigDict(env_prefix="ROUTING_")

    time_zone: str = Field(
        default="Europe/Amsterdam",
        description="Time zone in which days, terms and the hours of rules are counted.",
    )
    fallback_department: str = Field(
        default="MLD",
        pattern=r"^[A-Z0-9]{2,10}$",
        description="Department of every report that no rule and no category sends elsewhere; must exist.",
    )
    default_term_days: int = Field(
        default=5, ge=0, le=365, description="Handling term in days for a category without a term of its own."
    )
    default_term_kind: Literal["working", "calendar"] = Field(
        default="working", description="Whether the default term counts working or calendar days."
    )
    liberation_day: Literal["every-fifth-year", "every-year", "never"] = Field(
        default="every-fifth-year",
        description="When 5 May is no working day; once in five years (2025, 2030, …) is the official rule.",
    )
    good_friday: bool = Field(
        default=True,
        description="Whether Good Friday is no working day, as in the General Extension of Terms Act, article 3.",
    )
    days_off: list[date] = Field(
        default_factory=list,
        description="More days on which the municipality is closed, as a JSON list of dates.",
    )
    answers_wait: float = Field(
        default=300.0,
        gt=0,
        description="Seconds that a report waits for its answers when a rule looks at answers; then it is routed "
        "without, and again when they come.",
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
