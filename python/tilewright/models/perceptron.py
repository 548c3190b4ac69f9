"""The first neurons: a threshold unit that learns from its mistakes, and least squares in closed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import nn, random
from .._engine import arguments
from .._functions.creation import eye, zeros
from .._functions.linalg import matrix_transpose
from .._functions.manipulation import concatenate, expand_dims
from .._functions.signs import heaviside
from ..autograd import no_grad
from ..linalg import lstsq

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["Perceptron", "least_squares"]


class Perceptron(nn.Module):
    """A threshold unit: 1 where `w x + b > 0`, else 0, and Rosenblatt's rule, which learns w and b.

    Parameters
    ----------
    in_features : int
        I, numbers of an input.
    dtype : dtype-like
        Of the parameters.

    Attributes
    ----------
    weight : Parameter, shape (I,)
    bias : Parameter, shape ()
        All zeros at the start.

    Raises
    ------
    ValueError
        For `in_features` below 1.
    TypeError
        For `in_features` that is no integer, and a dtype that is not floating.

    Notes
    -----
    Called with (..., I) it gives (...), of 0. and 1., without gradient. The rule: for a sample with label 0 or 1
    that it gets wrong, add x to w and 1 to b where the label is 1, else subtract them.

    If some unit vector (w, b) has every sample (x, 1) on the right side at a distance of at least g, and no (x, 1) is
    longer than R, the rule makes at most `(R / g)^2` mistakes, in any order of the samples.

    References
    ----------
    F. Rosenblatt, The Perceptron: A Probabilistic Model for Information Storage and Organization in the Brain,
    Psychological Review 65 (6), 1958.

    A. Novikoff, On Convergence Proofs on Perceptrons, Symposium on the Mathematical Theory of Automata, 1962.

    Examples
    --------
    >>> import tilewright as tw
    >>> x, either = tw.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), [0, 1, 1, 1]
    >>> unit = tw.models.Perceptron(2)
    >>> mistakes = unit.fit(x, either)
    >>> mistakes[-1], unit(x)
    (0, tensor([0., 1., 1., 1.]))
    """

    def __init__(self, in_features: int, *, dtype: Any = "float32") -> None:
        self.in_features = arguments.integer("Perceptron", "in_features", in_features, at_least=1)
        self.weight = nn.Parameter(zeros(self.in_features, dtype=dtype))
        self.bias = nn.Parameter(zeros((), dtype=dtype))

    def forward(self, input: Any) -> Tensor:
        x = arguments.array("Perceptron", "input", input)
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise ValueError(f"Perceptron: input has shape {x.shape}, but must be (..., {self.in_features})")
        return heaviside(x.detach() @ self.weight.detach() + self.bias.detach(), 0.0)

    def fit(
        self, input: Any, target: Any, *, epochs: int = 100, shuffle: bool = False, generator: Generator | None = None
    ) -> list[int]:
        """Learn from one sample after the other, until a pass has no mistake.

        Parameters
        ----------
        input : array-like, shape (N, I)
        target : array-like, shape (N,)
            0 or 1.
        epochs : int
            Passes at most.
        shuffle : bool
            Whether each pass takes the samples in a new order.
        generator : Generator, optional
            Where the orders are drawn from; by default `tilewright.random.default_generator`.

        Returns
        -------
        list of int
            Mistakes in each pass; the last is 0 if the samples were separated.

        Raises
        ------
        ValueError
            For other shapes, and labels that are neither 0 nor 1.
        """
        x, y = arguments.array("fit", "input", input), arguments.array("fit", "target", target)
        if x.ndim != 2 or x.shape[1] != self.in_features or y.shape != x.shape[:1]:
            needed = f"(N, {self.in_features}) and (N,)"
            raise ValueError(f"fit: input {x.shape} and target {y.shape} must be {needed}")
        if not ((y == 0) | (y == 1)).all():
            raise ValueError("fit: target has other labels than 0 and 1")
        shuffle = arguments.flag("fit", "shuffle", shuffle)
        source, mistakes = random.source("fit", generator), []
        rows, labels = x.tolist(), y.tolist()
        w, b = self.weight.tolist(), float(self.bias)  # a sample at a time: Python's numbers are faster
        for _ in range(arguments.integer("fit", "epochs", epochs, at_least=0)):
            wrong = 0
            for i in source.permutation(len(rows)).tolist() if shuffle else range(len(rows)):
                error = labels[i] - (math.fsum(p * q for p, q in zip(w, rows[i], strict=True)) + b > 0)
                if error:
                    wrong += 1
                    w = [p + error * q for p, q in zip(w, rows[i], strict=True)]
                    b += error
            mistakes.append(wrong)
            if not wrong:
                break
        with no_grad():
            self.weight[:], self.bias[()] = w, b
        return mistakes

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}"


def least_squares(input: Any, target: Any, ridge: float = 0.0) -> nn.Linear:
    """Linear regression in closed form: the layer with the smallest squared error.

    Parameters
    ----------
    input : array-like, shape (N, I)
        Floating. For polynomials, their powers: `tw.vander(x, degree + 1)[:, :-1]`, or scikit-learn's
        `PolynomialFeatures(include_bias=False)` for several variables.
    target : array-like, shape (N,) or (N, O)
        Of the dtype of `input`; the first is for O = 1.
    ridge : float
        Factor of the squared weights (not of the biases) beside the squared error.

    Returns
    -------
    Linear
        From I to O.

    Raises
    ------
    ValueError
        For other shapes, no rows, and a negative `ridge`.
    TypeError
        For dtypes other than float32 and float64.

    Notes
    -----
    It minimises `sum |W x + b - y|^2 + ridge * |W|^2`, by `linalg.lstsq` on centred data with `sqrt(ridge)` times the
    identity below them: better conditioned than `(X^T X + ridge)^-1 X^T y`. Of several minima without `ridge` it is
    the one with the shortest weights.

    References
    ----------
    A. Hoerl, R. Kennard, Ridge Regression: Biased Estimation for Nonorthogonal Problems, Technometrics 12 (1), 1970.

    Examples
    --------
    >>> import tilewright as tw
    >>> line = tw.models.least_squares([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> bool(tw.allclose(line.weight, 2.0)), bool(tw.allclose(line.bias, 1.0))
    (True, True)
    """
    x, y = arguments.array("least_squares", "input", input), arguments.array("least_squares", "target", target)
    for name, value in (("input", x), ("target", y)):
        if value.dtype.name not in ("float32", "float64"):
            raise TypeError(f"least_squares: {name} has dtype {value.dtype.name}, but must be float32 or float64")
    y = expand_dims(y, -1) if y.ndim == 1 else y
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not x.size or not y.size:
        raise ValueError(f"least_squares: input {x.shape} and target {y.shape} must be (N, I) and (N,) or (N, O)")
    ridge = arguments.number("least_squares", "ridge", ridge)
    if not ridge >= 0:
        raise ValueError(f"least_squares: ridge is {ridge}, but must be at least 0")
    with no_grad():
        y = y.astype(x.dtype)
        x_mean, y_mean = x.mean(0), y.mean(0)
        a, b = x - x_mean, y - y_mean
        if ridge:
            a = concatenate([a, math.sqrt(ridge) * eye(x.shape[1], dtype=x.dtype)])
            b = concatenate([b, zeros((x.shape[1], y.shape[1]), dtype=x.dtype)])
        solution = lstsq(a, b).solution
        layer = nn.Linear(x.shape[1], y.shape[1], dtype=x.dtype)
        layer.load_state_dict({"weight": matrix_transpose(solution), "bias": y_mean - x_mean @ solution})
    return layer
