"""Dutch and English: the texts stand in Dutch where they are used, the English ones in ``locale/en.po``.

A catalogue in gettext form lets a translator work with ordinary tools. It is read directly, so that no compiled
file has to be kept in step; a test fails when a text has no translation.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
SOURCE: Language = "nl"
COOKIE = "taal"
PARAMETER = "taal"
LOCALE = Path(__file__).parent.parent / "locale"


def N_(text: str) -> str:  # noqa: N802 - the customary gettext name for "translate later"
    """Mark a text for translation at the place where it is shown."""
    return text


@cache
def translations(language: Language) -> NullTranslations:
    """Return the catalogue of one language; the source language needs none."""
    if language == SOURCE:
        return NullTranslations()
    with (LOCALE / f"{language}.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def translate(language: Language, text: str, **values: object) -> str:
    """Return ``text`` in the wanted language, with ``%(name)s`` places filled."""
    found = translations(language).gettext(text)
    return found % values if values else found


def _known(value: str | None) -> Language | None:
    return next((language for language in LANGUAGES if language == value), None)


def language_of(request: Request) -> Language:
    """Return the language of this visitor: what is asked for now, else what was chosen before, else Dutch.

    The browser's own language is left out on purpose: a municipality's site is Dutch until somebody chooses.
    """
    asked = _known(request.query_params.get(PARAMETER))
    return asked or _known(request.cookies.get(COOKIE)) or SOURCE


def chosen_now(request: Request) -> Language | None:
    """Return the language that this very request chooses, if it does."""
    return _known(request.query_params.get(PARAMETER))
