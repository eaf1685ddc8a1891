"""The blocks of the suite: which there are, at which port, and the environment each is started with."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from pathlib import Path

from meldstroom_local.places import PROJECT

# The order gives the port: the gateway at PORT itself, the others behind it. New blocks are added at the end.
_FIRST = ("gateway", "intake", "classification", "routing", "handling", "notification", "insight")
IDENTITY_OFFSET = 10
MAIL_OFFSET = 25
POSTGRES_OFFSET = 32
KAFKA_OFFSET = 92
_NEW_BLOCKS_OFFSET = 40

# Who waits when the processors are busy (`nice`): a resident waits for acceptance and somebody at a desk for a page,
# but nobody for an event. Accepting goes on at its own speed, and what follows catches up (ADR 10).
_NICE = {"classification": 10, "routing": 10, "notification": 10, "insight": 10}

CLIENT_ID = "meldstroom"
CLIENT_SECRET = "local-development"  # noqa: S105  # the development provider accepts any
MUNICIPALITY = "GM0106"


def names() -> list[str]:
    """Return the blocks that can be started: folders of `services/` whose package can be run."""
    programs = (PROJECT / "services").glob("*/src/*/__main__.py")
    runnable = {program.parents[2].name for program in programs if program.with_name("manage.py").exists()}
    return [name for name in _FIRST if name in runnable] + sorted(runnable - set(_FIRST))


def port_of(block: str, port: int) -> int:
    """Return the port of a block when the suite is at ``port``."""
    if block in _FIRST:
        return port + _FIRST.index(block)
    return port + _NEW_BLOCKS_OFFSET + sorted(set(names()) - set(_FIRST)).index(block)


def nice(block: str) -> int:
    """Return how far a block stands back for others, as ``nice`` counts: 0 not at all, 19 most."""
    return _NICE.get(block, 0)


def ports(names: Sequence[str], port: int) -> dict[int, str]:
    """Return what listens at which fixed port when the suite is at ``port`` and these blocks run."""
    helpers = {port + IDENTITY_OFFSET: "identity provider", port + MAIL_OFFSET: "mail sink"}
    return {port_of(name, port): name for name in names} | helpers


def database_of(block: str) -> str:
    """Return the name of a block's database."""
    return f"meldstroom_{block.replace('-', '_')}"


def environment(block: str, *, port: int, postgres: str, kafka: str, state: Path) -> dict[str, str]:
    """Return the settings that a block is started with.

    Args:
        block: its name.
        port: port of the whole suite.
        postgres: address of the server, without a database.
        kafka: bootstrap servers; empty for commands that need none.
        state: folder for what the suite keeps.
    """
    public = f"http://127.0.0.1:{port}"
    common = {
        "DATABASE_URL": f"{postgres}/{database_of(block)}",
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KAFKA_PARTITIONS": "3",  # a request to the broker for each: enough for the few processes of one machine
        "HOST": "127.0.0.1",
        "PORT": str(port_of(block, port)),
        "ISSUER": public,
        "JWKS_URL": f"{public}/.well-known/jwks.json",
        "PUBLIC_URL": public,
        "MUNICIPALITIES": MUNICIPALITY,
    }
    own = {
        "intake": {"STORAGE_URL": (state / "files" / "intake").as_uri()},
        "notification": {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(port + MAIL_OFFSET),
            # So that a receiver of webhooks can be tried on this machine.
            "WEBHOOK_ALLOW_HTTP": "true",
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "WEBHOOK_KEYS": _secret(state, "webhook-key"),
        },
        "gateway": {
            "SECRET": _secret(state, "gateway-secret"),
            "PROVIDERS": json.dumps([_provider(port)]),
            **{
                f"{_variable(name)}_URL": f"http://127.0.0.1:{port_of(name, port)}"
                for name in {*_FIRST, *names()} - {"gateway"}
            },
        },
    }
    prefix = _variable(block)
    return {f"{prefix}_{name}": value for name, value in (common | own.get(block, {})).items()}


def _provider(port: int) -> dict[str, str]:
    """Return the development identity provider as the gateway is told about it."""
    return {
        "name": "local",
        "label": "Ontwikkeling",
        "issuer": f"http://127.0.0.1:{port + IDENTITY_OFFSET}",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }


def _secret(state: Path, name: str) -> str:
    """Return a secret of this installation, made up once: keys and secrets in the databases are encrypted with it."""
    file = state / name
    if not file.exists():
        state.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(36))
    return file.read_text()


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def content_hash(block: str) -> str:
    """Return a hash of everything that a block's migrations and seeds may depend on."""
    digest = hashlib.sha256()
    folder = PROJECT / "services" / block
    for root in (folder / "src", folder / "migrations", PROJECT / "shared" / "src" / "commonground" / "migrations.py"):
        files = [root] if root.is_file() else sorted(root.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(PROJECT)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
