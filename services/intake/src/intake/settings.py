"""Settings of intake, read from variables that start with ``INTAKE_``."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from commonground.settings import BlockSettings

_SEED = Path(__file__).parent / "seed"


class Settings(BlockSettings):
    """What a deployment of intake can set."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")

    borders_file: Path = Field(
        default=_SEED / "borders.geojson",
        description="GeoJSON with the exact borders of the served municipalities (`properties.code`).",
    )
    neighbours_file: Path = Field(
        default=_SEED / "municipalities.geojson",
        description="GeoJSON with all municipalities, coarse, to name the one where a refused place lies.",
    )
    storage_url: str = Field(
        default="file:///var/lib/meldstroom/intake",
        description="Where photos are kept: `file:///folder` or `s3://bucket/prefix`.",
    )
    storage_options: dict[str, str] = Field(
        default_factory=dict, description="Options of the object storage as JSON, for instance endpoint and keys."
    )
    number_prefix: str = Field(default="M-", max_length=8, description="What stands before the number of a report.")
    rate_limit: str = Field(
        default="30/minute;200/hour",
        description="Reports and uploads that one client may send, each; `none`: no limit (load tests).",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="Addresses and networks, with commas, whose `X-Forwarded-For` is believed: the gateway.",
    )
    max_photo_bytes: int = Field(default=20_000_000, gt=0, description="Size of an uploaded photo at most.")
    max_photo_pixels: int = Field(default=60_000_000, gt=0, description="Pixels that a photo may declare.")
    max_photos: int = Field(default=10, ge=0, le=50, description="Photos of one report at most.")
    photo_side: int = Field(default=2560, ge=320, description="Longest side of a stored photo in pixels.")
    thumbnail_side: int = Field(default=400, ge=64, description="Longest side of a thumbnail in pixels.")
    upload_hours: int = Field(default=24, ge=1, description="Hours until a photo that no report uses is deleted.")
    contacts_kept_days: int = Field(
        default=0,
        ge=0,
        description="Days after a case was closed until its reporter is anonymised by itself; `0`: never.",
    )
    reports_kept_days: int = Field(
        default=0,
        ge=0,
        description="Days after a case was closed until its report is destroyed by itself, for good; `0`: never.",
    )
