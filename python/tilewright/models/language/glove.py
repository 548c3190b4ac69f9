"""Vectors of words from how often they stand near each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ... import nn, random
from ..._engine import arguments
from ..._engine.tensor import asarray
from ..._functions.arithmetic import multiply, sqrt, square
from ..._functions.creation import ones_like, zeros
from ..._functions.exponential import log
from ..._functions.extrema import maximum, minimum
from ..._functions.indexing import take
from ..._functions.sorting import topk
from ...autograd import no_grad
from ...nn.functional import embedding
from .. import generation
from ._counts import positions

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor
    from ...random import Generator
    from ._counts import Array

__all__ = ["Cooccurrences", "GloVe", "cooccurrences"]

_WORDS = ("rows", "columns")  # of pairs


class Cooccurrences(NamedTuple):
    """How often words stand near each other: the entries of a matrix that are not zero, row by row.

    Attributes
    ----------
    rows, columns : Tensor of int64, shape (N,)
        The two words.
    counts : Tensor, shape (N,)
        Above 0.
    """

    rows: Tensor
    columns: Tensor
    counts: Tensor


def cooccurrences(*sequences: Any, vocab_size: int, window: int = 10, symmetric: bool = True) -> Cooccurrences:
    """Count the pairs of tokens that stand within a window: one over their distance for each pair.

    Parameters
    ----------
    *sequences : array-like of int, shape (T,)
        Texts. No window reaches from one to the next.
    vocab_size : int
        Tokens are the integers below it.
    window : int
        The largest distance.
    symmetric : bool
        Whether the tokens after a token count as those before it do; where not, rows are tokens and columns what stands
        before them.

    Returns
    -------
    Cooccurrences

    Raises
    ------
    ValueError
        For sequences that are not 1-D, tokens that are not in the vocabulary, a window or vocabulary below 1.
    TypeError
        For tokens or sizes that are not integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> pairs = tw.models.cooccurrences([0, 1, 2], vocab_size=3, window=2, symmetric=False)
    >>> pairs.rows, pairs.columns, pairs.counts
    (tensor([1, 2, 2]), tensor([0, 0, 1]), tensor([1. , 0.5, 1. ]))
    """
    import numpy as np

    op = "cooccurrences"
    size = arguments.integer(op, "vocab_size", vocab_size, at_least=1, at_most=1 << 31)
    window = arguments.integer(op, "window", window, at_least=1)
    symmetric = arguments.flag(op, "symmetric", symmetric)
    texts = generation.texts_of(op, sequences, size)
    tokens, before = positions(texts)
    keys: list[Array] = [np.empty(0, np.int64)]
    counts: list[Array] = [np.empty(0)]
    for distance in range(1, min(window, int(before.max(initial=0))) + 1):
        later = np.flatnonzero(before >= distance)
        of_pair, often = np.unique(tokens[later] * size + tokens[later - distance], return_counts=True)
        keys.append(of_pair)
        counts.append(often / distance)
        if symmetric:
            keys.append(of_pair % size * size + of_pair // size)
            counts.append(often / distance)
    places, entry = np.unique(np.concatenate(keys), return_inverse=True)
    sums = np.bincount(entry, weights=np.concatenate(counts), minlength=len(places))
    return Cooccurrences(asarray(places // size), asarray(places % size), asarray(sums, "float32"))


class GloVe(nn.Module):
    """Global vectors: words whose scalar products are about the logarithms of how often they stand near each other.

    Parameters
    ----------
    vocab_size : int
        Words are the integers below it; V.
    embedding_dim : int
        Length of a vector; d.
    x_max : float
        From this count on a pair has the full weight.
    alpha : float
        The power by which smaller counts have less.
    generator : Generator, optional
        Where the starting vectors are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    weight, context_weight : Parameter, shape (vocab_size, embedding_dim)
        Vectors of words, and of words as neighbours.
    bias, context_bias : Parameter, shape (vocab_size,)
    vectors : Tensor, shape (vocab_size, embedding_dim)
        `weight + context_weight`, without a gradient: what to use.

    Raises
    ------
    ValueError
        For sizes below 1, and an `x_max` or `alpha` that is not above 0.
    TypeError
        For sizes that are not integers, and options that are no numbers.

    Notes
    -----
    Called as `model(rows, columns)` it gives `w_i . w~_j + b_i + b~_j`; trained is `sum f(X_ij) (w_i . w~_j + b_i +
    b~_j - log X_ij)^2 / 2`, with `f(x) = min((x / x_max)^alpha, 1)`.

    References
    ----------
    J. Pennington, R. Socher, C. Manning, GloVe: Global Vectors for Word Representation, EMNLP 2014.
    J. Duchi, E. Hazan, Y. Singer, Adaptive Subgradient Methods for Online Learning and Stochastic Optimization, Journal
    of Machine Learning Research 12, 2011 (AdaGrad).

    Examples
    --------
    Two kinds of words that stand among their own:

    >>> import tilewright as tw
    >>> of_one, of_other = [0, 1, 2, 1, 0, 2] * 20, [3, 4, 5, 4, 3, 5] * 20
    >>> generator = tw.random.Generator(0)
    >>> model = tw.models.GloVe(6, 4, x_max=10, generator=generator)
    >>> pairs = tw.models.cooccurrences(of_one, of_other, vocab_size=6, window=2)
    >>> losses = model.fit(pairs, epochs=20, lr=0.1, generator=generator)
    >>> sorted(model.nearest(0, 2)[0].tolist()), sorted(model.nearest(4, 2)[0].tolist())
    ([1, 2], [3, 5])
    """

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        *,
        x_max: float = 100.0,
        alpha: float = 0.75,
        generator: Generator | None = None,
    ) -> None:
        name = "GloVe"
        self.vocab_size = arguments.integer(name, "vocab_size", vocab_size, at_least=1)
        self.embedding_dim = arguments.integer(name, "embedding_dim", embedding_dim, at_least=1)
        self.x_max = arguments.number(name, "x_max", x_max)
        self.alpha = arguments.number(name, "alpha", alpha)
        for option, value in (("x_max", self.x_max), ("alpha", self.alpha)):
            if not 0 < value < float("inf"):
                raise ValueError(f"{name}: {option} is {value}, but must be above 0 and finite")
        shape = (self.vocab_size, self.embedding_dim)
        self.weight = nn.Parameter(zeros(shape))
        self.context_weight = nn.Parameter(zeros(shape))
        self.bias = nn.Parameter(zeros(shape[:1]))
        self.context_bias = nn.Parameter(zeros(shape[:1]))
        for weight in (self.weight, self.context_weight):
            nn.init.uniform_(weight, -0.5 / shape[1], 0.5 / shape[1], generator=generator)
        for name, parameter in list(self.named_parameters()):
            self.register_buffer(f"{name}_squares", ones_like(parameter.detach()), persistent=False)

    @property
    def vectors(self) -> Tensor:
        return self.weight.detach() + self.context_weight.detach()

    def forward(self, rows: Any, columns: Any) -> Tensor:
        products = multiply(embedding(rows, self.weight), embedding(columns, self.context_weight)).sum(-1)
        return products + take(self.bias, rows, axis=0) + take(self.context_bias, columns, axis=0)

    def fit(
        self,
        pairs: Cooccurrences,
        epochs: int,
        *,
        lr: float = 0.05,
        batch_size: int = 4096,
        generator: Generator | None = None,
    ) -> list[float]:
        """Train with AdaGrad on batches of pairs in random order. Further calls go on where the last one ended.

        Parameters
        ----------
        pairs : Cooccurrences
            What `cooccurrences` counted.
        epochs : int
            Passes through all pairs.
        lr : float
            Learning rate: the largest step of a number.
        batch_size : int
            Pairs of a step.
        generator : Generator, optional
            Of the order; by default `tilewright.random.default_generator`.

        Returns
        -------
        list of float
            For each epoch the mean of the loss over the pairs.

        Raises
        ------
        ValueError
            For sizes below 1, a rate that is not above 0, no pairs, pairs of words that are not in the vocabulary, and
            counts that are not above 0.
        TypeError
            For `pairs` of another kind.

        Notes
        -----
        `G += g * g; w -= lr * g / sqrt(G)`, where G starts at 1, as in the authors' program. Rare words keep large
        steps, which is why the paper has AdaGrad: each pair is a gradient of a few of the vectors alone.
        """
        op = "GloVe.fit"
        if not isinstance(pairs, Cooccurrences):
            arguments.refuse(op, "pairs", pairs, "Cooccurrences")
        epochs = arguments.integer(op, "epochs", epochs, at_least=1)
        batch_size = arguments.integer(op, "batch_size", batch_size, at_least=1)
        lr = arguments.number(op, "lr", lr)
        if not 0 < lr < float("inf"):
            raise ValueError(f"{op}: lr is {lr}, but must be above 0 and finite")
        rows, columns, counts = self._checked_pairs(op, pairs)
        stream = random.source(op, generator)
        targets, weights = log(counts), minimum(counts / self.x_max, 1.0) ** self.alpha
        losses = []
        for _ in range(epochs):
            order = stream.permutation(len(targets))
            total: Any = 0.0
            for start in range(0, len(targets), batch_size):
                batch = order[start : start + batch_size]
                errors = self(rows[batch], columns[batch]) - targets[batch]
                loss = (weights[batch] * square(errors)).sum() / 2
                loss.backward()
                self._step(lr)
                total += loss.item()
            losses.append(total / len(targets))
        return losses

    def _checked_pairs(self, op: str, pairs: Cooccurrences) -> tuple[Tensor, Tensor, Tensor]:
        """Words of the vocabulary, and counts above 0."""
        rows, columns = [
            asarray(generation.text_of(op, name, getattr(pairs, name), self.vocab_size)) for name in _WORDS
        ]
        counts = arguments.array(op, "counts", pairs.counts)
        if not rows.shape == columns.shape == counts.shape:
            raise ValueError(f"{op}: pairs have shapes {rows.shape}, {columns.shape} and {counts.shape}")
        if not counts.size:
            raise ValueError(f"{op}: there are no pairs")
        if not (counts > 0).all().item():
            raise ValueError(f"{op}: counts must be above 0")
        return rows, columns, counts

    def _step(self, lr: float) -> None:
        """One of AdaGrad, which the optimisers do not have."""
        with no_grad():
            for name, parameter in self.named_parameters():
                squares = getattr(self, f"{name}_squares")
                squares += square(parameter.grad)
                parameter.copy_(parameter - parameter.grad / sqrt(squares) * lr)
                parameter.grad = None

    def nearest(self, word: int, k: int = 10) -> tuple[Tensor, Tensor]:
        """The words whose vectors have the smallest angles to that of a word.

        Parameters
        ----------
        word : int
            The word, which is not among them.
        k : int
            How many, at most.

        Returns
        -------
        words : Tensor of int64, shape (k,)
            The nearest first.
        similarities : Tensor, shape (k,)
            Cosines.

        Raises
        ------
        ValueError
            For a word that is not in the vocabulary, and `k` below 1.
        TypeError
            For what are no integers.
        """
        (word,) = self._words("GloVe.nearest", word=word)
        return self._nearest("GloVe.nearest", self._directions()[word], [word], k)

    def analogy(self, a: int, b: int, c: int, k: int = 1) -> tuple[Tensor, Tensor]:
        """What is to `c` as `b` is to `a`: the words nearest to `b - a + c`, taken as vectors of length 1.

        Parameters
        ----------
        a, b, c : int
            The words, which are not among the results.
        k : int
            How many, at most.

        Returns
        -------
        words : Tensor of int64, shape (k,)
            The nearest first.
        similarities : Tensor, shape (k,)
            Cosines.

        Raises
        ------
        ValueError
            For words that are not in the vocabulary, and `k` below 1.
        TypeError
            For what are no integers.

        References
        ----------
        T. Mikolov, W. Yih, G. Zweig, Linguistic Regularities in Continuous Space Word Representations, NAACL 2013.
        """
        words = self._words("GloVe.analogy", a=a, b=b, c=c)
        x, y, z = [self._directions()[word] for word in words]
        return self._nearest("GloVe.analogy", y - x + z, words, k)

    def _words(self, op: str, **words: Any) -> list[int]:
        return [
            arguments.integer(op, name, word, at_least=0, at_most=self.vocab_size - 1) for name, word in words.items()
        ]

    def _directions(self) -> Tensor:
        vectors = self.vectors
        return vectors / maximum(sqrt(square(vectors).sum(-1, keepdims=True)), 1e-12)

    def _nearest(self, op: str, direction: Tensor, without: list[int], k: Any) -> tuple[Tensor, Tensor]:
        left = self.vocab_size - len(set(without))
        k = min(arguments.integer(op, "k", k, at_least=1), left)
        length = maximum(sqrt(square(direction).sum()), 1e-12)
        cosines = self._directions() @ (direction / length)
        cosines[without] = -float("inf")
        values, words = topk(cosines, k)
        return words, values
