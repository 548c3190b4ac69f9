"""Einstein's sums: a notation for products of arrays over named axes, worked out by pairs through `matmul`."""

from __future__ import annotations

import functools
import math

from .. import _core
from .._engine.arguments import entries, flag, integer, integers, is_integer, option, refuse
from .._engine.dtypes import as_dtype, promote_types
from .._engine.tensor import Tensor
from .arithmetic import multiply
from .linalg import matmul
from .manipulation import astype, permute_dims, reshape
from .products import operands as as_tensors
from .reductions import any as any_, sum as sum_
from .triangular import diagonal_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["einsum", "einsum_path"]

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_METHODS = ("greedy", "optimal")

# ---- notation --------------------------------------------------------------------------------------------------------
# A term is a tuple of the labels of one operand's axes: letters, or ints where lists were given, and `...` for axes
# without one.


def _term(op: str, text: str) -> tuple[Any, ...]:
    """Of a string between commas."""
    head, dots, tail = text.partition("...")
    for letter in head + tail:
        if letter not in _LETTERS:
            raise ValueError(f"{op}: subscripts has {letter!r}, but labels are letters, and one ... a term at most")
    return (*head, ..., *tail) if dots else tuple(head)


def _parsed(op: str, subscripts: str) -> tuple[tuple[Any, ...], Any]:
    """The terms of the operands, and of the result, or None where it is left to the rule."""
    text = "".join(subscripts.split())
    left, arrow, right = text.partition("->")
    return tuple([_term(op, part) for part in left.split(",")]), _term(op, right) if arrow else None


def _listed(op: str, labels: Any) -> tuple[Any, ...]:
    """A term from a list of ints."""
    listed = entries(op, "a list of labels", labels, "a sequence of integers, with ... among them at most once")
    term = tuple([label if label is Ellipsis else integer(op, "a label", label, at_least=0) for label in listed])
    if term.count(...) > 1:
        raise ValueError(f"{op}: a list of labels has ... more than once")
    return term


def _read(op: str, arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Subscripts, as a string or as the terms and that of the result, and operands, of a call in either form."""
    if not arguments:
        raise TypeError(f"{op}: subscripts and operands are missing")
    if isinstance(arguments[0], str):
        return arguments[0], arguments[1:]
    pairs = len(arguments) // 2
    if not pairs:
        refuse(op, "subscripts", arguments[0], "a str, or an array with a list of labels after it")
    terms = tuple([_listed(op, labels) for labels in arguments[1 : 2 * pairs : 2]])
    return (terms, _listed(op, arguments[-1]) if len(arguments) % 2 else None), arguments[: 2 * pairs : 2]


class Labels:
    """The labels of all operands' axes, with ints below 0 for axes under `...`, and the length of each."""

    def __init__(self, op: str, terms: tuple[Any, ...], output: Any, shapes: tuple[tuple[int, ...], ...]) -> None:
        self.op = op
        self.sizes: dict[Any, int] = {}
        self.lengths: list[dict[Any, int]] = []  # of the labels of each operand
        self.of = [self._placed(i, *pair) for i, pair in enumerate(zip(terms, shapes, strict=True))]
        hidden = max([len([label for label in of if isinstance(label, int) and label < 0]) for of in self.of])
        under = tuple(range(-hidden, 0))
        if output is None:
            once = [label for label in dict.fromkeys(sum(terms, ())) if label is not ... and self._count(label) == 1]
            self.output = (*under, *sorted(once))
            return
        at = output.index(...) if ... in output else None
        self.output = output if at is None else (*output[:at], *under, *output[at + 1 :])
        for label in output:
            if label is not ... and label not in self.sizes:
                raise ValueError(f"{op}: label {label} of the result is in no operand")
            if output.count(label) > 1:
                raise ValueError(f"{op}: label {label} is twice in the result")

    def _count(self, label: Any) -> int:
        return sum([of.count(label) for of in self.of])

    def _placed(self, i: int, term: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, ...]:
        named = len(term) - (... in term)
        if named > len(shape) or (named < len(shape) and ... not in term):
            raise ValueError(f"{self.op}: operand {i} has shape {shape}, but the subscripts name {named} axes")
        if ... in term:
            at = term.index(...)
            term = (*term[:at], *range(named - len(shape), 0), *term[at + 1 :])
        here: dict[Any, int] = {}
        for label, length in zip(term, shape, strict=True):
            if here.setdefault(label, length) != length:
                raise ValueError(f"{self.op}: label {label} has lengths {here[label]} and {length} in operand {i}")
        for label, length in here.items():
            known = self.sizes.get(label, 1)
            if known != length and 1 not in (known, length):
                what = f"label {label}" if not isinstance(label, int) or label >= 0 else "an axis under ..."
                raise ValueError(f"{self.op}: {what} has lengths {known} and {length}, which do not broadcast")
            self.sizes[label] = length if known == 1 else known
        self.lengths.append(here)
        return term

    def broadcasts(self, label: Any, length: int) -> bool:
        """Whether an axis of that length meets longer ones."""
        return length == 1 != self.sizes[label]

    def apart(self, i: int) -> frozenset[Any]:
        """The labels of an operand but for those of axes that broadcast."""
        return frozenset([label for label, n in self.lengths[i].items() if not self.broadcasts(label, n)])

    def size(self, labels: Any) -> int:
        return math.prod([self.sizes[label] for label in labels])


# ---- the order of products -------------------------------------------------------------------------------------------


def _kept(first: frozenset[Any], second: frozenset[Any], others: list[frozenset[Any]]) -> frozenset[Any]:
    """The labels of a product of two that others, or the result, still need."""
    return (first | second) & frozenset().union(*others)


def _greedy(labels: Labels, of: list[tuple[Any, ...]]) -> list[tuple[int, ...]]:
    """Each time the pair whose product takes least more memory than the two; of those the cheapest."""
    current = [frozenset(term) for term in of]
    path: list[tuple[int, ...]] = []
    while len(current) > 2:
        best: Any = None
        for i in range(len(current)):
            for j in range(i + 1, len(current)):
                others = [*current[:i], *current[i + 1 : j], *current[j + 1 :], frozenset(labels.output)]
                kept = _kept(current[i], current[j], others)
                more = labels.size(kept) - labels.size(current[i]) - labels.size(current[j])
                cost = more, labels.size(current[i] | current[j]), (i, j), kept
                best = min(best or cost, cost, key=lambda c: c[:3])
        i, j = best[2]
        current = [*current[:i], *current[i + 1 : j], *current[j + 1 :], best[3]]
        path.append((i, j))
    return [*path, tuple(range(len(current)))]


def _optimal(labels: Labels, of: list[tuple[Any, ...]]) -> list[tuple[int, ...]]:
    """The cheapest of all orders of products by pairs, from the best ones of ever larger sets of operands."""
    count = len(of)
    terms = [frozenset(term) for term in of]
    whole = (1 << count) - 1
    kept, best = {}, {}
    for chosen in range(1, whole + 1):
        inside = frozenset().union(*[terms[i] for i in range(count) if chosen >> i & 1])
        outside = frozenset(labels.output).union(*[terms[i] for i in range(count) if not chosen >> i & 1])
        kept[chosen] = terms[chosen.bit_length() - 1] if chosen & (chosen - 1) == 0 else inside & outside
    for chosen in range(1, whole + 1):
        if chosen & (chosen - 1) == 0:
            best[chosen] = (0, 0)
            continue
        part, candidates = (chosen - 1) & chosen, []
        while part > chosen ^ part:  # each split once, the larger number first
            rest = chosen ^ part
            cost = best[part][0] + best[rest][0] + labels.size(kept[part] | kept[rest])
            candidates.append((cost, part))
            part = (part - 1) & chosen
        best[chosen] = min(candidates)
    return _positions(count, best, whole)


def _positions(count: int, best: dict[int, tuple[int, int]], whole: int) -> list[tuple[int, ...]]:
    """A tree of splits as a path: what each step takes out, its product goes to the end."""
    current = [1 << i for i in range(count)]
    path: list[tuple[int, ...]] = []

    def multiply_in(chosen: int) -> None:
        if chosen & (chosen - 1):
            part = best[chosen][1]
            multiply_in(part)
            multiply_in(chosen ^ part)
            i, j = sorted((current.index(part), current.index(chosen ^ part)))
            path.append((i, j))
            del current[j], current[i]
            current.append(chosen)

    multiply_in(whole)
    return path or [(0,)]


_MOST_OPTIMAL = 9  # operands, above which the greedy order is taken: the sets of them are too many


def _in_order(count: int) -> list[tuple[int, ...]]:
    """From the left to the right."""
    return [(0, 1), *[(0, left - 1) for left in range(count - 1, 1, -1)]] if count > 1 else [(0,)]


def _given_path(op: str, optimize: Any, count: int) -> tuple[tuple[int, ...], ...]:
    """A path that the caller gives: which operands to take out; their product goes to the end."""
    steps = entries(op, "optimize", optimize, "a bool, a str, or a list of tuples of positions")
    if steps and isinstance(steps[0], str):
        option(op, "the first entry of optimize", steps[0], ["einsum_path"])
        steps = steps[1:]
    path = []
    for step in steps:
        taken = integers(op, "an entry of optimize", step)
        if len(set(taken)) < len(taken) or not taken or any(not 0 <= i < count for i in taken):
            raise ValueError(f"{op}: optimize has {taken} where {count} operands are left")
        count -= len(taken) - 1
        path.append(taken)
    if count > 1:
        raise ValueError(f"{op}: optimize leaves {count} operands, which are not multiplied")
    return tuple(path)


def _method(op: str, optimize: Any, count: int) -> Any:
    """What `optimize` asks for, as something that can be looked up: a bool, "optimal" or a path."""
    if optimize is True or optimize is False:
        return optimize
    if isinstance(optimize, tuple) and len(optimize) == 2 and isinstance(optimize[0], str) and optimize[0] in _METHODS:
        optimize = optimize[0]  # with a limit of memory, which products by pairs keep low
    if isinstance(optimize, str):
        return option(op, "optimize", optimize, _METHODS) == "greedy" or optimize
    if optimize is None or is_integer(optimize):
        return flag(op, "optimize", optimize)
    return _given_path(op, optimize, count)


def _path(labels: Labels, of: list[tuple[Any, ...]], method: Any) -> Any:
    if method == "optimal" and 2 < len(of) <= _MOST_OPTIMAL:
        return _optimal(labels, of)
    if method is True or method == "optimal":
        return _greedy(labels, of)
    return method or _in_order(len(of))


# ---- the plan of a call ----------------------------------------------------------------------------------------------


class Preparation:
    """What is done to one operand: diagonals, sums over axes that nothing else has, axes of length 1 left out."""

    def __init__(
        self, term: tuple[Any, ...], shape: tuple[int, ...], elsewhere: frozenset[Any], labels: Labels
    ) -> None:
        self.diagonals = []
        current, lengths = list(term), dict(zip(term, shape, strict=True))
        for label in dict.fromkeys(term):
            while current.count(label) > 1:
                first = current.index(label)
                second = current.index(label, first + 1)
                rest = [i for i in range(len(current)) if i not in (first, second)]
                self.diagonals.append((*rest, first, second))
                current = [*[current[i] for i in rest], label]
        broadcast = [label for label in current if labels.broadcasts(label, lengths[label])]
        alone = [label for label in current if label not in elsewhere and label not in broadcast]
        self.summed = tuple([i for i, label in enumerate(current) if label in alone])
        self.labels = tuple([label for label in current if label not in alone and label not in broadcast])
        self.shape = tuple([lengths[label] for label in self.labels]) if broadcast else None
        self.needed = bool(self.diagonals or alone or broadcast)

    def __call__(self, x: Tensor) -> Tensor:
        for axes in self.diagonals:
            x = diagonal_of(permute_dims(x, axes), 0)
        if self.summed:
            x = _summed(x, self.summed)
        return x if self.shape is None else reshape(x, self.shape)


def _summed(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """In its own dtype, as products are."""
    if x.dtype.is_inexact:
        return sum_(x, axis=axes)
    return any_(x, axis=axes) if x.dtype == _core.DType.bool else astype(sum_(x, axis=axes), x.dtype)


def _arranged(labels: tuple[Any, ...], wanted: tuple[Any, ...]) -> tuple[int, ...] | None:
    return None if labels == wanted else tuple([labels.index(label) for label in wanted])


class Product:
    """How two operands become one: by `matmul` where a label ends in both, else element by element."""

    def __init__(self, a: tuple[Any, ...], b: tuple[Any, ...], kept: frozenset[Any], labels: Labels) -> None:
        size = labels.sizes
        batch = tuple([label for label in a if label in b and label in kept])
        inner = tuple([label for label in a if label in b and label not in kept])
        left = tuple([label for label in a if label not in b])
        right = tuple([label for label in b if label not in a])
        self.labels = (*batch, *left, *right)
        self.function = matmul if inner else multiply
        self.cost = labels.size((*self.labels, *inner)) * (2 if inner else 1)
        self.a_axes = _arranged(a, (*batch, *left, *inner))
        self.b_axes = _arranged(b, (*batch, *inner, *right))
        lengths = [size[label] for label in batch]
        m, k, n = labels.size(left), labels.size(inner), labels.size(right)
        self.shape: Any = [size[label] for label in self.labels]
        if inner:
            fewest = 1 if batch else 0  # a vector needs no second axis
            fits = len(inner) == 1 and fewest <= len(left) <= 1 and fewest <= len(right) <= 1
            self.a_shape: Any = None if fits else [*lengths, m, k]
            self.b_shape: Any = None if fits else [*lengths, k, n]
            self.shape = None if fits else self.shape
        else:
            self.a_shape = [*lengths, *[size[label] for label in left], *[1] * len(right)] if right else None
            self.b_shape = [*lengths, *[1] * len(left), *[size[label] for label in right]] if left else None
            self.shape = None

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        a = a if self.a_axes is None else permute_dims(a, self.a_axes)
        b = b if self.b_axes is None else permute_dims(b, self.b_axes)
        a = a if self.a_shape is None else reshape(a, self.a_shape)
        b = b if self.b_shape is None else reshape(b, self.b_shape)
        product = self.function(a, b)
        return product if self.shape is None else reshape(product, self.shape)


class Plan:
    """All of a call that follows from the subscripts and the shapes."""

    def __init__(self, op: str, subscripts: Any, shapes: tuple[tuple[int, ...], ...], method: Any) -> None:
        terms, output = _parsed(op, subscripts) if isinstance(subscripts, str) else subscripts
        if len(terms) != len(shapes):
            raise ValueError(f"{op}: subscripts has {len(terms)} terms, but there are {len(shapes)} operands")
        labels = self.all = Labels(op, terms, output, shapes)
        result = frozenset(labels.output)
        sets = [labels.apart(i) for i in range(len(shapes))]
        self.preparations = [
            Preparation(of, shape, result.union(*sets[:i], *sets[i + 1 :]), labels)
            for i, (of, shape) in enumerate(zip(labels.of, shapes, strict=True))
        ]
        self.needed = [(i, prepare) for i, prepare in enumerate(self.preparations) if prepare.needed]
        current = [prepared.labels for prepared in self.preparations]
        self.path = _path(labels, current, method)
        self.products: list[tuple[int, int, Product]] = []
        self.terms: list[tuple[Any, ...]] = []
        for taken in self.path:
            taken = sorted(taken)
            while len(taken) > 1:
                j, i = taken.pop(), taken.pop()
                others = [frozenset(of) for k, of in enumerate(current) if k not in (i, j)]
                a, b = current[i], current[j]
                product = Product(a, b, _kept(frozenset(a), frozenset(b), [*others, result]), labels)
                current = [*[of for k, of in enumerate(current) if k not in (i, j)], product.labels]
                self.products.append((i, j, product))
                taken.append(len(current) - 1)
        (last,) = current
        present = tuple([label for label in labels.output if label in last])
        self.axes = _arranged(last, present)
        self.cost = sum([p.cost for _, _, p in self.products])
        self.largest = max([labels.size(p.labels) for _, _, p in self.products], default=0)

    def __call__(self, operands: Sequence[Tensor]) -> Tensor:
        current = list(operands)
        for i, prepare in self.needed:
            current[i] = prepare(current[i])
        for i, j, product in self.products:
            b, a = current.pop(j), current.pop(i)
            current.append(product(a, b))
        y = current[0]
        return y if self.axes is None else permute_dims(y, self.axes)


_plan = functools.lru_cache(512)(Plan)


def _prepared(op: str, arguments: tuple[Any, ...], optimize: Any) -> tuple[Plan, Sequence[Tensor]]:
    operands: Sequence[Any]
    subscripts, operands = _read(op, arguments)
    for x in operands:
        if not isinstance(x, Tensor):
            operands = as_tensors(op, [f"operand {i}" for i in range(len(operands))], operands)
            break
    method = optimize if optimize is True else _method(op, optimize, len(operands))
    return _plan(op, subscripts, tuple([x.shape for x in operands]), method), operands


def einsum(*operands: Any, dtype: Any = None, optimize: Any = True) -> Tensor:
    """Sums of products over named axes, `einsum("ij,jk->ik", a, b)`.

    Parameters
    ----------
    *operands
        Subscripts and then arrays: for each array the labels of its axes, a letter each, with commas between, and
        after `->` those of the result. Without `->` these are the labels that occur once, in alphabetical order, after
        the axes under `...`. A label that the result has not is summed over. A label twice in one array takes the
        diagonal. `...` stands for all axes without a label, which broadcast. Axes of length 1 broadcast, too. Or each
        array, then a list of its labels, ints and `...`; at the end those of the result.
    dtype : dtype-like, optional
        Convert all to this first.
    optimize : bool, str or list
        Of more than two operands, the order of products: True or "greedy" for one that keeps the intermediate arrays
        small, "optimal" for the one of the fewest operations (of at most nine operands; more are as "greedy"), False
        for that of the operands, or a path as `einsum_path` gives it.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        Where the subscripts are wrong or do not fit the shapes.

    Examples
    --------
    >>> import tilewright as tw
    >>> a, b = tw.asarray([[1.0, 2.0], [3.0, 4.0]]), tw.asarray([1.0, 10.0])
    >>> tw.einsum("ij,j->i", a, b)
    tensor([21., 43.])
    >>> tw.einsum("ii", a)
    tensor(5.)
    >>> tw.einsum(a, [0, 1], b, [1], [0])
    tensor([21., 43.])
    """
    plan, tensors = _prepared("einsum", operands, optimize)
    if dtype is not None:
        dtype = as_dtype(dtype)
    else:
        first = tensors[0].dtype
        for x in tensors:
            if x.dtype is not first:
                dtype = functools.reduce(promote_types, [x.dtype for x in tensors])
                break
    if dtype is not None:
        tensors = [x if x.dtype == dtype else astype(x, dtype) for x in tensors]
    return plan(tensors)


def einsum_path(*operands: Any, optimize: Any = True) -> tuple[list[Any], str]:
    """The order of products that `einsum` takes.

    Parameters
    ----------
    *operands
        As of `einsum`; only the shapes count.
    optimize : bool, str or list
        As of `einsum`.

    Returns
    -------
    path : list
        "einsum_path", then the positions of the operands that each step takes out; their product goes to the end.
    report : str
        Multiplications and additions with and without the path, and the largest array between.

    Raises
    ------
    ValueError
        Where the subscripts are wrong or do not fit the shapes.

    Examples
    --------
    >>> import tilewright as tw
    >>> a, b, c = tw.ones((9, 9)), tw.ones((9, 9)), tw.ones(9)
    >>> tw.einsum_path("ij,jk,k->i", a, b, c)[0]
    ['einsum_path', (1, 2), (0, 1)]
    """
    plan, _ = _prepared("einsum_path", operands, optimize)
    labels = plan.all
    whole = labels.size(labels.sizes) * max(len(labels.of), 2)
    return ["einsum_path", *plan.path], (
        f"  all at once: {whole:.3e} operations\n"
        f"  by the path: {plan.cost:.3e} operations, largest array {plan.largest} elements"
    )
