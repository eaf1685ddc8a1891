"""What the endpoints of intake share."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from commonground.database import Database
from intake.acceptance import Acceptance
from intake.borders import Borders
from intake.clients import PhotoStore
from intake.limits import ClientLimit, Network, client_address
from intake.settings import Settings


@dataclass(frozen=True)
class Resources:
    """What the process has opened for its requests; one dependency, since each one costs every request time."""

    settings: Settings
    database: Database
    borders: Borders
    photo_store: PhotoStore
    acceptance: Acceptance
    limit: ClientLimit
    trusted_proxies: tuple[Network, ...]

    async def count(self, kind: str, request: Request) -> None:
        """Count a request of this kind for its client; raise ``RateLimitedError`` when it is one too many."""
        peer = request.client.host if request.client else "unknown"
        forwarded_for = request.headers.get("x-forwarded-for", "")
        await self.limit.count(kind, client_address(peer, forwarded_for, self.trusted_proxies))


async def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


ResourcesDep = Annotated[Resources, Depends(_resources)]
