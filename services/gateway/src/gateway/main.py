"""The HTTP door: pages at ``/``, the blocks' APIs at ``/api``, the own API at ``/api/gateway/v1``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from commonground import ids, web
from commonground.database import Database
from gateway import pages, sign_in
from gateway.api import ROUTERS
from gateway.api import open as open_api
from gateway.authenticator import OwnAuthenticator
from gateway.branding import read_branding
from gateway.clients import Blocks
from gateway.drafts import DatabaseDrafts
from gateway.geography import read_ground
from gateway.identity_provider import IdentityProviders
from gateway.keys import KeyRing
from gateway.pages.dependencies import PageServices
from gateway.problems import PROBLEMS
from gateway.proxy import BlockConnections, PublicApi
from gateway.sessions import Sessions
from gateway.settings import Settings, origin_of

# A page's form may carry as many photos as the wizard takes, of 20 MB each.
MAX_BODY = 110 * 1024 * 1024

DESCRIPTION = "Pages, sign-in, users and roles, and one public API in front of the blocks"


def create_app(settings: Settings, database: Database) -> FastAPI:
    """Return the gateway's application; connects to nothing until it is started."""
    keys = KeyRing(settings, database)
    sessions = Sessions(settings, database, keys)
    connections = BlockConnections(
        settings.block_addresses, timeout=settings.block_timeout, connections=settings.block_connections
    )
    # Without a secret a fresh one per process does: drafts and half-done sign-ins then end with the process.
    secret = settings.secret.get_secret_value() or ids.secret_token() + ids.secret_token()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await connections.open()
        branding = read_branding(settings.branding_file)
        app.state.providers = IdentityProviders(connections.asking, timeout=settings.provider_timeout)
        app.state.pages = PageServices(
            blocks=Blocks(connections.asking, settings.block_addresses),
            branding=branding,
            ground=read_ground(branding.municipality),
            drafts=DatabaseDrafts(database),
            secret=secret,
            find_staff=sessions.find,
            public_url=settings.base_url,
            form_targets=tuple(dict.fromkeys(origin_of(provider.issuer) for provider in settings.providers)),
        )
        try:
            yield
        finally:
            await connections.close()

    app = web.create_app(
        block="gateway",
        title="Meldstroom gateway",
        description=DESCRIPTION,
        settings=settings,
        database=database,
        routers=ROUTERS,
        problem_table=PROBLEMS,
        lifespan=lifespan,
        max_body=MAX_BODY,
    )
    app.state.keys = keys
    app.state.sessions = sessions
    app.state.secret = secret
    app.state.authenticator = OwnAuthenticator(settings, database, keys)
    app.include_router(open_api.router)
    app.include_router(sign_in.router)
    pages.install(app)
    # Outermost, so that the blocks' traffic meets nothing of what the pages need.
    app.add_middleware(
        PublicApi, connections=connections, proxies=settings.proxies, traced=bool(settings.otlp_endpoint)
    )
    return app
