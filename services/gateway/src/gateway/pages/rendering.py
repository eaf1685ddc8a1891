"""Templates to HTML answers: language, house style, security headers and compression in one place."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

from babel.numbers import format_decimal
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import URL

from gateway.pages import presenting
from gateway.pages.assets import asset_url, icon
from gateway.pages.dependencies import PageServices, services_of
from gateway.pages.language import (
    COOKIE,
    LANGUAGES,
    PARAMETER,
    Language,
    chosen_now,
    language_of,
    translate,
    translations,
)

TEMPLATES = Path(__file__).parent.parent / "templates"
ONE_YEAR = 365 * 24 * 3600
WORTH_COMPRESSING = 800
VOORBEELD = "vendor/voorbeeld-design-tokens-7.4.1/theme.css"
UTRECHT = "vendor/utrecht-component-library-css-9.0.4/index.css"


@cache
def environment(language: Language) -> Environment:
    """Return the templates of one language; texts and filters already speak it."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    catalogue = translations(language)
    made.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        catalogue.gettext, catalogue.ngettext, newstyle=True
    )
    made.globals |= {"asset": asset_url, "icon": icon, "utrecht_css": UTRECHT, "voorbeeld_css": VOORBEELD}
    made.filters |= {
        "day": lambda moment: presenting.day(moment, language),
        "short_day": lambda moment: presenting.short_day(moment, language),
        "day_and_time": lambda moment: presenting.day_and_time(moment, language),
        "ago": lambda moment: presenting.ago(moment, language),
        "duration": lambda seconds: presenting.duration(seconds, language),
        "is_ahead": presenting.is_ahead,
        "term_left": lambda moment: presenting.term_left(moment, language),
        "status_label": lambda status: presenting.status_label(status, language),
        "status_tone": presenting.status_tone,
        "named": lambda names, fallback="": presenting.named(names, language, fallback),
        "confidence": presenting.confidence,
        "number": lambda value: format_decimal(value, locale=presenting.locale_of(language)),
        "translated": lambda text: translate(language, text),
    }
    return made


def security_headers(services: PageServices) -> dict[str, str]:
    """Return the headers of every page: nothing inline, nothing from elsewhere, no frames."""
    policy = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": " ".join(("'self'", *services.form_targets)),
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # A status page's address is a secret of the reporter: it must not travel to another site.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
        "Cache-Control": "no-store",
        "Vary": "Cookie, Accept-Encoding",
    }


def address_in(language: Language, request: Request) -> str:
    """Return the address of this very page in another language."""
    url = URL(f"{request.url.path}?{request.url.query}").include_query_params(**{PARAMETER: language})
    return str(url)


def render(request: Request, template: str, *, status_code: int = 200, **context: Any) -> HTMLResponse:
    """Render a page in the visitor's language and answer it."""
    services = services_of(request)
    language = language_of(request)
    html = (
        environment(language)
        .get_template(template)
        .render(
            request=request,
            language=language,
            languages=[(code, address_in(code, request)) for code in LANGUAGES],
            branding=services.branding,
            path=request.url.path,
            deployed=services.blocks.has,
            **context,
        )
    )
    headers = security_headers(services)
    body = html.encode()
    if len(body) > WORTH_COMPRESSING and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 5, mtime=0)
        headers["Content-Encoding"] = "gzip"
    answer = HTMLResponse(body, status_code=status_code, headers=headers)
    chosen = chosen_now(request)
    if chosen is not None:
        answer.set_cookie(
            COOKIE, chosen, max_age=ONE_YEAR, samesite="lax", httponly=True, secure=services.secure_cookies
        )
    return answer
