"""Cutting a text into tokens."""

from __future__ import annotations

import re

from ..._engine import arguments

__all__ = ["characters", "words"]

_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def _require_text(op: str, text: object) -> None:
    if not isinstance(text, str):
        arguments.refuse(op, "text", text, "a str")


def characters(text: str) -> list[str]:
    """The characters of a text, white space and line ends among them.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        One Unicode code point each; joined, they are the text again.

    Raises
    ------
    TypeError
        For what is no text.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.data.text.characters("Eh? No.")
    ['E', 'h', '?', ' ', 'N', 'o', '.']
    """
    _require_text("characters", text)
    return list(text)


def words(text: str, lower: bool = False) -> list[str]:
    r"""The words and the punctuation of a text.

    Parameters
    ----------
    text : str
    lower : bool
        Whether to write the words in lower case.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        For what is no text.

    Notes
    -----
    The tokens are what the regular expression ``\w+(?:['’]\w+)*|[^\w\s]`` finds: runs of letters, digits and
    underscores of any script, together with apostrophes between them, and any other character that is not white space
    by itself.
    So "don't" is one token and "well-known" are three. White space is lost.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.data.text.words("Don't panic, it's 4.2 km!", lower=True)
    ["don't", 'panic', ',', "it's", '4', '.', '2', 'km', '!']
    """
    _require_text("words", text)
    return _WORD.findall(text.lower() if arguments.flag("words", "lower", lower) else text)
