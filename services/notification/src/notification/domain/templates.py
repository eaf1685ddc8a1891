"""Templates of messages: which there are, which variables they know, and what makes one acceptable.

A template is Markdown with a small part of Jinja: ``{{ variable }}`` and ``{% if %}``. Loops, calls and
attributes are refused, so that no text can make the sender work for long or look where it should not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from notification.domain.messages import Kind

LANGUAGES = ("nl", "en")
LONGEST_SUBJECT = 200
LONGEST_BODY = 20_000


class TemplateOutdatedError(Exception):
    """Somebody else saved another version in the meantime."""


@dataclass(frozen=True)
class Template:
    """A text with variables: ``version`` 0 is the one that comes with the software."""

    kind: Kind
    language: str
    subject: str
    body: str
    version: int = 0


@dataclass(frozen=True)
class Variable:
    """What a template can show of a report."""

    name: str
    meaning_nl: str
    meaning_en: str
    example_nl: str
    example_en: str
    kinds: tuple[Kind, ...] = tuple(Kind)
    is_address: bool = False  # may stand as the target of a link
    optional: bool = False  # may be empty


_ANSWERS = (Kind.CLOSING, Kind.UPDATE, Kind.QUESTION)

VARIABLES = (
    Variable("number", "Nummer van de melding", "Number of the report", "M-10001", "M-10001"),
    Variable("municipality", "Naam van de gemeente", "Name of the municipality", "Voorbeeldstad", "Voorbeeldstad"),
    Variable(
        "submitted_on",
        "Dag van de melding",
        "Day of the report",
        "vrijdag 20 november 2026",
        "Friday, 20 November 2026",
    ),
    Variable(
        "description",
        "Wat de melder schreef",
        "What the reporter wrote",
        "De lantaarnpaal voor nummer 12 doet het al een week niet.",
        "The street light in front of number 12 has been out for a week.",
        optional=True,
    ),
    Variable(
        "address", "Plaats van de melding", "Place of the report", "Vaart 12, Assen", "Vaart 12, Assen", optional=True
    ),
    Variable(
        "category",
        "Onderwerp, in woorden voor bewoners",
        "Subject, in words for residents",
        "Lantaarnpaal kapot",
        "Broken street light",
        optional=True,
    ),
    Variable(
        "department",
        "Afdeling die de melding behandelt",
        "Department that handles the report",
        "Openbare verlichting",
        "Street lighting",
        optional=True,
    ),
    Variable(
        "deadline",
        "Dag waarop de melding behandeld moet zijn",
        "Day by which the report is to be handled",
        "vrijdag 27 november 2026",
        "Friday 27 November 2026",
        optional=True,
    ),
    Variable("term", "Afhandeltermijn", "Handling term", "5 werkdagen", "5 working days", optional=True),
    Variable(
        "message",
        "Bericht van de behandelaar",
        "Message of the handler",
        "De lamp is vandaag vervangen.",
        "The lamp was replaced today.",
        kinds=_ANSWERS,
    ),
    Variable(
        "status_url",
        "Adres van de pagina van deze melding",
        "Address of the page of this report",
        "https://meldingen.example.org/melding/voorbeeld",
        "https://meldingen.example.org/melding/voorbeeld",
        is_address=True,
    ),
    Variable(
        "map_url",
        "Adres van de kaart met meldingen",
        "Address of the map with reports",
        "https://meldingen.example.org/kaart",
        "https://meldingen.example.org/kaart",
        is_address=True,
    ),
    Variable(
        "site_url",
        "Adres waar een bewoner een melding doet",
        "Address where a resident makes a report",
        "https://meldingen.example.org/",
        "https://meldingen.example.org/",
        is_address=True,
    ),
)


def variables(kind: Kind) -> dict[str, Variable]:
    """Return the variables that a template of ``kind`` can use, by name."""
    return {variable.name: variable for variable in VARIABLES if kind in variable.kinds}


def sample(kind: Kind, language: str, *, sparse: bool = False) -> dict[str, str]:
    """Return an example value for each variable; ``sparse`` leaves out all that may be missing."""
    return {
        name: "" if sparse and variable.optional else variable.example_en if language == "en" else variable.example_nl
        for name, variable in variables(kind).items()
    }


@cache
def standard(kind: Kind, language: str) -> Template:
    """Return the template that comes with the software: its first line is the subject."""
    file = resources.files("notification") / "standard" / f"{kind}.{language}.md"
    subject, _, body = file.read_text(encoding="utf-8").partition("\n")
    return Template(kind, language, subject, body.strip() + "\n")


# --- What a template may hold ---

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
)
FILTERS = frozenset({"upper", "lower", "capitalize", "trim"})
_WORDS_OF_NODES = {
    "For": "{% for %}",
    "Set": "{% set %}",
    "Call": "a call with ( )",
    "Getattr": "a point behind a variable",
    "Getitem": "[ ] behind a variable",
}


@dataclass(frozen=True)
class Fault:
    """Something in a template that must be changed before it can be saved."""

    field: str  # subject or body
    code: str
    message: str


def faults(kind: Kind, subject: str, body: str) -> list[Fault]:
    """Return everything that is wrong with the Jinja of a template, so that all can be mended at once."""
    found = [*_line_faults(subject)]
    used: set[str] = set()
    for field, source in (("subject", subject), ("body", body)):
        try:
            tree = SandboxedEnvironment().parse(source)
        except TemplateSyntaxError as error:
            message = f"Line {error.lineno}: this is not a valid template: {error.message}"
            found.append(Fault(field, "template-syntax", message))
            continue
        except RecursionError:
            found.append(Fault(field, "template-syntax", "Too much is nested in each other"))
            continue
        found.extend(_tree_faults(kind, field, tree))
        used |= {node.name for node in tree.find_all(nodes.Name)}
    if "message" in variables(kind) and "message" not in used and not found:
        text = "The variable `message` must be used: without it the words of the handler would be lost"
        found.append(Fault("body", "variable-required", text))
    return found


def _line_faults(subject: str) -> Iterator[Fault]:
    if not subject.strip():
        yield Fault("subject", "empty", "A message needs a subject")
    if re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", subject):
        yield Fault("subject", "line-break", "A subject is one line")


def _tree_faults(kind: Kind, field: str, tree: nodes.Template) -> Iterator[Fault]:
    known = variables(kind)
    for node in _walk(tree):
        if not isinstance(node, _ALLOWED):
            word = _WORDS_OF_NODES.get(type(node).__name__, f"`{type(node).__name__}`")
            yield Fault(field, "not-allowed", f"Line {node.lineno}: {word} cannot be used in a template")
        elif isinstance(node, nodes.Name) and node.name not in known:
            names = ", ".join(sorted(known))
            message = f"Line {node.lineno}: there is no variable `{node.name}`; the variables are: {names}"
            yield Fault(field, "unknown-variable", message)
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            message = f"Line {node.lineno}: the filter `{node.name}` cannot be used; allowed are: {_list(FILTERS)}"
            yield Fault(field, "not-allowed", message)


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    if isinstance(node, _ALLOWED):  # what stands inside a refused part need not be told as well
        for child in node.iter_child_nodes():
            yield from _walk(child)


def _list(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
