"""What the model sees of a text: its words and word pairs, and pieces of two to five letters within words.

The pieces carry Dutch compounds ("lantaarnpaal", "straatlantaarn") and survive typing errors.
"""

import re
import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt

# How much words weigh beside pieces; found by cross-validation, see the README.
WORD_WEIGHT = 0.5
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


def prepare(text: str) -> str:
    """Return the words of ``text`` that the model looks at, as it sees them."""
    return " ".join(seen for _, seen in words_of(text))


def word_counter(**given: Any) -> Any:
    """Return what counts words and word pairs in prepared texts."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(
        lowercase=False, tokenizer=str.split, token_pattern=None, ngram_range=(1, 2), dtype=np.float32, **given
    )


def piece_counter(**given: Any) -> Any:
    """Return what counts pieces within words in prepared texts; a piece of a single text teaches nothing."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(lowercase=False, analyzer="char_wb", ngram_range=(2, 5), min_df=2, dtype=np.float32, **given)


def weigh(counts: Any, rarity: npt.NDArray[np.floating[Any]], weight: float) -> Any:
    """Turn counts into weights, in place: rare features count more, repeats less, and each text ``weight`` in all.

    This is TF-IDF with sublinear counts as scikit-learn defines it, without its checks of the input, which take
    longer than the rest of a prediction.
    """
    counts.data = (1 + np.log(counts.data)) * rarity[counts.indices]
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    lengths = np.sqrt(np.bincount(rows, counts.data**2, minlength=counts.shape[0]))
    counts.data = (counts.data / lengths[rows] * weight).astype(np.float32)
    return counts
