"""Settings that every block has; a block adds its own in ``settings.py`` under its own prefix."""

from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class BlockSettings(BaseSettings):
    """Base of every block's settings: read from the environment when made, never at import."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    database_url: SecretStr = Field(
        description="PostgreSQL address of this block's own database, `postgresql://user:password@host/name`."
    )
    kafka_bootstrap_servers: str = Field(
        default="",
        description="Kafka brokers, `host:port` with commas; empty only for commands without events.",
    )
    kafka_options: dict[str, str] = Field(
        default_factory=dict, description="More librdkafka options as JSON, for instance TLS and SASL."
    )
    kafka_partitions: int = Field(
        default=6, ge=1, le=200, description="Partitions of a topic when this block creates it."
    )
    kafka_replication: int = Field(default=1, ge=1, le=9, description="Replicas of a topic; 3 in production.")
    host: str = Field(default="127.0.0.1", description="Address that the HTTP door listens on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port that the HTTP door listens on.")
    public_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:8000"), description="Address of the gateway as residents see it."
    )
    issuer: str = Field(
        default="http://127.0.0.1:8000", description="Issuer (`iss`) of the tokens that this block trusts."
    )
    jwks_url: str = Field(
        default="",
        description="Where the issuer's public keys are; empty: `<issuer>/.well-known/jwks.json`.",
    )
    municipalities: str = Field(
        default="GM0106", description="Municipality codes that this deployment serves, with commas."
    )
    oin: str = Field(
        default="00000000000000000000",
        pattern=r"^\d{20}$",
        description="Organisation identification number (OIN) that stands in the `source` of events.",
    )
    database_pool: int = Field(default=10, ge=1, le=200, description="Open database connections at most, per process.")
    statement_timeout: float = Field(default=15.0, gt=0, description="Seconds after which PostgreSQL ends a statement.")
    log_level: str = Field(default="INFO", description="Lowest level that is logged.")
    otlp_endpoint: str = Field(default="", description="OpenTelemetry collector (OTLP over HTTP); empty: none.")

    @field_validator("log_level")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()

    @property
    def served(self) -> frozenset[str]:
        """Codes of the municipalities that this deployment serves."""
        return frozenset(code.strip() for code in self.municipalities.split(",") if code.strip())

    @property
    def keys_url(self) -> str:
        """Address of the issuer's public keys."""
        return self.jwks_url or f"{self.issuer.rstrip('/')}/.well-known/jwks.json"

    @property
    def base_url(self) -> str:
        """Public address without a slash at the end."""
        return str(self.public_url).rstrip("/")
