"""Tables of vectors, looked up by number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core, random
from .._engine import arguments
from .._engine.dtypes import as_floating
from ..autograd import no_grad
from . import functional, init
from .functional._checks import not_negative, positive
from .functional.embedding import MODES
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """A weight (num_embeddings, embedding_dim) and how its rows are looked up."""

    weight: Parameter

    def _set(
        self,
        shape: tuple[Any, ...],
        padding_idx: Any,
        max_norm: Any,
        norm_type: Any,
        scale_grad_by_freq: Any,
        sparse: Any,
    ) -> None:
        """Read the arguments."""
        name = type(self).__name__
        self.num_embeddings = arguments.integer(name, "num_embeddings", shape[0], at_least=0)
        self.embedding_dim = arguments.integer(name, "embedding_dim", shape[1], at_least=0)
        arguments.shape(name, (self.num_embeddings, self.embedding_dim), "weight")
        self.padding_idx = None if padding_idx is None else self._row(name, padding_idx)
        self.max_norm = None if max_norm is None else not_negative(name, "max_norm", max_norm)
        self.norm_type = positive(name, "norm_type", norm_type)
        self.scale_grad_by_freq = arguments.flag(name, "scale_grad_by_freq", scale_grad_by_freq)
        self.sparse = arguments.flag(name, "sparse", sparse)

    def _row(self, name: str, padding_idx: Any) -> int:
        row = arguments.integer(name, "padding_idx", padding_idx)
        rows = self.num_embeddings
        if not -rows <= row < rows:
            raise ValueError(f"{name}: padding_idx is {arguments.shown(row)}, but num_embeddings is {rows}")
        return row + rows if row < 0 else row

    def _draw(self, dtype: Any, generator: Any) -> None:
        """A new weight."""
        name = type(self).__name__
        self.weight = Parameter(_core.full((self.num_embeddings, self.embedding_dim), 0, as_floating(name, dtype)))
        self.reset_parameters(random.source(name, generator))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw a new weight from the normal distribution, with zeros in the row `padding_idx`."""
        init.normal_(self.weight, generator=generator)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx] = 0.0

    def _take(self, name: str, embeddings: Any, freeze: Any) -> None:
        """The given weight."""
        freeze = arguments.flag(name, "freeze", freeze)
        self.weight = Parameter(embeddings, not freeze)

    def extra_repr(self) -> str:
        shown: dict[str, Any] = {"num_embeddings": self.num_embeddings, "embedding_dim": self.embedding_dim}
        defaults: dict[str, Any] = {
            "padding_idx": None,
            "max_norm": None,
            "norm_type": 2.0,
            "scale_grad_by_freq": False,
        }
        defaults |= {"mode": "mean", "sparse": False, "include_last_offset": False}
        given = {name: getattr(self, name) for name in defaults if hasattr(self, name)}
        shown |= {name: value for name, value in given.items() if value != defaults[name]}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())


def _matrix(name: str, embeddings: Any) -> Tensor:
    table = arguments.array(name, "embeddings", embeddings)
    if table.ndim != 2:
        raise ValueError(f"{name}: embeddings have shape {table.shape}, but must be (rows, columns)")
    return table


class Embedding(_Table):
    """A table of vectors, one for each token: `weight[input]`.

    Parameters
    ----------
    num_embeddings : int
        How many vectors: the size of the vocabulary.
    embedding_dim : int
        How long each is.
    padding_idx : int, optional
        A row that starts as zeros and gets no gradient, counted from the back where negative.
    max_norm : float, optional
        Rows that are looked up and longer than this are first shortened to it, in `weight` itself.
    norm_type : float
        The p of the p-norm that tells how long they are.
    scale_grad_by_freq : bool
        Whether what arrives at each row is divided by how often it stands in the input.
    sparse : bool
        Taken for the sake of programs that have it: gradients are dense arrays, of which only the rows looked up are
        written. See `nn.functional.embedding`.
    dtype : dtype-like
        Of the weight.
    generator : Generator, optional
        Where the starting weight is drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)

    Raises
    ------
    ValueError
        For negative sizes, a `padding_idx` that is none of the rows, a negative `max_norm`, or a `norm_type` that is
        not positive.
    TypeError
        For options of another kind, or a dtype that is not floating; when called, for an input that is not integers.
    IndexError
        When called, where a number is negative or not below `num_embeddings`.

    Notes
    -----
    The weight starts normally distributed, with mean 0 and variance 1.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.Embedding(1000, 64, padding_idx=0)
    >>> layer(tw.asarray([[5, 17, 0], [2, 0, 0]])).shape
    (2, 3, 64)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self._set((num_embeddings, embedding_dim), padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        self._draw(dtype, generator)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """A layer with a given weight, which shares its memory where it can.

        Parameters
        ----------
        embeddings : array-like, shape (num_embeddings, embedding_dim)
        freeze : bool
            Whether the weight gets no gradient.
        padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse
            As those of the class; the row `padding_idx` stays as it is given.

        Returns
        -------
        Embedding

        Examples
        --------
        >>> import tilewright as tw
        >>> layer = tw.nn.Embedding.from_pretrained([[1.0, 2.0], [3.0, 4.0]])
        >>> layer(tw.asarray([1]))
        tensor([[3., 4.]])
        """
        table = _matrix(cls.__name__, embeddings)
        layer = cls.__new__(cls)
        layer._set(table.shape, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        layer._take(cls.__name__, table, freeze)
        return layer

    def forward(self, input: Any) -> Tensor:
        return functional.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )


class EmbeddingBag(_Table):
    """Sums, means or maxima of bags of vectors from a table: `nn.functional.embedding_bag`.

    Parameters
    ----------
    num_embeddings : int
        How many vectors: the size of the vocabulary.
    embedding_dim : int
        How long each is.
    max_norm : float, optional
        Rows that are looked up and longer than this are first shortened to it, in `weight` itself.
    norm_type : float
        The p of the p-norm that tells how long they are.
    scale_grad_by_freq : bool
        Whether what arrives at each row is divided by how often it stands in the input. Not for "max".
    mode : {"mean", "sum", "max"}
        What becomes of the vectors of a bag.
    sparse : bool
        Taken for the sake of programs that have it, as by `Embedding`.
    include_last_offset : bool
        Whether offsets have one entry more: where the last bag ends.
    padding_idx : int, optional
        A row that starts as zeros, belongs to no bag, and gets no gradient.
    dtype : dtype-like
        Of the weight.
    generator : Generator, optional
        Where the starting weight is drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)

    Raises
    ------
    ValueError
        As `Embedding`, and for another mode; when called, as `nn.functional.embedding_bag`.
    TypeError
        As `Embedding`.
    IndexError
        When called, where a number is negative or not below `num_embeddings`.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.EmbeddingBag(1000, 64, mode="sum")
    >>> layer(tw.asarray([5, 17, 3, 2]), offsets=[0, 3]).shape
    (2, 64)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        *,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self._set((num_embeddings, embedding_dim), padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        self._set_bags(mode, include_last_offset)
        self._draw(dtype, generator)

    def _set_bags(self, mode: Any, include_last_offset: Any) -> None:
        name = type(self).__name__
        self.mode = arguments.option(name, "mode", mode, MODES)
        self.include_last_offset = arguments.flag(name, "include_last_offset", include_last_offset)
        if self.scale_grad_by_freq and mode == "max":
            raise ValueError(f'{name}: scale_grad_by_freq does not go with mode "max"')

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """A layer with a given weight, which shares its memory where it can.

        Parameters
        ----------
        embeddings : array-like, shape (num_embeddings, embedding_dim)
        freeze : bool
            Whether the weight gets no gradient.
        max_norm, norm_type, scale_grad_by_freq, mode, sparse, include_last_offset, padding_idx
            As those of the class; the row `padding_idx` stays as it is given.

        Returns
        -------
        EmbeddingBag

        Examples
        --------
        >>> import tilewright as tw
        >>> layer = tw.nn.EmbeddingBag.from_pretrained([[1.0, 2.0], [3.0, 4.0]])
        >>> layer(tw.asarray([[0, 1]]))
        tensor([[2., 3.]])
        """
        table = _matrix(cls.__name__, embeddings)
        layer = cls.__new__(cls)
        layer._set(table.shape, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        layer._set_bags(mode, include_last_offset)
        layer._take(cls.__name__, table, freeze)
        return layer

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Tensor:
        return functional.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )
