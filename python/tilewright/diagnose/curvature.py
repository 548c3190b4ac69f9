"""Curvature: products with the Hessian of a loss, its spectrum by Lanczos' method, and the kind of a critical point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from .._functions.creation import linspace, zeros
from .._functions.diagonals import diag
from .._functions.exponential import exp
from .._functions.manipulation import astype, concatenate, reshape
from ..autograd import enable_grad, gradients, no_grad
from ..autograd._closures import named_leaves, one_element
from ..linalg import eigh
from ..random import Generator, source
from ._shared import norm, number

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["critical_point", "hessian_product", "hessian_spectrum", "spectral_density"]

_ROUNDING = {"float64": 1e-12, "float32": 1e-6, "float16": 1e-3, "bfloat16": 1e-2}


class _Hessian:
    """The Hessian of a loss at the point where its parameters are now, by its products with flat vectors."""

    def __init__(self, op: str, loss: Callable[[], Any], parameters: Any) -> None:
        arguments.function(op, "loss", loss)
        self.op = op
        self.inputs = list(named_leaves(op, parameters).values())
        self.size = sum(x.size for x in self.inputs)
        self.rounding = max(_ROUNDING[x.dtype.name] for x in self.inputs)
        with enable_grad():
            value = one_element(op, loss())
            found = gradients(value, self.inputs, create_graph=True) if value.requires_grad else []
        self.gradient = [g.detach() for g in found]
        self.curved = [(i, g) for i, g in enumerate(found) if g.requires_grad]  # those that depend on parameters

    def gradient_norm(self) -> float:
        return math.hypot(*(norm(g) for g in self.gradient))

    def __call__(self, vector: Tensor) -> Tensor:
        """H v in float64, for v of shape (size,)."""
        if not self.curved:
            return zeros(self.size, dtype="float64")
        parts, start = [], 0
        for x in self.inputs:
            parts.append(astype(reshape(vector[start : start + x.size], x.shape), x.dtype).to(x.device))
            start += x.size
        outputs = [g for _, g in self.curved]
        products = gradients(outputs, self.inputs, [parts[i] for i, _ in self.curved], retain_graph=True)
        return concatenate([astype(reshape(p, (-1,)), "float64").to("cpu") for p in products])


def hessian_product(loss: Callable[[], Any], parameters: Any) -> Callable[[Any], Tensor]:
    """A function v -> H v, where H is the Hessian of a loss in its parameters as they are now, laid out flat.

    Parameters
    ----------
    loss : callable
        Takes nothing, and returns a floating tensor with one element.
    parameters : Module, or dict of str to Tensor
        What the loss depends on: floating tensors that require gradients, n elements in all.

    Returns
    -------
    callable
        Takes an array-like of shape (n,) and returns a float64 tensor of shape (n,): one walk back over the recorded
        gradient. It holds that record; when the parameters have been written to, it refuses.

    Raises
    ------
    ValueError
        Where there are no parameters, or `loss` returns something else; of the result for a vector of another shape.
    TypeError
        For a `loss` that is not callable, and parameters of another kind.

    Notes
    -----
    H v is the gradient of g(p)·v with v held constant, so H is never formed.

    References
    ----------
    B. A. Pearlmutter, Fast Exact Multiplication by the Hessian, Neural Computation 6 (1), 1994.

    Examples
    --------
    >>> import tilewright as tw
    >>> p = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> product = tw.diagnose.hessian_product(lambda: p[0] * p[0] * p[1], {"p": p})
    >>> product([1.0, 0.0])
    tensor([4., 2.], dtype=float64)
    """
    hessian = _Hessian("hessian_product", loss, parameters)

    def product(v: Any) -> Tensor:
        vector = arguments.array("hessian_product", "v", v)
        if vector.shape != (hessian.size,):
            raise ValueError(f"hessian_product: v has shape {vector.shape}, but needs ({hessian.size},)")
        return hessian(vector.detach())

    return product


# ---- Lanczos ---------------------------------------------------------------------------------------------------------


class Spectrum(NamedTuple):
    """What Lanczos' method tells of the eigenvalues of a symmetric matrix of `size` rows.

    Attributes
    ----------
    eigenvalues : Tensor, shape (k,)
        Ritz values, rising: all eigenvalues after as many steps as the matrix has rows; before that the outer ones are
        the most exact.
    weights : Tensor, shape (k,)
        How much of the first vector lies along each, 1 in all: `sum(weights * f(eigenvalues))` is its `v·f(H)v`.
    errors : Tensor, shape (k,)
        Within this distance of each Ritz value there is an eigenvalue.
    size : int
        Rows of the matrix.
    zero : float
        Moduli up to this are zeros with rounding errors.

    Examples
    --------
    >>> import tilewright as tw
    >>> p = tw.ones(3).requires_grad_()
    >>> spectrum = tw.diagnose.hessian_spectrum(lambda: (p * p * tw.asarray([-1.0, 0.5, 2.0])).sum(), {"p": p})
    >>> round(spectrum.largest, 3), round(spectrum.smallest, 3), round(spectrum.condition, 3), spectrum.negative
    (4.0, -2.0, 4.0, 1)
    """

    eigenvalues: Tensor
    weights: Tensor
    errors: Tensor
    size: int
    zero: float

    @property
    def complete(self) -> bool:
        """Whether these are all eigenvalues."""
        return self.eigenvalues.size == self.size

    @property
    def largest(self) -> float:
        """The largest eigenvalue."""
        return float(self.eigenvalues[-1])

    @property
    def smallest(self) -> float:
        """The smallest eigenvalue: the most negative one, if there are such."""
        return float(self.eigenvalues[0])

    @property
    def negative(self) -> int:
        """How many are negative, the index of a critical point; where not all are known, there are at least so many."""
        return int((self.eigenvalues < -self.zero).sum())

    @property
    def condition(self) -> float:
        """Largest modulus by smallest; inf for a singular matrix. Where not all are known, a bound from below."""
        moduli = [abs(v) for v in self.eigenvalues.tolist()]
        return max(moduli) / min(moduli) if min(moduli) > self.zero else math.inf


def _normal(generator: Generator, size: int) -> Tensor:
    v = generator.normal(size=size, dtype="float64")
    return v / norm(v)


def _lanczos(product: Callable[[Tensor], Tensor], size: int, steps: int, rounding: float, draws: Generator) -> Spectrum:
    """Full reorthogonalisation, twice; where the space is exhausted, a new random vector beside it."""
    basis = zeros((steps, size), dtype="float64")
    diagonal: list[float] = []
    beside: list[float] = []
    q = _normal(draws, size)
    beta = 0.0
    for k in range(steps):
        basis[k] = q
        w = product(q)
        diagonal.append(number((w * q).sum()))
        w = _without(w, basis[: k + 1])
        beta = norm(w)
        if not math.isfinite(beta):
            raise FloatingPointError("hessian_spectrum: a product with the Hessian has NaN or inf")
        scale = max(map(abs, (*diagonal, *beside)), default=0.0)
        if beta <= rounding * scale or k + 1 == size:
            beta = 0.0
        if k + 1 < steps:
            beside.append(beta)
            q = w / beta if beta else _beside(basis[: k + 1], draws)
    matrix = diag(asarray(diagonal, dtype="float64"))
    if beside:
        off = asarray(beside, dtype="float64")
        matrix = matrix + diag(off, 1) + diag(off, -1)
    values, vectors = eigh(matrix)
    return Spectrum(values, vectors[0] ** 2, beta * abs(vectors[-1]), size, rounding * number(abs(values).max()))


def _without(w: Tensor, basis: Tensor) -> Tensor:
    """What of w is orthogonal to the rows of the basis."""
    for _ in range(2):
        w = w - (basis @ w) @ basis
    return w


def _beside(basis: Tensor, draws: Generator) -> Tensor:
    """A random unit vector that is orthogonal to the rows of the basis."""
    w = _without(_normal(draws, basis.shape[1]), basis)
    return w / norm(w)


def hessian_spectrum(
    loss: Callable[[], Any], parameters: Any, *, steps: int = 50, generator: Generator | None = None
) -> Spectrum:
    """Eigenvalues of the Hessian of a loss by Lanczos' method: all of a small one, the outer ones of a large one.

    Parameters
    ----------
    loss : callable
        Takes nothing, and returns a floating tensor with one element; the same one at each call.
    parameters : Module, or dict of str to Tensor
        What the loss depends on: floating tensors that require gradients, n elements in all.
    steps : int
        Of the method, each with one product and memory for a vector of n float64; at most n are taken.
    generator : Generator, optional
        Of the first vector; by default `tilewright.random.default_generator`.

    Returns
    -------
    Spectrum
        With `largest`, `smallest`, `condition` and `negative`.

    Raises
    ------
    ValueError
        Where there are no parameters, `loss` returns something else, or `steps` is below 1.
    TypeError
        For a `loss` that is not callable, and parameters of another kind.
    FloatingPointError
        For a Hessian with NaN or inf.

    Notes
    -----
    After k steps, with Q of orthonormal rows, `T = Q H Qᵀ` is tridiagonal, and its eigenvalues approximate those of H
    from inside. All rows are kept, and each new one is made orthogonal to them twice: so no eigenvalue comes double
    by rounding. An eigenvalue of multiplicity m is found once, m times after n steps.

    References
    ----------
    C. Lanczos, An Iteration Method for the Solution of the Eigenvalue Problem of Linear Differential and Integral
    Operators, J. Res. Nat. Bur. Standards 45 (4), 1950. B. Ghorbani, S. Krishnan, Y. Xiao, An Investigation into Neural
    Net Optimization via Hessian Eigenvalue Density, ICML 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> p = tw.ones(3).requires_grad_()
    >>> spectrum = tw.diagnose.hessian_spectrum(lambda: (p**3).sum() / 6, {"p": p})
    >>> [round(v, 3) for v in spectrum.eigenvalues.tolist()]
    [1.0, 1.0, 1.0]
    """
    steps = arguments.integer("hessian_spectrum", "steps", steps, at_least=1)
    draws = source("hessian_spectrum", generator)
    hessian = _Hessian("hessian_spectrum", loss, parameters)
    with no_grad():
        return _lanczos(hessian, hessian.size, min(steps, hessian.size), hessian.rounding, draws)


def spectral_density(
    loss: Callable[[], Any],
    parameters: Any,
    *,
    points: int = 200,
    steps: int = 50,
    probes: int = 4,
    width: float | None = None,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """How the eigenvalues of the Hessian of a loss are distributed: stochastic Lanczos quadrature.

    Parameters
    ----------
    loss : callable
        Takes nothing, and returns a floating tensor with one element; the same one at each call.
    parameters : Module, or dict of str to Tensor
        What the loss depends on: floating tensors that require gradients.
    points : int
        At how many eigenvalues the density is given.
    steps : int
        Of Lanczos' method, for each probe.
    probes : int
        How many random vectors are averaged over, at most 1000.
    width : float, optional
        Standard deviation of the normal density that stands for each eigenvalue; by default a hundredth of the range.
    generator : Generator, optional
        By default `tilewright.random.default_generator`.

    Returns
    -------
    points, density : Tensor, shape (points,)
        Float64. The density integrates to 1.

    Raises
    ------
    ValueError
        Where there are no parameters, `loss` returns something else, a count is out of range, or `width` is
        not positive.
    TypeError
        For a `loss` that is not callable, and parameters of another kind.
    FloatingPointError
        For a Hessian with NaN or inf.

    Notes
    -----
    For a random unit vector v, the mean of `v·f(H)v` is `trace(f(H)) / n`; Lanczos' method gives it as
    `sum(weights * f(eigenvalues))`. Here f is the normal density around each point.

    References
    ----------
    S. Ubaru, J. Chen, Y. Saad, Fast Estimation of tr(f(A)) via Stochastic Lanczos Quadrature, SIAM J. Matrix Anal.
    Appl. 38 (4), 2017. B. Ghorbani et al., ICML 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> p = tw.ones(30).requires_grad_()
    >>> points, density = tw.diagnose.spectral_density(lambda: (p**2).sum() / 2, {"p": p})
    >>> round(points[tw.argmax(density).item()].item(), 1)
    1.0
    """
    op = "spectral_density"
    points = arguments.integer(op, "points", points, at_least=2, at_most=10**6)
    steps = arguments.integer(op, "steps", steps, at_least=1)
    probes = arguments.integer(op, "probes", probes, at_least=1, at_most=1000)
    if width is not None:
        width = arguments.number(op, "width", width)
        if not 0 < width < math.inf:
            raise ValueError(f"{op}: width is {width}, but must be positive")
    draws = source(op, generator)
    hessian = _Hessian(op, loss, parameters)
    with no_grad():
        steps = min(steps, hessian.size)
        found = [_lanczos(hessian, hessian.size, steps, hessian.rounding, draws) for _ in range(probes)]
        low, high = min(s.smallest for s in found), max(s.largest for s in found)
        width = width or (high - low or abs(high) or 1.0) / 100
        at = linspace(low - 5 * width, high + 5 * width, points, dtype="float64")
        density = zeros(points, dtype="float64")
        for spectrum in found:
            z = (at[:, None] - spectrum.eigenvalues) / width
            density += (exp(-0.5 * z * z) * spectrum.weights).sum(1)
        return at, density / (probes * width * math.sqrt(2 * math.pi))


class CriticalPoint(NamedTuple):
    """What `critical_point` found.

    Attributes
    ----------
    kind : str
        "minimum", "maximum", "saddle"; "degenerate" where the second derivatives do not decide, since some are zero and
        the others have one sign; "none" where the gradient is not zero.
    negative : int
        The index of the point: how many eigenvalues of the Hessian are negative. Where not all are known, there are at
        least so many.
    gradient_norm : float
        Of the whole gradient.
    spectrum : Spectrum
        Of the Hessian.
    """

    kind: str
    negative: int
    gradient_norm: float
    spectrum: Spectrum


def critical_point(
    loss: Callable[[], Any],
    parameters: Any,
    *,
    gradient_tolerance: float = 1e-4,
    zero: float = 1e-6,
    steps: int = 100,
    generator: Generator | None = None,
) -> CriticalPoint:
    """Whether a loss is at a minimum, a maximum or a saddle, by the signs of the Hessian's eigenvalues.

    Parameters
    ----------
    loss : callable
        Takes nothing, and returns a floating tensor with one element; the same one at each call.
    parameters : Module, or dict of str to Tensor
        What the loss depends on: floating tensors that require gradients.
    gradient_tolerance : float
        Up to which norm the gradient counts as zero.
    zero : float
        Eigenvalues up to this part of the largest modulus count as zero.
    steps : int
        Of Lanczos' method. With fewer than parameters, a negative eigenvalue proves a saddle (or maximum), while a
        minimum may be one of the directions seen only.
    generator : Generator, optional
        By default `tilewright.random.default_generator`.

    Returns
    -------
    CriticalPoint

    Raises
    ------
    ValueError
        Where there are no parameters, `loss` returns something else, a tolerance is negative, or `steps` is below 1.
    TypeError
        For a `loss` that is not callable, and parameters of another kind.
    FloatingPointError
        For a Hessian with NaN or inf.

    References
    ----------
    Y. Dauphin et al., Identifying and Attacking the Saddle Point Problem in High-Dimensional Non-Convex Optimization,
    NeurIPS 2014.

    Examples
    --------
    >>> import tilewright as tw
    >>> p = tw.zeros(2).requires_grad_()
    >>> point = tw.diagnose.critical_point(lambda: p[0] ** 2 - p[1] ** 2, {"p": p})
    >>> point.kind, point.negative
    ('saddle', 1)
    """
    op = "critical_point"
    tolerances = [arguments.number(op, "gradient_tolerance", gradient_tolerance), arguments.number(op, "zero", zero)]
    for name, tolerance in zip(("gradient_tolerance", "zero"), tolerances, strict=True):
        if not tolerance >= 0:
            raise ValueError(f"{op}: {name} is {tolerance}, but must be at least 0")
    steps = arguments.integer(op, "steps", steps, at_least=1)
    draws = source(op, generator)
    hessian = _Hessian(op, loss, parameters)
    with no_grad():
        spectrum = _lanczos(hessian, hessian.size, min(steps, hessian.size), hessian.rounding, draws)
    steep = hessian.gradient_norm()
    values = spectrum.eigenvalues.tolist()
    bound = tolerances[1] * max(map(abs, values))
    negative = sum(v < -bound for v in values)
    return CriticalPoint(_kind(values, bound) if steep <= tolerances[0] else "none", negative, steep, spectrum)


def _kind(values: list[float], bound: float) -> str:
    """By the signs of the eigenvalues, where those within the bound are zero."""
    negative, positive = any(v < -bound for v in values), any(v > bound for v in values)
    if negative and positive:
        return "saddle"
    if any(abs(v) <= bound for v in values):
        return "degenerate"
    return "minimum" if positive else "maximum"
