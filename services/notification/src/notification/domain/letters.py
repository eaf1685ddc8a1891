"""From a template and the facts of a report to the words of a mail, and from words to plain text and HTML.

Facts never pass through the Markdown parser. Jinja writes a mark (``MSVT3X``) where a fact stands, Markdown turns
that skeleton into HTML, and only then are the marks replaced, each escaped for its place. So nothing that a
resident types can become markup, and the costly part (parsing, cleaning, inlining style sheets) is done once for
each different skeleton and not for each mail.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any
from urllib.parse import quote

import css_inline
import nh3
from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError, pass_context
from jinja2 import Template as Compiled
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from notification.domain.templates import LONGEST_SUBJECT, VARIABLES, Fault, Template, faults, sample
from notification.domain.texts import clean, one_line

# T: text; U: an address of our own; A: text inside the address of a link.
_MARK = re.compile(r"MSV([TUA])([0-9]{1,4})X")
_TAGS = {"a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong", "ul"}
# A link begins with an address of ours, or names its host itself: a fact may only fill the part behind it.
_LINK_START = re.compile(r"MSVU[0-9]+X|https?://[^\s/?#]+[/?#]|https?://[^\s/?#]+$|mailto:|tel:", re.IGNORECASE)
_HOST = re.compile(r"https?://[^\s/?#]*MSV", re.IGNORECASE)


class TemplateFailedError(Exception):
    """A template could not be filled, although it was accepted; the standard text is used in its place."""


class Url(str):
    """An address that we made ourselves and that a template may link to."""

    __slots__ = ()


@dataclass(frozen=True)
class Words:
    """What is said in a message: kept, so that it can be shown and sent again in exactly these words.

    ``body`` is Markdown with marks; ``values`` are the facts behind the marks.
    """

    subject: str
    body: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Letter:
    """A message as its reader gets it."""

    subject: str
    text: str
    html: str


@cache
def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_mark, autoescape=False
    )


@pass_context
def _mark(context: Context, value: Any) -> str:
    """Put ``value`` aside and leave a mark; a value that is empty leaves nothing, so that Markdown sees nothing."""
    text = str(value)
    if not text:
        return ""
    values: list[str] = context["_values"]
    values.append(text)
    return f"MSV{'U' if isinstance(value, Url) else 'T'}{len(values) - 1}X"


@lru_cache(maxsize=512)
def _compiled(source: str) -> Compiled:
    return _environment().from_string(source)


def write(template: Template, facts: Mapping[str, str]) -> Words:
    """Fill ``template`` with ``facts``; raise ``TemplateFailedError`` when it does not fit them."""
    about_subject: list[str] = []
    values: list[str] = []
    try:
        subject = _compiled(template.subject).render(facts, _values=about_subject)
        body = _compiled(template.body).render(facts, _values=values)
    except (TemplateError, TypeError, ValueError) as error:
        raise TemplateFailedError from error
    subject = _MARK.sub(lambda mark: about_subject[int(mark[2])], subject)
    return Words(one_line(subject)[:LONGEST_SUBJECT], body, tuple(clean(value) for value in values))


def typeset(words: Words, *, language: str, municipality: str) -> Letter:
    """Return ``words`` as plain text and as HTML in our layout; the same words always give the same letter."""
    text, page = _skeleton(words.body, language, municipality)
    return Letter(words.subject, _fill_text(text, words.values), _fill_html(page, words.values))


# --- The skeleton: everything but the facts ---


@lru_cache(maxsize=512)
def _skeleton(body: str, language: str, municipality: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines of the plain text, and the HTML split at its marks (text, kind, index, text, …)."""
    tokens = _markdown().parse(body)
    fragment = nh3.clean(
        _markdown().renderer.render(tokens, _markdown().options, {}),
        tags=_TAGS,
        attributes={"a": {"href"}},
        attribute_filter=lambda _tag, _name, value: _link(value),
        link_rel=None,
        url_schemes={"http", "https", "mailto", "tel"},
    )
    names = _names(language, municipality)
    page = _layout().render(body=fragment, language=language, **names)
    text = [*_blocks(SyntaxTreeNode(tokens)), "", "-- ", *names["footer"].split("\n")]
    return tuple(text), tuple(_MARK.split(_inliner().inline(page)))


def _names(language: str, municipality: str) -> dict[str, str]:
    if language == "en":
        sender = f"Municipality of {municipality}"
        return {
            "sender": sender,
            "footer": f"This is an automatic message from the municipality of {municipality}.\n"
            "You cannot reply to this e-mail.",
        }
    return {
        "sender": f"Gemeente {municipality}",
        "footer": f"Dit is een automatisch bericht van de gemeente {municipality}.\n"
        "U kunt niet antwoorden op deze e-mail.",
    }


def sender_name(language: str, municipality: str) -> str:
    """Return the municipality as the sender of a mail."""
    return _names(language, municipality)["sender"]


@cache
def _markdown() -> MarkdownIt:
    # No HTML and no images: a mail that fetches nothing tells nobody that it was opened.
    return MarkdownIt("commonmark", {"html": False}).disable("image")


@cache
def _layout() -> Compiled:
    return Environment(loader=PackageLoader("notification", "layout"), autoescape=True).get_template("mail.html")


@cache
def _inliner() -> css_inline.CSSInliner:
    style = (resources.files("notification") / "layout" / "mail.css").read_text(encoding="utf-8")
    return css_inline.CSSInliner(extra_css=style, load_remote_stylesheets=False)


def _link(target: str) -> str | None:
    """Return the target of a link as it may stand in a mail; None when it must not be a link at all."""
    if not _LINK_START.match(target) or _HOST.match(target):
        return None
    return _MARK.sub(lambda mark: f"MSVA{mark[2]}X" if mark[1] == "T" else mark[0], target)


# --- Plain text ---


def _blocks(node: SyntaxTreeNode) -> list[str]:
    """Return the lines of the blocks below ``node``, with an empty line between two blocks of a loose text."""
    lines: list[str] = []
    for child in node.children:
        block = _block(child)
        if not block:
            continue
        if lines and not _is_tight(child if child.type == "list_item" else node):
            lines.append("")
        lines.extend(block)
    return lines


def _is_tight(node: SyntaxTreeNode) -> bool:
    """Tell whether ``node`` is an item of a list without empty lines; Markdown hides its paragraphs then."""
    return node.type == "list_item" and all(child.hidden for child in node.children if child.type == "paragraph")


def _block(node: SyntaxTreeNode) -> list[str]:
    match node.type:
        case "paragraph" | "heading":
            return "".join(_inline(child) for child in node.children).split("\n")
        case "blockquote":
            return [f"> {line}".rstrip() for line in _blocks(node)]
        case "bullet_list" | "ordered_list":
            return _blocks(node)
        case "list_item":
            ordered = node.parent is not None and node.parent.type == "ordered_list"
            sign = f"{node.info or 1}. " if ordered else "- "
            return [f"{sign if index == 0 else ' ' * len(sign)}{line}" for index, line in enumerate(_blocks(node))]
        case "hr":
            return ["---"]
        case _:
            return node.content.rstrip("\n").split("\n")


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "link":
            label = "".join(_inline(child) for child in node.children)
            target = _link(str(node.attrs.get("href", "")))
            if target is None or target == label:
                return label
            # In the middle of a sentence no sign may touch the address: it would become part of it.
            return f"{label}: {target}" if len(node.siblings) == 1 else f"{label} ({target})"
        case _ if node.children:
            return "".join(_inline(child) for child in node.children)
        case _:
            return node.content


# --- The facts ---

_QUOTE_SIGNS = re.compile(r"(?:> )*(?:- |[0-9]+\. )?")


def _fill_text(lines: Sequence[str], values: Sequence[str]) -> str:
    return "\n".join(_fill_line(line, values) for line in lines) + "\n"


def _fill_line(line: str, values: Sequence[str]) -> str:
    if "MSV" not in line:
        return line
    # A fact of several lines stays inside the quotation or the list item where it began.
    signs = _QUOTE_SIGNS.match(line)
    margin = "\n" + re.sub(r"[-0-9.]", " ", signs[0] if signs else "")
    return _MARK.sub(lambda mark: _plain(mark[1], values[int(mark[2])]).replace("\n", margin), line)


def _plain(kind: str, value: str) -> str:
    return quote(value, safe="") if kind == "A" else value


def _fill_html(parts: Sequence[str], values: Sequence[str]) -> str:
    filled = [parts[0]]
    for index in range(1, len(parts), 3):
        value = values[int(parts[index + 1])]
        if parts[index] == "A":
            filled.append(html.escape(quote(value, safe="")))
        else:
            filled.append(html.escape(value).replace("\n", "<br>"))
        filled.append(parts[index + 2])
    return "".join(filled)


# --- Before a template is saved ---


def all_faults(template: Template) -> list[Fault]:
    """Return everything that is wrong with a template: its Jinja, its links, and whether anything comes out."""
    found = faults(template.kind, template.subject, template.body)
    found += [
        Fault(field, "not-allowed", "This text is used by the software itself: MSV, a letter, a number and X")
        for field, source in (("subject", template.subject), ("body", template.body))
        if _MARK.search(source)
    ]
    if found:
        return found
    for sparse in (False, True):
        facts = as_facts(sample(template.kind, template.language, sparse=sparse))
        try:
            words = write(template, facts)
        except TemplateFailedError:
            return [Fault("body", "template-failed", "This template cannot be filled with the facts of a report")]
        if not words.subject:
            found.append(Fault("subject", "empty", "A message needs a subject"))
        if not words.body.strip():
            found.append(Fault("body", "empty", "A message needs a text"))
        found += _link_faults(words.body)
    return list(dict.fromkeys(found))


def _link_faults(body: str) -> list[Fault]:
    tree = SyntaxTreeNode(_markdown().parse(body))
    targets = [str(node.attrs.get("href", "")) for node in tree.walk() if node.type == "link"]
    message = (
        "A link goes to an address that begins with https://, mailto: or tel:, or to a variable that is an address; "
        "other variables may only stand behind the name of the site"
    )
    return [Fault("body", "link-refused", message) for target in targets if _link(target) is None]


def as_facts(values: Mapping[str, str]) -> dict[str, str]:
    """Return ``values`` with those that are addresses marked as such; what is no web address becomes empty."""
    addresses = {variable.name for variable in VARIABLES if variable.is_address}
    return {name: _address(value) if name in addresses else value for name, value in values.items()}


_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+")


def _address(value: str) -> str:
    return Url(value) if _WEB_ADDRESS.fullmatch(value) else ""
