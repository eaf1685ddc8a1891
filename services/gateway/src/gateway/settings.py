"""Settings of the gateway, read from variables that start with ``GATEWAY_``."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from commonground.settings import BlockSettings

SHORTEST_SECRET = 32


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


class Provider(BaseModel):
    """One identity provider where staff prove who they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9-]{1,40}$", description="Short name, kept with each linked person.")
    label: str = Field(min_length=1, max_length=80, description="What the sign-in page shows.")
    issuer: str = Field(description="Issuer (`iss`); discovery stands below it.")
    client_id: str
    client_secret: SecretStr = SecretStr("")
    scopes: str = "openid profile email"
    link_by: tuple[Literal["email", "username"], ...] = Field(
        default=("email",),
        description=(
            "How a person is recognised at the first sign-in: a verified e-mail address, or the claim "
            "`preferred_username`, only where users cannot choose it themselves."
        ),
    )
    emails_are_verified: bool = Field(
        default=False, description="Treat addresses as verified when the provider sends no `email_verified`."
    )
    sign_out_too: bool = Field(default=True, description="Sign out at the provider as well, where it offers that.")


class Settings(BlockSettings):
    """What a deployment of the gateway can set."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    secret: SecretStr = Field(
        default=SecretStr(""),
        description=(
            f"At least {SHORTEST_SECRET} random characters, the same for all processes: signs cookies and encrypts "
            "the private signing keys. Required when `PUBLIC_URL` is https."
        ),
    )
    providers: tuple[Provider, ...] = Field(
        default=(),
        description="Identity providers as a JSON list of `name`, `label`, `issuer`, `client_id`, `client_secret`, …",
    )
    provider_timeout: float = Field(default=5.0, gt=0, description="Seconds to wait for an identity provider.")
    session_idle_minutes: int = Field(default=120, ge=1, description="Minutes without use until a session ends.")
    session_hours: int = Field(default=12, ge=1, le=24, description="Hours until a session ends in any case.")
    token_seconds: int = Field(default=300, ge=60, le=3600, description="Lifetime of the tokens that blocks get.")
    key_days: int = Field(default=90, ge=1, description="Days until a new signing key takes over by itself.")
    trusted_proxies: str = Field(
        default="",
        description="Networks, with commas, of proxies whose `X-Forwarded-For` is believed; others lose it.",
    )
    intake_url: str = Field(default="", description="Address of intake; empty: not deployed.")
    classification_url: str = Field(default="", description="Likewise of classification.")
    routing_url: str = Field(default="", description="Likewise of routing.")
    handling_url: str = Field(default="", description="Likewise of handling.")
    notification_url: str = Field(default="", description="Likewise of notification.")
    insight_url: str = Field(default="", description="Likewise of insight.")
    other_blocks: dict[str, str] = Field(
        default_factory=dict, description="Addresses of further blocks by name, as JSON."
    )
    block_timeout: float = Field(default=30.0, gt=0, description="Seconds without a byte until a block counts as away.")
    block_connections: int = Field(default=100, ge=1, description="Open connections to each block at most.")
    branding_file: Path | None = Field(
        default=None, description="House style of the municipality as JSON; empty: the example municipality's."
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            ip_network(part, strict=False)
        return value

    @model_validator(mode="after")
    def _safe_together(self) -> "Settings":
        length = len(self.secret.get_secret_value())
        if self.base_url.startswith("https://") and not length:
            message = "a secret is required when the public address is https"
            raise ValueError(message)
        if 0 < length < SHORTEST_SECRET:
            message = f"the secret has fewer than {SHORTEST_SECRET} characters"
            raise ValueError(message)
        if len({provider.name for provider in self.providers}) < len(self.providers):
            message = "two providers have the same name"
            raise ValueError(message)
        return self

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Networks of the proxies whose word about the client is believed."""
        parts = (part.strip() for part in self.trusted_proxies.split(","))
        return tuple(ip_network(part, strict=False) for part in parts if part)

    @property
    def block_addresses(self) -> dict[str, str]:
        """Base address of each block that is deployed."""
        named = {
            "intake": self.intake_url,
            "classification": self.classification_url,
            "routing": self.routing_url,
            "handling": self.handling_url,
            "notification": self.notification_url,
            "insight": self.insight_url,
            **self.other_blocks,
        }
        return {block: address.rstrip("/") for block, address in named.items() if address}

    @property
    def over_https(self) -> bool:
        """Tell whether residents and staff reach the pages over HTTPS."""
        return self.base_url.startswith("https://")

    def provider(self, name: str) -> Provider | None:
        """Return the provider with this name."""
        return next((provider for provider in self.providers if provider.name == name), None)
