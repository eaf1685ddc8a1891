"""Settings of handling, read from variables that start with ``HANDLING_``."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from commonground.settings import BlockSettings


class Settings(BlockSettings):
    """What a deployment of handling can set."""

    model_config = SettingsConfigDict(env_prefix="HANDLING_")

    external_targets: str = Field(
        default="",
        description=(
            "Codes, with commas, of the external systems that a case can be sent to; empty: none, and the status "
            "external-to-send is not offered."
        ),
    )

    @property
    def targets(self) -> frozenset[str]:
        """Codes of the external systems that a case can be sent to."""
        return frozenset(code.strip() for code in self.external_targets.split(",") if code.strip())
