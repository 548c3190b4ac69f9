"""Vocabulary: a number for each token, and back."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.tensor import asarray
from ...io._whole import require_file, text_of_path, write_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from ..._engine.tensor import Tensor

__all__ = ["Vocabulary"]

_NAME = "Vocabulary"


def _strings(op: str, name: str, value: Any) -> list[str]:
    """The entries of an iterable of text; of a text its characters."""
    if isinstance(value, str):
        return list(value)
    listed = arguments.entries(op, name, value, "a str or an iterable of str")
    for entry in listed:
        if not isinstance(entry, str):
            hint = "; chain the tokens of several texts together" if isinstance(entry, (list, tuple)) else ""
            arguments.refuse(op, f"an entry of {name}", entry, f"a str{hint}")
    return listed


class Vocabulary:
    """The distinct tokens of a text, each with a number.

    Parameters
    ----------
    tokens : iterable of str
        All tokens of the text, in order; a str stands for its characters.
    specials : sequence of str
        Tokens that come first, in this order, whether the text has them or not: padding, the start and the end of a
        sentence.
    unknown : str, optional
        The token that stands for all that are not there, such as "<unk>". Where it is not among the specials, it comes
        before them. By default there is none, and unknown tokens are errors.
    min_count : int
        Tokens that come up less often are left out.
    max_size : int, optional
        How many tokens there are at most, with the specials; the most frequent ones stay.

    Attributes
    ----------
    tokens : list of str
        By number: the specials, then the others, the most frequent first; among equally frequent ones, the one that
        comes up first.
    unknown : str or None

    Raises
    ------
    TypeError
        For tokens that are no text, and a count that is no integer.
    ValueError
        For a special token that is there twice, a count below 1, and a `max_size` with no room for the specials.

    Examples
    --------
    Characters:

    >>> import tilewright as tw
    >>> vocabulary = tw.data.text.Vocabulary("hello")
    >>> vocabulary.tokens
    ['l', 'h', 'e', 'o']
    >>> vocabulary.encode("hole")
    tensor([1, 3, 0, 2])
    >>> "".join(vocabulary.decode([1, 3, 0, 2]))
    'hole'

    Words:

    >>> tokens = tw.data.text.words("the cat and the dog and the bird")
    >>> vocabulary = tw.data.text.Vocabulary(tokens, specials=["<pad>"], unknown="<unk>", min_count=2)
    >>> vocabulary.tokens
    ['<unk>', '<pad>', 'the', 'and']
    >>> vocabulary.decode(vocabulary.encode(["the", "fish"]))
    ['the', '<unk>']
    >>> len(vocabulary), vocabulary["and"], "cat" in vocabulary
    (4, 3, False)
    """

    def __init__(
        self,
        tokens: Iterable[str],
        specials: Iterable[str] = (),
        unknown: str | None = None,
        *,
        min_count: int = 1,
        max_size: int | None = None,
    ) -> None:
        first = _strings(_NAME, "specials", specials)
        if unknown is not None and not isinstance(unknown, str):
            arguments.refuse(_NAME, "unknown", unknown, "a str or None")
        if unknown is not None and unknown not in first:
            first.insert(0, unknown)
        least = arguments.integer(_NAME, "min_count", min_count, at_least=1)
        most = None if max_size is None else arguments.integer(_NAME, "max_size", max_size, at_least=1)
        if most is not None and most < len(first):
            raise ValueError(f"{_NAME}: max_size is {most}, but there are {len(first)} special tokens")
        counts = Counter(_strings(_NAME, "tokens", tokens))
        for token in first:
            counts.pop(token, None)
        # Sorting is stable, and a Counter goes through its entries by first appearance.
        frequent = sorted([token for token in counts if counts[token] >= least], key=lambda token: -counts[token])
        self._set([*first, *frequent][:most], unknown)

    def _set(self, tokens: list[str], unknown: str | None) -> None:
        self.tokens = tokens
        self.unknown = unknown
        self._numbers = {token: number for number, token in enumerate(tokens)}
        if len(self._numbers) < len(tokens):
            repeated = Counter(tokens).most_common(1)[0][0]
            raise ValueError(f"{_NAME}: the token {arguments.shown(repeated)} is there twice")

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} tokens, unknown={self.unknown!r})"

    def __len__(self) -> int:
        return len(self.tokens)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tokens)

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and token in self._numbers

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self.tokens == other.tokens and self.unknown == other.unknown

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, token: str) -> int:
        """The number of a token, or of the unknown one; ValueError where there is neither."""
        if not isinstance(token, str):
            arguments.refuse(_NAME, "token", token, "a str")
        return self._number(_NAME, token)

    def _number(self, op: str, token: str) -> int:
        number = self._numbers.get(token)
        if number is None:
            if self.unknown is None:
                raise ValueError(f"{op}: {arguments.shown(token)} is not in the vocabulary; give it an unknown token")
            number = self._numbers[self.unknown]
        return number

    def encode(self, tokens: Iterable[str]) -> Tensor:
        """The numbers of tokens.

        Parameters
        ----------
        tokens : iterable of str
            A str stands for its characters.

        Returns
        -------
        Tensor, shape (n,), int64

        Raises
        ------
        ValueError
            For a token that is not there, where there is no unknown token.
        TypeError
            For what is no iterable of text.
        """
        listed = _strings("Vocabulary.encode", "tokens", tokens)
        try:
            numbers = [self._numbers[token] for token in listed]
        except KeyError:
            numbers = [self._number("Vocabulary.encode", token) for token in listed]
        return asarray(numbers, dtype="int64")

    def decode(self, indices: Any) -> list[str]:
        """The tokens of numbers; join them with `"".join` or `" ".join`.

        Parameters
        ----------
        indices : array-like of int, shape (n,)

        Returns
        -------
        list of str

        Raises
        ------
        ValueError
            For numbers that no token has, and for more than one axis.
        TypeError
            For what are no integers.
        """
        numbers = integers_1d("Vocabulary.decode", indices).tolist()
        for number in numbers:
            if not 0 <= number < len(self.tokens):
                raise ValueError(f"Vocabulary.decode: got {number}, but the tokens have numbers below {len(self)}")
        return [self.tokens[number] for number in numbers]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, as JSON: `{"tokens": [...], "unknown": ...}`, whole or not at all.

        Parameters
        ----------
        path : str, bytes or os.PathLike
            Where to; its directory must exist.

        Raises
        ------
        OSError
            Where the file cannot be written. What it held before is still there.
        TypeError
            For a path that is none, such as an open file.

        Examples
        --------
        >>> import tempfile, tilewright as tw
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tw.data.text.Vocabulary("hello").save(f"{folder}/letters.json")
        ...     tw.data.text.Vocabulary.load(f"{folder}/letters.json").tokens
        ['l', 'h', 'e', 'o']
        """
        op = "Vocabulary.save"
        path = text_of_path(op, path)
        content = json.dumps({"tokens": self.tokens, "unknown": self.unknown}, indent=0)
        write_whole(op, require_file(op, path), content.encode(), path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Read what `save` wrote.

        Parameters
        ----------
        path : str, bytes or os.PathLike

        Returns
        -------
        Vocabulary

        Raises
        ------
        OSError
            Where the file cannot be read: FileNotFoundError where there is none.
        ValueError
            For a file that is no JSON of this form, and for a token that is there twice.
        TypeError
            For a path that is none.
        """
        op = "Vocabulary.load"
        path = text_of_path(op, path)
        with open(path, "rb") as file:
            content = file.read()
        needed = 'JSON of the form {"tokens": [...], "unknown": ...}'
        try:
            state = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{op}: {path!r} is not {needed} ({error})") from None
        tokens, unknown = (state.get("tokens"), state.get("unknown")) if isinstance(state, dict) else (None, None)
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise ValueError(f"{op}: {path!r} is not {needed}")
        if unknown is not None and unknown not in tokens:
            raise ValueError(f"{op}: {path!r} has the unknown token {unknown!r}, which is not among its tokens")
        made = cls(())
        made._set(tokens, unknown)
        return made


def integers_1d(op: str, indices: Any) -> Tensor:
    """A 1-D tensor of integers from anything array-like."""
    tensor = arguments.array(op, "indices", indices).detach()
    if tensor.ndim != 1:
        raise ValueError(f"{op}: indices have shape {tensor.shape}, but must be 1-D")
    if not tensor.size:  # [] is float32
        return tensor.astype("int64")
    if not tensor.dtype.is_integer:
        raise TypeError(f"{op}: indices have dtype {tensor.dtype.name}, but must be integers")
    return tensor
