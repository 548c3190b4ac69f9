"""Language models that count."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.tensor import asarray
from .. import generation
from . import _counts, _smoothing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._engine.tensor import Tensor
    from ...random import Generator
    from ._counts import Array

__all__ = ["NGramModel"]

_SMOOTHINGS = ("add_k", "jelinek_mercer", "katz", "kneser_ney", "modified_kneser_ney")


class NGramModel:
    """The probability of a token by how often it came behind the tokens before it.

    Parameters
    ----------
    order : int
        The longest n-grams that are counted: a context is the last `order - 1` tokens.
    vocab_size : int
        Tokens are the integers below it.
    smoothing : {"modified_kneser_ney", "kneser_ney", "katz", "jelinek_mercer", "add_k"}
        Where the probability of what was not seen comes from: see Notes.
    k : float
        What "add_k" adds to each count; above 0.
    weights : float or sequence of float
        Of "jelinek_mercer": λ for the longest n-grams and all shorter ones, or one for each length from 1 to `order`.
    discount : float, optional
        Of both kinds of Kneser-Ney: what is taken from each count, between 0 and 1; by default estimated.

    Raises
    ------
    ValueError
        For an order or a vocabulary below 1, an unknown smoothing, a `k` that is not above 0, weights outside [0, 1] or
        another number of them than `order`, a discount that is not between 0 and 1.
    TypeError
        For sizes that are not integers, and options that are no numbers.

    Notes
    -----
    `c` is a context, `c'` is without its first token, `C(c w)` the count of an n-gram, `C(c)` the sum of these over all
    `w`. Below single tokens stands `p(w) = 1 / V`. Each distribution sums to 1, whether the context was seen or not.

    - add_k: `p(w | c) = (C(c w) + k) / (C(c) + k V)`; Laplace's rule for k = 1.
    - jelinek_mercer [1]_: `p(w | c) = λ C(c w) / C(c) + (1 - λ) p(w | c')`.
    - katz [2]_: `p(w | c) = d_r r / C(c)` for a count `r` above 0, else `α(c) p(w | c')`, α such that it sums to 1.
      `d_r = (r* / r - b) / (1 - b)` for r up to 5, else 1; `r* = (r + 1) n_(r+1) / n_r` is Good and Turing's estimate,
      `n_r` the number of n-grams with count r, and `b = 6 n_6 / n_1`. Where that is no ratio between 0 and 1 for all r
      the limit of 5 is lowered, at last to none. A context of counts that are not discounted is taken as seen once
      more, for what was not seen behind it.
    - kneser_ney [3]_, interpolated [4]_: `p(w | c) = max(C(c w) - D, 0) / C(c) + D N(c) / C(c) p(w | c')`, N(c) being
      the number of different tokens behind c, and `D = n_1 / (n_1 + 2 n_2)`. For the shorter n-grams C is the number of
      different tokens before the n-gram.
    - modified_kneser_ney [4]_: with three discounts, for counts of 1, 2, and 3 or more: `1 - 2 Y n_2 / n_1`,
      `2 - 3 Y n_3 / n_2`, `3 - 4 Y n_4 / n_3`, where Y is D above. Where one of them is not above 0, all are Y.

    If `n_1` or `n_2` is 0, D is 0.5. The first tokens of a sequence have shorter contexts; put a token of your own in
    front where a beginning is to be told.

    References
    ----------
    .. [1] F. Jelinek, R. Mercer, Interpolated Estimation of Markov Source Parameters from Sparse Data, 1980.
    .. [2] S. Katz, Estimation of Probabilities from Sparse Data for the Language Model Component of a Speech
       Recognizer, IEEE Transactions on ASSP 35, 1987.
    .. [3] R. Kneser, H. Ney, Improved Backing-off for M-gram Language Modeling, ICASSP 1995.
    .. [4] S. Chen, J. Goodman, An Empirical Study of Smoothing Techniques for Language Modeling, Harvard TR-10-98,
       1998.

    Examples
    --------
    >>> import tilewright as tw
    >>> model = tw.models.NGramModel(2, vocab_size=3, smoothing="add_k").fit([0, 1, 0, 1, 0, 2])
    >>> model.probability(1, [0])  # 2 of 3 times, so (2 + 1) / (3 + 3)
    0.5
    >>> round(model.perplexity([0, 1, 0, 1]), 2)
    1.97
    """

    def __init__(
        self,
        order: int,
        vocab_size: int,
        *,
        smoothing: str = "modified_kneser_ney",
        k: float = 1.0,
        weights: float | Sequence[float] = 0.7,
        discount: float | None = None,
    ) -> None:
        op = "NGramModel"
        self.order = arguments.integer(op, "order", order, at_least=1, at_most=64)
        self.vocab_size = arguments.integer(op, "vocab_size", vocab_size, at_least=1, at_most=1 << 31)
        self.smoothing = arguments.option(op, "smoothing", smoothing, _SMOOTHINGS)
        self.k = arguments.number(op, "k", k)
        if not 0 < self.k < math.inf:
            raise ValueError(f"{op}: k is {self.k}, but must be above 0 and finite")
        if not (isinstance(weights, (list, tuple, str)) or arguments.has_axes(weights)):
            weights = [arguments.number(op, "weights", weights)] * self.order
        self.weights = arguments.numbers(op, "weights", weights, self.order)
        if not all(0 <= weight <= 1 for weight in self.weights):
            raise ValueError(f"{op}: weights are {self.weights}, but must lie in [0, 1]")
        self.discount = None if discount is None else arguments.number(op, "discount", discount)
        if self.discount is not None and not 0 < self.discount < 1:
            raise ValueError(f"{op}: discount is {self.discount}, but must be between 0 and 1")
        self._levels: list[_counts.Level] = []
        self._tables: list[_smoothing.Table] = []

    def __repr__(self) -> str:
        return f"NGramModel(order={self.order}, vocab_size={self.vocab_size}, smoothing={self.smoothing!r})"

    def fit(self, *sequences: Any) -> NGramModel:
        """Count n-grams; what was counted before is forgotten.

        Parameters
        ----------
        *sequences : array-like of int, shape (T,)
            Texts. No n-gram reaches from one to the next.

        Returns
        -------
        NGramModel
            Itself.

        Raises
        ------
        ValueError
            For sequences that are not 1-D, and tokens that are not in the vocabulary.
        TypeError
            For tokens that are not integers.
        """
        texts = generation.texts_of("NGramModel.fit", sequences, self.vocab_size)
        self._levels = _counts.count(texts, self.order, self.vocab_size)
        if self.smoothing == "add_k":
            self._tables = _smoothing.add_k(self._levels, self.vocab_size, self.k)
        elif self.smoothing == "jelinek_mercer":
            self._tables = _smoothing.jelinek_mercer(self._levels, self.vocab_size, self.weights)
        elif self.smoothing == "katz":
            self._tables = _smoothing.katz(self._levels, self.vocab_size)
        else:
            modified = self.smoothing == "modified_kneser_ney"
            self._tables = _smoothing.kneser_ney(self._levels, self.vocab_size, modified, self.discount)
        return self

    def count(self, ngram: Any) -> int:
        """How often an n-gram was seen.

        Parameters
        ----------
        ngram : array-like of int, shape (m,)
            From 1 to `order` tokens.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            For no tokens or more than `order`, for tokens that are not in the vocabulary, and before `fit`.
        TypeError
            For tokens that are not integers.
        """
        tokens = self._read("count", "ngram", ngram)
        if not 1 <= len(tokens) <= self.order:
            raise ValueError(f"NGramModel.count: ngram has {len(tokens)} tokens, but must have 1 to {self.order}")
        node = _counts.find(self._levels, tokens, self.vocab_size)[len(tokens) - 1][-1]
        return int(self._levels[len(tokens) - 1].counts[node]) if node >= 0 else 0

    def probability(self, token: int, context: Any = ()) -> float:
        """The probability of a token behind others.

        Parameters
        ----------
        token : int
            The next token.
        context : array-like of int, shape (T,)
            What stands before it; of more than `order - 1` tokens the last count.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            For tokens that are not in the vocabulary, and before `fit`.
        TypeError
            For tokens that are not integers.
        """
        import numpy as np

        before = self._last(self._read("probability", "context", context))
        most = self.vocab_size - 1
        last = arguments.integer("NGramModel.probability", "token", token, at_least=0, at_most=most)
        return float(self._probabilities(np.append(before, last))[-1])

    def distribution(self, context: Any = ()) -> Tensor:
        """The probabilities of all tokens behind others.

        Parameters
        ----------
        context : array-like of int, shape (T,)
            What stands before; of more than `order - 1` tokens the last count.

        Returns
        -------
        Tensor of float64, shape (vocab_size,)
            Sums to 1.

        Raises
        ------
        ValueError
            For tokens that are not in the vocabulary, and before `fit`.
        TypeError
            For tokens that are not integers.
        """
        return asarray(self._distribution(self._last(self._read("distribution", "context", context))))

    def log_probability(self, sequence: Any) -> float:
        """The logarithm of the probability of a text.

        Parameters
        ----------
        sequence : array-like of int, shape (T,)
            The text; each token is predicted from those before it.

        Returns
        -------
        float
            In nats; `-log_probability(text) / len(text) / log(2)` are bits for a token.

        Raises
        ------
        ValueError
            For sequences that are not 1-D, tokens that are not in the vocabulary, and before `fit`.
        TypeError
            For tokens that are not integers.
        """
        return self._log_probability(self._read("log_probability", "sequence", sequence))

    def perplexity(self, tokens: Any) -> float:
        """`exp(-log_probability(tokens) / len(tokens))`: among how many equal tokens one might as well choose.

        Parameters
        ----------
        tokens : array-like of int, shape (T,)
            A text of at least one token.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            For a text without tokens, or that is not 1-D, tokens that are not in the vocabulary, and before `fit`.
        TypeError
            For tokens that are not integers.
        """
        text = self._read("perplexity", "tokens", tokens)
        if not len(text):
            raise ValueError("NGramModel.perplexity: tokens are empty, but at least one is needed")
        mean = -self._log_probability(text) / len(text)
        return math.exp(mean) if mean < 709 else math.inf

    def generate(
        self,
        prompt: Any,
        length: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        generator: Generator | None = None,
    ) -> Tensor:
        """Continue a text.

        Parameters
        ----------
        prompt : array-like of int, shape (T,)
            Its beginning; may be empty.
        length : int
            How many tokens are added.
        temperature, top_k, top_p, generator
            See `tilewright.models.generation.sample`.

        Returns
        -------
        Tensor of int64, shape (T + length,)

        Raises
        ------
        ValueError
            For a negative length, a prompt that is not 1-D, tokens that are not in the vocabulary, and before `fit`.
        TypeError
            For tokens that are not integers.
        """
        import numpy as np

        start = self._read("generate", "prompt", prompt)

        def step(tokens: Tensor, before: Array) -> tuple[Array, Array]:
            context = self._last(np.concatenate([before, tokens.numpy()]))
            with np.errstate(divide="ignore"):
                return np.log(self._distribution(context)), context

        options = (temperature, top_k, top_p, generator)
        return generation.continued("NGramModel.generate", step, start, length, *options, np.empty(0, np.int64))

    # ---- arrays ------------------------------------------------------------------------------------------------------

    def _read(self, method: str, name: str, value: Any) -> Array:
        """The tokens that a method of a fitted model was given."""
        op = f"NGramModel.{method}"
        if not self._tables:
            raise ValueError(f"{op}: nothing has been counted yet; call fit(tokens) first")
        return generation.text_of(op, name, value, self.vocab_size)

    def _last(self, tokens: Array) -> Array:
        """Of a context, the tokens that count."""
        return tokens[max(0, len(tokens) - self.order + 1) :]

    def _backed_off(self, p: Array, left: Array, context: Array | int) -> Array:
        """Of tokens that were not seen behind contexts, from `p` behind the shorter ones; -1 are contexts not seen."""
        import numpy as np

        if self.smoothing == "add_k":
            p = np.full_like(p, 1 / self.vocab_size)
        return left[context] * p

    def _probabilities(self, sequence: Array) -> Array:
        """Of each token of a sequence."""
        import numpy as np

        p = np.full(len(sequence), 1 / self.vocab_size)
        context: Array = np.zeros(len(sequence), np.int64)
        found = _counts.find(self._levels, sequence, self.vocab_size)
        for m, (node, (table, left)) in enumerate(zip(found, self._tables, strict=True)):
            longer = np.where(node < 0, self._backed_off(p, left, context), table[node])
            p = np.concatenate([p[:m], longer[m:]])  # the first ones have no such context
            context = np.concatenate([[-1], node[:-1]])
        return p

    def _log_probability(self, sequence: Array) -> float:
        import numpy as np

        with np.errstate(divide="ignore"):
            return float(np.log(self._probabilities(sequence)).sum())

    def _distribution(self, context: Array) -> Array:
        import numpy as np

        p = np.full(self.vocab_size, 1 / self.vocab_size)
        for m in range(len(context) + 1):
            level, (table, left) = self._levels[m], self._tables[m]
            words = context[len(context) - m :]
            node = int(_counts.find(self._levels, words, self.vocab_size)[m - 1][-1]) if m else 0
            p = self._backed_off(p, left, node)
            if node >= 0:
                first, last = (int(np.searchsorted(level.keys, n * self.vocab_size)) for n in (node, node + 1))
                below = slice(first, last)
                p[level.keys[below] % self.vocab_size] = table[below]
        return p
