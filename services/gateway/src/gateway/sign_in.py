"""Signing in and out: ``/inloggen`` → the provider → ``/inloggen/terug``."""

import hmac
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, cast
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from commonground.web import DatabaseDep
from gateway import use_cases
from gateway.api.dependencies import SettingsDep
from gateway.domain import NoLocalUserError, SignInRefusedError, safe_return_path
from gateway.identity_provider import Attempt, IdentityProviders, ProviderUnavailableError
from gateway.pages.dependencies import OwnForm
from gateway.pages.rendering import render
from gateway.sessions import Sessions
from gateway.settings import Provider, Settings

log = structlog.get_logger(__name__)

router = APIRouter(include_in_schema=False, dependencies=[OwnForm])

RETURN_PATH = "/inloggen/terug"
SEE_OTHER = 303
ATTEMPT_SECONDS = 600


async def _sessions(request: Request) -> Sessions:
    return cast("Sessions", request.app.state.sessions)


async def _providers(request: Request) -> IdentityProviders:
    return cast("IdentityProviders", request.app.state.providers)


SessionsDep = Annotated[Sessions, Depends(_sessions)]
ProvidersDep = Annotated[IdentityProviders, Depends(_providers)]


def _signer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(request.app.state.secret, salt="sign-in")


def _cookie_of(state: str) -> str:
    """Return the name of an attempt's cookie: one each, so that two tabs can sign in at the same time."""
    return f"meldstroom_inloggen_{state[:8]}"


def _redirect_uri(settings: Settings) -> str:
    return f"{settings.base_url}{RETURN_PATH}"


def _show(request: Request, settings: Settings, *, status: int, problem: str, return_to: str) -> Response:
    links = [
        (provider.label, f"/inloggen?{urlencode({'aanbieder': provider.name, 'terug': return_to})}")
        for provider in settings.providers
    ]
    return render(request, "sign_in/choose.html", status_code=status, problem=problem, links=links)


@router.get("/inloggen")
async def begin(
    request: Request,
    settings: SettingsDep,
    sessions: SessionsDep,
    providers: ProvidersDep,
    terug: str = "",
    aanbieder: str = "",
    ander: str = "",
) -> Response:
    """Lead to the identity provider; ask which one only where there are several."""
    return_to = safe_return_path(terug)
    if not ander and await sessions.find(request) is not None:
        return RedirectResponse(return_to, SEE_OTHER)
    provider = settings.provider(aanbieder)
    if provider is None and len(settings.providers) == 1:
        provider = settings.providers[0]
    if provider is None:
        return _show(request, settings, status=200, problem="", return_to=return_to)
    attempt = Attempt.begin(provider.name, return_to)
    try:
        address = await providers.authorization_url(
            provider, attempt, _redirect_uri(settings), choose_account=bool(ander)
        )
    except ProviderUnavailableError:
        return _show(request, settings, status=503, problem="unavailable", return_to=return_to)
    response = RedirectResponse(address, SEE_OTHER)
    response.set_cookie(
        _cookie_of(attempt.state),
        str(_signer(request).dumps(asdict(attempt))),
        max_age=ATTEMPT_SECONDS,
        path=RETURN_PATH,
        httponly=True,
        samesite="lax",
        secure=settings.over_https,
    )
    return response


def _attempt_of(request: Request, state: str) -> Attempt:
    """Return the attempt that this browser began; raise when it began none, or too long ago."""
    kept = request.cookies.get(_cookie_of(state), "")
    try:
        values: dict[str, Any] = _signer(request).loads(kept, max_age=ATTEMPT_SECONDS)
        attempt = Attempt(**values)
    except (BadSignature, TypeError) as error:
        raise SignInRefusedError("no_attempt") from error
    if not state or not hmac.compare_digest(attempt.state, state):
        raise SignInRefusedError("state_differs")
    return attempt


def _provider_of(attempt: Attempt, settings: Settings, said_issuer: str) -> Provider:
    provider = settings.provider(attempt.provider)
    if provider is None:
        raise SignInRefusedError("unknown_provider")
    # RFC 9207: an answer that names its issuer must name the one that was asked.
    if said_issuer and said_issuer.rstrip("/") != provider.issuer.rstrip("/"):
        raise SignInRefusedError("another_issuer")
    return provider


@router.get(RETURN_PATH)
async def come_back(
    request: Request,
    settings: SettingsDep,
    sessions: SessionsDep,
    providers: ProvidersDep,
    database: DatabaseDep,
    state: str = "",
    code: str = "",
    error: str = "",
    iss: str = "",
) -> Response:
    """Take the provider's answer, and start a session for whoever it says this is."""
    response: Response
    return_to = ""
    try:
        attempt = _attempt_of(request, state)
        return_to = attempt.return_to
        provider = _provider_of(attempt, settings, iss)
        if error or not code:
            raise SignInRefusedError("cancelled" if error == "access_denied" else "provider_error")  # noqa: TRY301
        person = await providers.person(provider, attempt, code, _redirect_uri(settings))
        async with database.transaction() as session:
            secret = await use_cases.sign_in(
                session,
                person,
                link_by=provider.link_by,
                main_provider=provider == settings.providers[0],
                now=datetime.now(UTC),
                lifetime=sessions.lifetime,
                earlier=request.cookies.get(sessions.cookie),
            )
        response = RedirectResponse(attempt.return_to, SEE_OTHER)
        sessions.give(response, secret)
        log.info("signed_in", provider=provider.name)
    except NoLocalUserError:
        log.warning("sign_in_without_user")
        again = f"/inloggen?{urlencode({'aanbieder': attempt.provider, 'terug': return_to, 'ander': '1'})}"
        response = render(request, "sign_in/refused.html", status_code=403, again=again)
    except SignInRefusedError as refused:
        log.warning("sign_in_refused", reason=refused.reason)
        problem = "cancelled" if refused.reason == "cancelled" else "failed"
        response = _show(request, settings, status=400, problem=problem, return_to=return_to)
    except ProviderUnavailableError:
        response = _show(request, settings, status=503, problem="unavailable", return_to=return_to)
    if state:
        response.delete_cookie(_cookie_of(state), path=RETURN_PATH, httponly=True, secure=settings.over_https)
    return response


@router.post("/uitloggen")
async def sign_out(
    request: Request, settings: SettingsDep, sessions: SessionsDep, providers: ProvidersDep, database: DatabaseDep
) -> Response:
    """End the session here, and at the provider where it offers that."""
    secret = request.cookies.get(sessions.cookie, "")
    async with database.transaction() as session:
        name = await use_cases.sign_out(session, secret) if secret else None
    provider = settings.provider(name) if name else None
    elsewhere = await providers.sign_out_url(provider, f"{settings.base_url}/") if provider else None
    response = RedirectResponse(elsewhere or "/", SEE_OTHER)
    sessions.take_back(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
