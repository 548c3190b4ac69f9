"""Cutting a text into tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ...io._whole import text_of_path

if TYPE_CHECKING:
    import os

__all__ = ["characters", "load_tokenizer", "words"]

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


def load_tokenizer(path: str | os.PathLike[str]) -> Any:
    """The tokenizer of a trained model, from its file "tokenizer.json".

    Parameters
    ----------
    path : str, bytes or os.PathLike
        A file in the format of the tokenizers library.

    Returns
    -------
    tokenizers.Tokenizer
        `encode(text).ids` is a list of tokens, `decode(tokens)` their text.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ValueError
        For a file that is no tokenizer, and a path with a zero in it.
    TypeError
        For a path that is none.
    ImportError
        Without the tokenizers package.

    Examples
    --------
    >>> import json, tempfile, tilewright as tw
    >>> model = {"type": "WordLevel", "vocab": {"?": 0, "to": 1, "be": 2}, "unk_token": "?"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(f"{folder}/tokenizer.json", "w") as file:
    ...         json.dump({"version": "1.0", "pre_tokenizer": {"type": "Whitespace"}, "model": model}, file)
    ...     tokenizer = tw.data.text.load_tokenizer(f"{folder}/tokenizer.json")
    >>> tokenizer.encode("to be or").ids
    [1, 2, 0]
    """
    op = "load_tokenizer"
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise ImportError(f"{op}: needs the tokenizers package: pip install 'tilewright[text]'") from None
    path = text_of_path(op, path)
    with open(path, encoding="utf-8") as file:  # raises what the operating system says
        try:
            return Tokenizer.from_str(file.read())
        except Exception as error:  # the library has no class of its own for it
            raise ValueError(f"{op}: {path!r} is not a tokenizer's file: {error}") from None


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
