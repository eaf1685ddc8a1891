"""What makes the pages those of one municipality: name, colours, telephone number, map view.

Everything here comes from one JSON file, so that a municipality changes it without touching templates. Colours
become design tokens in ``/huisstijl.css``. The contrast rules below are WCAG 2.1 AA: a file that would make text
unreadable is refused when the gateway starts.
"""

import json
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, model_validator

DEFAULT = Path(__file__).parent / "seed" / "branding.json"
TEXT_CONTRAST = 4.5
CONTROL_CONTRAST = 3.0
WHITE = "#ffffff"


def _channel(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, as WCAG defines it."""
    red, green, blue = (_channel(int(colour[start : start + 2], 16)) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError("a colour is written as #rrggbb")
    return value.lower()


def _font(value: str) -> str:
    if re.search(r"[;{}<>\\]", value):
        raise ValueError("a font list holds names and commas only")
    return value


Colour = Annotated[str, AfterValidator(_colour)]
FontList = Annotated[str, AfterValidator(_font)]


class Colours(BaseModel):
    """The colours of a house style."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Colour = Field(description="Buttons, links and chosen things.")
    action_hover: Colour = Field(description="The same under the pointer.")
    action_active: Colour = Field(description="The same while pressed.")
    heading: Colour = Field(description="Headings.")
    accent: Colour = Field(description="Pins on the map and the line under the header; never text.")
    desk: Colour = Field(description="Header of the pages for staff, with white text on it.")

    @model_validator(mode="after")
    def _readable(self) -> "Colours":
        for name in ("action", "action_hover", "action_active", "heading", "desk"):
            if contrast(getattr(self, name), WHITE) < TEXT_CONTRAST:
                raise ValueError(f"{name} has less than {TEXT_CONTRAST}:1 contrast with white")
        return self


class MapView(BaseModel):
    """Where a map starts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    centre: tuple[float, float] = Field(description="Longitude and latitude.")
    zoom: int = Field(ge=5, le=19)


class Branding(BaseModel):
    """House style and fixed facts of one municipality."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    municipality: str = Field(pattern=r"^GM\d{4}$")
    name: str = Field(description="As in the header, for example `Gemeente Voorbeeldstad`.")
    short_name: str = Field(description="As in a sentence, for example `Voorbeeldstad`.")
    telephone: str = Field(description="Number to call for those who cannot or will not use the pages.")
    website: HttpUrl | None = None
    colours: Colours
    heading_font: FontList
    text_font: FontList
    map: MapView

    def stylesheet(self) -> str:
        """Return the design tokens of this house style as CSS."""
        colours = self.colours
        tokens = {
            "--basis-color-action-1-inverse-bg-default": colours.action,
            "--basis-color-action-1-inverse-bg-hover": colours.action_hover,
            "--basis-color-action-1-inverse-bg-active": colours.action_active,
            "--basis-color-action-1-color-default": colours.action,
            "--basis-color-action-1-color-hover": colours.action_hover,
            "--basis-color-action-1-color-active": colours.action_active,
            "--basis-color-action-1-border-default": colours.action,
            "--basis-color-action-1-border-hover": colours.action_hover,
            "--basis-color-action-1-border-active": colours.action_active,
            "--basis-color-action-2-color-default": colours.action,
            "--basis-color-action-2-color-hover": colours.action_hover,
            "--basis-color-action-2-color-active": colours.action_active,
            "--basis-heading-color": colours.heading,
            "--basis-heading-font-family": self.heading_font,
            "--basis-text-font-family-default": self.text_font,
            "--ms-action": colours.action,
            "--ms-action-hover": colours.action_hover,
            "--ms-accent": colours.accent,
            "--ms-desk": colours.desk,
        }
        lines = "\n".join(f"  {name}: {value};" for name, value in tokens.items())
        return f".voorbeeld-theme {{\n{lines}\n}}\n"


def read_branding(path: Path | None = None) -> Branding:
    """Read a house style; without a path the one of the example municipality."""
    return Branding.model_validate(json.loads((path or DEFAULT).read_text()))
