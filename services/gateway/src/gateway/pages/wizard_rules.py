"""What the wizard accepts, as plain rules: text, place, contact. No I/O, no framework."""

import re
from dataclasses import dataclass, field

from gateway.drafts import Draft, Place
from gateway.geography import Ground
from gateway.pages.language import N_

LONGEST_TEXT = 4000
MOST_PHOTOS = 5
LARGEST_PHOTO = 20 * 1024 * 1024
LONGEST_EMAIL = 254

STEPS = (
    ("beschrijf", N_("Beschrijf")),
    ("locatie", N_("Locatie")),
    ("contact", N_("Contact")),
    ("controleren", N_("Controleren")),
)


@dataclass
class Errors:
    """What is wrong with a form: per field one message, in the order of the page."""

    messages: dict[str, tuple[str, dict[str, object]]] = field(default_factory=dict)

    def add(self, name: str, message: str, **values: object) -> None:
        """Note what is wrong with one field; the first message of a field stays."""
        self.messages.setdefault(name, (message, values))

    def __bool__(self) -> bool:
        return bool(self.messages)

    def __contains__(self, name: str) -> bool:
        return name in self.messages


def check_description(text: str) -> Errors:
    """Check what the resident typed."""
    errors = Errors()
    if not text.strip():
        errors.add("description", N_("Vertel waar het om gaat."))
    elif len(text) > LONGEST_TEXT:
        errors.add("description", N_("U hebt meer dan %(most)s tekens getypt."), most=LONGEST_TEXT)
    return errors


@dataclass(frozen=True)
class TypedPlace:
    """The fields of the place step as they were typed."""

    longitude: str = ""
    latitude: str = ""
    street: str = ""
    house_number: str = ""
    neighbourhood: str = ""


def _degrees(text: str, most: float) -> float | None:
    """Read a coordinate; Dutch typists use a comma."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if -most <= value <= most else None


def read_place(typed: TypedPlace, ground: Ground) -> tuple[Place | None, Errors]:
    """Make a place of what was typed or tapped, or say what is missing.

    A point on the map always wins. Without a point a street and a neighbourhood are enough: the middle of the
    neighbourhood is then the point, and the address leads the person who goes there.
    """
    errors = Errors()
    street = typed.street.strip()[:200]
    house_number = typed.house_number.strip()[:20]
    street = ground.known_street(street) or street
    if typed.longitude.strip() or typed.latitude.strip():
        longitude, latitude = _degrees(typed.longitude, 180), _degrees(typed.latitude, 90)
        if longitude is None or latitude is None:
            errors.add("place", N_("De coördinaten kloppen niet. Kies de plek op de kaart of vul een straat in."))
            return None, errors
        if not ground.holds((longitude, latitude)):
            errors.add("place", N_("Deze plek ligt buiten onze gemeente. Kies een plek binnen de grens."))
            return None, errors
        words = ground.describe((longitude, latitude)) or ""
        return (
            Place(
                longitude=round(longitude, 6),
                latitude=round(latitude, 6),
                street=street,
                house_number=house_number,
                description=words,
            ),
            errors,
        )
    if not street and not typed.neighbourhood:
        errors.add("place", N_("Kies een plek op de kaart, of vul een straat en een buurt in."))
        return None, errors
    if not street:
        errors.add("street", N_("Vul de straat in."))
    area = next((area for area in ground.neighbourhoods if area.code == typed.neighbourhood), None)
    if area is None:
        errors.add("neighbourhood", N_("Kies de buurt, of zet de plek op de kaart."))
    if errors or area is None:
        return None, errors
    return (
        Place(
            longitude=area.label[0],
            latitude=area.label[1],
            street=street,
            house_number=house_number,
            neighbourhood=area.code,
            description=area.name,
            estimated=True,
        ),
        errors,
    )


def address_of(place: Place, city: str) -> dict[str, str | int] | None:
    """Return the address as intake takes it; nothing that was typed is left out."""
    if not place.street:
        return None
    number = split_house_number(place.house_number)
    # What is no house number ("opposite the church") still helps whoever goes there.
    street = place.street if number or not place.house_number else f"{place.street}, {place.house_number}"
    return {"street": street[:200], "city": city, **number}


def split_house_number(text: str) -> dict[str, str | int]:
    """Split ``12a-2`` into number, letter and addition, as Dutch addresses are kept."""
    found = re.fullmatch(r"\s*([1-9][0-9]{0,4})\s*([a-zA-Z])?\s*[-/ ]?\s*(\w{1,4})?\s*", text)
    if not found:
        return {}
    number, letter, addition = found.groups()
    parts: dict[str, str | int] = {"houseNumber": int(number)}
    if letter:
        parts["houseLetter"] = letter
    if addition:
        parts["houseNumberAddition"] = addition
    return parts


def check_contact(choice: str, email: str, phone: str) -> Errors:
    """Check how the reporter wants to hear from us."""
    errors = Errors()
    if choice not in {"yes", "no"}:
        errors.add("contact_choice", N_("Kies of u van ons wilt horen."))
        return errors
    if choice == "no":
        return errors
    if not email:
        errors.add("email", N_("Vul uw e-mailadres in, of kies dat u niets wilt horen."))
    elif len(email) > LONGEST_EMAIL or not re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", email):
        errors.add("email", N_("Vul een e-mailadres in zoals naam@voorbeeld.nl"))
    if phone and (not re.fullmatch(r"[0-9 ()+\-]+", phone) or len(re.sub(r"\D", "", phone)) not in range(9, 16)):
        errors.add("phone", N_("Ongeldig telefoonnummer, alleen cijfers, spaties, haakjes, + en - zijn toegestaan."))
    return errors


def first_unfinished(draft: Draft | None) -> str | None:
    """Return the step that still misses something, or nothing when the report can be sent."""
    if draft is None or check_description(draft.description):
        return "beschrijf"
    if draft.place is None:
        return "locatie"
    if check_contact(draft.contact_choice, draft.email, draft.phone):
        return "contact"
    return None


EMERGENCY = re.compile(
    r"\b(gaslucht|gaslek|ruik\w* gas|brand(t|en|end)?|in brand|explosie|bewusteloos|gewond\w*|ambulance|"
    r"levensgevaar|smell\w* gas|gas leak|on fire|explosion|unconscious|injured)\b",
    re.IGNORECASE,
)
EMAIL_IN_TEXT = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
PHONE_IN_TEXT = re.compile(r"(?<!\d)(\+31|0)[\s-]?\d([\s-]?\d){7,8}(?!\d)")
PLATE_IN_TEXT = re.compile(r"\b([A-Z]{2}-?\d{2}-?[A-Z]{2}|\d{1,2}-?[A-Z]{2,3}-?\d{1,2}|[A-Z]-?\d{3}-?[A-Z]{2})\b")


@dataclass(frozen=True)
class Hints:
    """What we say beside the text; never a reason to refuse it."""

    emergency: bool
    personal: bool


def hints_for(text: str) -> Hints:
    """Look for words of an emergency and for personal data that nobody needs to type."""
    return Hints(
        emergency=EMERGENCY.search(text) is not None,
        personal=any(pattern.search(text) for pattern in (EMAIL_IN_TEXT, PHONE_IN_TEXT, PLATE_IN_TEXT)),
    )
