"""Gradients of recurrent layers: a kernel walks back, then each weight has one product over all steps.

Where the backward pass is recorded, the definition is differentiated.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.composed import Pullback
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._engine.tape import Node
from .._functions import manipulation as mp, recurrent as recurrent, reductions as red  # declares the ops
from .._functions.linalg import _matmul_tn
from .linalg import MatrixProduct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.tensor import Tensor


def _before(states: Tensor, first: Tensor, batch_sizes: tuple[int, ...], reverse: bool) -> Tensor:
    """For each row of a sequence's states, in their order, the state before it; the first ones are `first`."""
    pieces: list[tuple[Tensor, int, int]] = []  # rows [begin, end) of a tensor

    def add(of: Tensor, begin: int, end: int) -> None:
        if pieces and pieces[-1][0] is of and pieces[-1][2] == begin:
            begin = pieces.pop()[1]
        if begin < end:
            pieces.append((of, begin, end))

    start = 0
    for i, rows in enumerate(batch_sizes):
        if reverse:
            later = batch_sizes[i + 1] if i + 1 < len(batch_sizes) else 0
            add(states, start + rows, start + rows + later)
            add(first, later, rows)
        elif i == 0:
            add(first, 0, rows)
        else:
            add(states, start - batch_sizes[i - 1], start - batch_sizes[i - 1] + rows)
        start += rows
    return mp.concatenate([of[begin:end] for of, begin, end in pieces] or [states])


class RecurrentPlan:
    """`Plan` of a recurrent layer.

    Parameters
    ----------
    mask
        Which of the inputs want a gradient.

    Notes
    -----
    The kernel gives the cotangents of all sums x Wx^T and h Wh^T, and those of x and the first states. Those of the
    weights are products of the former, added where they belong without memory of their own. Of halves all this is
    float32, rounded at the end.
    """

    __slots__ = ("mask", "pullback")

    name: str
    inputs: tuple[str, ...] = ("x", "h", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
    results = 2
    calls_user = False

    def __init__(self, mask: tuple[bool, ...]) -> None:
        count = len(self.inputs)
        self.mask = dict(zip(self.inputs, mask, strict=True))
        self.pullback = Pullback(self.name, mask, range(count), range(count, count + 3 if count == 6 else count + 2))

    def save(self, *operands: Any) -> tuple[Any, ...]:
        """All but the last states."""
        count = len(self.inputs) + len(self.pullback.statics)
        return *operands[: count + 1], *operands[count + self.results :]

    def recorded(self, node: Node, g: Any) -> Sequence[Any]:
        """The cotangents of the inputs that want one, in ops."""
        return self.pullback.recorded(node, g)

    def backward(self, node: Node, g: Any) -> Sequence[Any]:
        """The same by kernels."""
        given = dict(zip(self.inputs, node.saved, strict=False))
        bare = [getattr(v, "_array", v) for v in node.saved]
        of_results = [None if c is None else c._array for c in g]
        parts = getattr(_core, f"{self.name}_backward")(self.mask["x"], *of_results, *bare)
        gates, products, x, h, c, y, unprojected = [None if part is None else wrap(part) for part in parts]
        found = {"x": x, "h": h, "c": c}
        return self._of_inputs(node, given, found, gates, gates if products is None else products, y, unprojected)

    def _of_inputs(
        self,
        node: Node,
        given: dict[str, Any],
        found: dict[str, Any],
        gates: Any,
        products: Any,
        of_y: Any,
        unprojected: Any,
    ) -> list[Any]:
        count = len(self.inputs)
        batch_sizes, reverse = node.saved[count : count + 2]
        output = wrap(node.saved[count + len(self.pullback.statics)])
        dtype = output.dtype

        def product(a: Tensor, b: Tensor) -> Any:
            if gates.dtype == dtype:
                return MatrixProduct(_matmul_tn, a, b)
            return mp.astype(_matmul_tn(a, mp.astype(b, gates.dtype)), dtype)

        def rounded(x: Tensor) -> Tensor:
            return x if x.dtype == dtype else mp.astype(x, dtype)

        @functools.cache  # LSTM and plain cell have the same cotangents for both biases
        def of_bias(of_products: bool) -> Tensor:
            return rounded(red.sum(products if of_products else gates, axis=0))

        def of(name: str) -> Any:
            if name == "weight_ih":
                return product(gates, given["x"])
            if name == "weight_hh":
                return self.of_weight_hh(product, products, _before(output, given["h"], batch_sizes, reverse), node)
            if name == "weight_hr":
                return product(of_y, unprojected)
            if name == "weight_peephole":
                return rounded(self.of_peephole(gates, given["c"], node))
            if name in ("bias_ih", "bias_hh"):
                return of_bias(name == "bias_hh" and products is not gates)
            return rounded(found[name])

        return [of(name) for name in self.inputs if self.mask[name]]

    def of_weight_hh(self, product: Any, products: Tensor, before: Tensor, node: Node) -> Any:
        """From the cotangents of the products with h, and the h of each."""
        return product(products, before)

    def of_peephole(self, gates: Tensor, c: Tensor, node: Node) -> Tensor:
        """Of an LSTM, (3, H)."""
        raise NotImplementedError


class RNNPlan(RecurrentPlan):
    __slots__ = ()

    name = "rnn"


class GRUPlan(RecurrentPlan):
    __slots__ = ()

    name = "gru"

    def of_weight_hh(self, product: Any, products: Tensor, before: Tensor, node: Node) -> Any:
        reset_after, kept = node.saved[8], wrap(node.saved[10])
        if reset_after:
            return product(products, before)
        size = before.shape[1]
        of_n = _matmul_tn(products[:, 2 * size :], kept[:, 3 * size :])  # with r h
        of_others = _matmul_tn(products[:, : 2 * size], mp.astype(before, products.dtype))
        return mp.astype(mp.concatenate([of_others, of_n]), before.dtype)


class LSTMPlan(RecurrentPlan):
    __slots__ = ()

    name = "lstm"
    inputs = (*("x", "h", "c", "weight_ih", "weight_hh", "bias_ih", "bias_hh"), "weight_hr", "weight_peephole")
    results = 3

    def of_peephole(self, gates: Tensor, c: Tensor, node: Node) -> Tensor:
        cells, size = wrap(node.saved[13]), c.shape[1]
        before = _before(cells, mp.astype(c, cells.dtype), *node.saved[9:11])
        looked = [(0, before), (1, before), (3, cells)]
        return mp.stack([red.sum(gates[:, k * size : (k + 1) * size] * at, axis=0) for k, at in looked])


VJPS: dict[str, Any] = {plan.name: plan for plan in (RNNPlan, GRUPlan, LSTMPlan)}

register_vjps(VJPS)
