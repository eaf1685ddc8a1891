"""What the model sees of a text: its words and word pairs, and pieces of two to five letters within words.

The pieces carry Dutch compounds ("lantaarnpaal", "straatlantaarn") and survive typing errors.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

# How much words weigh beside pieces; found by cross-validation, see the README.
WORD_WEIGHT = 0.5
_LENGTHS = range(2, 6)
_WORD = re.compile(r"[^\W\d_]+")

# Words that stand in any report. They say nothing about its subject, and with few examples per class a model would
# believe that they do.
STOP_WORDS = frozenset(
    """
    de het een en of maar dus want dat die dit deze is zijn was waren ben bent wordt worden werd werden geworden
    heeft hebben heb had hebt hadden kan kunnen kunt kon konden moet moeten mag mogen zal zullen zou zouden wil willen
    wilt ik je jij jullie u uw we wij ons onze hij zij ze hun hen hem haar mij mijn me men er hier daar waar wat wie hoe
    wanneer waarom welke welk in op aan bij van voor naar met door over uit om te tot tegen tussen na onder boven binnen
    achter langs als dan toch ook nog al weer wel geen meer heel erg zo nu steeds altijd vaak soms iets iemand alles
    veel weinig omdat terwijl sinds graag beste geachte gemeente heer mevrouw goedendag hallo dank bedankt vriendelijke
    groet hopelijk alstublieft aub svp gaat gaan ga doen doet laat laten komt komen staat staan ligt liggen zit zitten
    gisteren vandaag morgen week weken dag dagen maand maanden jaar uur keer
    """.split()  # noqa: SIM905 - a block of words is easier to read and to keep than a list of strings
)


def words_of(text: str) -> list[tuple[str, str]]:
    """Return the words of ``text`` that the model looks at: each as it stands there, and as the model sees it."""
    found = ((match, plain(match)) for match in _WORD.findall(text))
    return [(as_written, seen) for as_written, seen in found if seen not in STOP_WORDS]


def plain(word: str) -> str:
    """Return ``word`` in small letters without accents."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def prepare(text: str) -> list[str]:
    """Return the words of ``text`` that the model looks at, as it sees them."""
    return [seen for _, seen in words_of(text)]


def pair(left: str, right: str) -> str:
    """Return the feature of two words that stand side by side."""
    return f"{left} {right}"


def words_and_pairs(words: Sequence[str]) -> list[str]:
    """Return the words of a text and the pairs in it, each as often as it occurs."""
    return [*words, *(pair(left, right) for left, right in pairwise(words))]


def pieces(word: str) -> list[str]:
    """Return the pieces of a word, each as often as it occurs; a space marks its beginning and its end."""
    whole = f" {word} "
    return [whole[start : start + length] for length in _LENGTHS for start in range(len(whole) - length + 1)]


def all_pieces(words: Sequence[str]) -> list[str]:
    """Return the pieces of all words of a text."""
    return [piece for word in words for piece in pieces(word)]
