"""Settings of notification, read from variables that start with ``NOTIFICATION_``."""

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from commonground.settings import BlockSettings
from notification.domain.targets import networks


class Settings(BlockSettings):
    """What a deployment of notification can set."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATION_")

    smtp_host: str = Field(default="127.0.0.1", description="Mail server that takes our mail over.")
    smtp_port: int = Field(default=25, ge=1, le=65535, description="Its port.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        default="none", description="`starttls`: encrypted after a greeting (587); `tls`: from the start (465)."
    )
    smtp_verify: bool = Field(default=True, description="Whether the mail server's certificate is checked.")
    smtp_user: str = Field(default="", description="User name at the mail server; empty: no sign-in.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Password at the mail server.")
    smtp_timeout: float = Field(default=30, gt=0, le=300, description="Seconds to wait for each answer of the server.")
    smtp_connections: int = Field(
        default=4, ge=1, le=100, description="Connections to the mail server at the same time, per process."
    )
    smtp_mails_per_connection: int = Field(
        default=100, ge=1, description="Mails after which a connection is opened anew."
    )
    smtp_idle: float = Field(default=10, gt=0, description="Seconds after which an unused connection is closed.")
    local_hostname: str = Field(default="", description="Name by which we greet the mail server; empty: the machine's.")
    sender: str = Field(
        default="no-reply@meldstroom.example",
        pattern=r"^[^@\s<>]+@[^@\s<>]+$",
        description="Address in `From`; nobody reads what is sent to it.",
    )
    senders: dict[str, str] = Field(
        default_factory=dict, description='Other senders for single municipalities, as JSON: `{"GM0106": "…"}`.'
    )
    return_path: str = Field(default="", description="Envelope sender, where bounces go; empty: the address in `From`.")
    municipality_names: dict[str, str] = Field(
        default={"GM0106": "Voorbeeldstad"}, description="Names of the served municipalities as JSON, by code."
    )
    confirmation_grace: float = Field(
        default=300,
        ge=0,
        description="Seconds after submission when a report is confirmed although its handling term is not known yet.",
    )
    oldest_request_hours: float = Field(
        default=168,
        gt=0,
        description="Messages asked for longer ago are not sent: a block that starts with an empty database must not "
        "mail everybody again.",
    )
    retry_first: float = Field(default=30, gt=0, description="Seconds until the first repeat; doubles each time.")
    retry_longest: float = Field(default=3600, gt=0, description="Seconds between two repeats at most.")
    retry_hours: float = Field(default=72, gt=0, description="Hours until a message that cannot be delivered fails.")
    lease: float = Field(
        default=120, gt=0, description="Seconds after which another process takes over what a killed one was sending."
    )
    poll: float = Field(default=0.2, gt=0, description="Seconds between two looks for mails to send.")

    webhook_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Keys that encrypt the signing secrets of webhooks, long and random, with commas: the first one "
        "encrypts, all of them decrypt. Empty: the secrets are kept as they are.",
    )
    webhook_allowed_networks: str = Field(
        default="",
        description="Networks with commas (`10.1.2.0/24,fd00::/8`) in which targets of webhooks may be although they "
        "are private or reserved.",
    )
    webhook_allow_http: bool = Field(
        default=False, description="Whether a target may be `http://`; for development only."
    )
    webhook_timeout: float = Field(default=20, gt=0, le=60, description="Seconds that a target has for its answer.")
    webhook_retry_first: float = Field(
        default=5, gt=0, description="Seconds until a failed delivery is repeated; doubles each time."
    )
    webhook_retry_longest: float = Field(
        default=14400, gt=0, description="Seconds between two repeats at most, also when a target asks for more."
    )
    webhook_retry_hours: float = Field(
        default=72, gt=0, description="Hours of failures after which a subscription stops by itself."
    )
    webhook_lease: float = Field(
        default=90, gt=0, description="Seconds after which another process takes over a subscription of a killed one."
    )
    webhook_concurrency: int = Field(
        default=8, ge=1, le=200, description="Subscriptions that one process serves at the same time."
    )
    webhook_poll: float = Field(default=0.5, gt=0, description="Seconds between two looks for events to send.")
    webhook_settle: float = Field(
        default=30,
        ge=0,
        description="Seconds that an event waits for its category, department or place to become known when a "
        "subscription filters on it; then it does not fit.",
    )
    webhook_keep_days: float = Field(
        default=30, gt=0, description="Days that events and the delivery log of webhooks are kept."
    )
    webhook_rotation_hours: float = Field(
        default=24, gt=0, description="Hours that the old secret signs too after a new one was made."
    )
    webhook_subscriptions_most: int = Field(
        default=200, ge=1, description="Webhook subscriptions of one municipality at most."
    )

    @field_validator("webhook_allowed_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        networks(value)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for address in self.senders.values():
            if "@" not in address or any(char.isspace() or char in "<>" for char in address):
                message = "senders holds a value that is no e-mail address"
                raise ValueError(message)
        if self.lease < 2 * self.mail_seconds:
            message = "lease must be at least four times smtp_timeout"
            raise ValueError(message)
        if self.webhook_lease < 2 * self.webhook_timeout:
            message = "webhook_lease must be at least twice webhook_timeout"
            raise ValueError(message)
        return self

    @property
    def mail_seconds(self) -> float:
        """Seconds that sending one mail may take in all."""
        return 2 * self.smtp_timeout

    @property
    def webhook_sealing_keys(self) -> list[str]:
        """Keys for the signing secrets of webhooks, the one that encrypts first."""
        return [key.strip() for key in self.webhook_keys.get_secret_value().split(",") if key.strip()]

    def municipality_name(self, code: str) -> str:
        """Return the name of a municipality; its code when no name was given."""
        return self.municipality_names.get(code, code)

    def sender_address(self, code: str) -> str:
        """Return the address that mail of a municipality comes from."""
        return self.senders.get(code, self.sender)
