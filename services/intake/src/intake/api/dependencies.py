"""What the endpoints of intake share."""

from typing import Annotated

from fastapi import Depends, Request

from intake.borders import Borders
from intake.clients import PhotoStore
from intake.limits import ClientLimit, Network, client_address
from intake.settings import Settings


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _borders(request: Request) -> Borders:
    borders: Borders = request.app.state.borders
    return borders


async def _photo_store(request: Request) -> PhotoStore:
    photo_store: PhotoStore = request.app.state.photo_store
    return photo_store


async def _client(request: Request) -> str:
    peer = request.client.host if request.client else "unknown"
    trusted: tuple[Network, ...] = request.app.state.trusted_proxies
    return client_address(peer, request.headers.get("x-forwarded-for", ""), trusted)


async def _limit(request: Request) -> ClientLimit:
    limit: ClientLimit = request.app.state.limit
    return limit


SettingsDep = Annotated[Settings, Depends(_settings)]
BordersDep = Annotated[Borders, Depends(_borders)]
PhotoStoreDep = Annotated[PhotoStore, Depends(_photo_store)]
ClientDep = Annotated[str, Depends(_client)]
LimitDep = Annotated[ClientLimit, Depends(_limit)]
