"""What `nn.fuse` makes of recorded calls, and what it leaves, and says why."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tilewright as tw
from test_fuse import assert_like, drawn, evaluated
from tilewright import _core, nn

F = nn.functional
PACKS = _core.config()["isa"] != "reference"


class Does(nn.Module):
    def __init__(self, body, **layers):
        self.body = body
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, *args):
        return self.body(self, *args)


def explained(model, *args, tolerance=1e-6):
    """The lines of explain(), after the results were compared with the model's."""
    fused = nn.fuse(model, *args)
    for scale in (1, 2):
        scaled = [x * scale for x in args]
        assert_like(fused(*scaled), evaluated(model, *scaled), tolerance)
        assert_like(nn.fuse(model, exact=True)(*scaled), evaluated(model, *scaled))
    return fused.explain().splitlines()


def layers(*widths, bias=True):
    return {f"l{i}": nn.Linear(a, b, bias) for i, (a, b) in enumerate(itertools.pairwise(widths))}


@pytest.mark.parametrize("activation", [F.relu, F.tanh, F.sigmoid, F.silu, F.gelu])
def test_activations_and_sums_become_epilogues(activation):
    net = Does(lambda m, x, r: activation(m.l0(x) + r), **layers(7, 9))
    lines = explained(net, drawn(5, 7), drawn(5, 9))
    assert lines[1:] and lines[-1].startswith("temporaries: 0 bytes")
    (product,) = [line for line in lines if line.startswith("gemm.run")]
    assert product == f"gemm.run (5, 7) x (7, 9) float32 + bias + residual, {activation.__name__}"
    assert "    add (45,) float32: in the epilogue" in lines
    assert f"    {activation.__name__} (45,) float32: in the epilogue" in lines


def test_a_sum_in_place_and_a_bias():
    def body(m, x):
        y = x @ m.l0.weight.T
        y = y + m.l0.bias
        y += x
        return F.relu(y)

    lines = explained(Does(body, **layers(8, 8)), drawn(2, 5, 8))
    assert [line for line in lines if "gemm" in line] == ["gemm.run (10, 8) x (8, 8) float32 + bias + residual, relu"]


@pytest.mark.parametrize(("body", "reason"), [
    (lambda m, x, r: F.relu(m.l0(x)) + r, "it comes after the product's activation"),
    (lambda m, x, r: m.l0(x) * r, "it is no sum, and no activation that products have"),
    (lambda m, x, r: F.leaky_relu(m.l0(x)), "it is no sum, and no activation that products have"),
    (lambda m, x, r: m.l0(x) + r[:, :1], "what is added is broadcast, or does not lie row after row"),
    (lambda m, x, r: m.l0(x) + r + r, "the product has something added to it already"),
    (lambda m, x, r: m.l0(x) + r[0], "the product has a bias"),
    (lambda m, x, r: m.l0(x) + 1.0, "a number is added, no array"),
    (lambda m, x, r: F.relu(m.l0(x).T), "it takes a part of the product, or takes it in another order"),
    (lambda m, x, r: F.relu(m.l0(x)[:2]), "it takes a part of the product, or takes it in another order"),
    (lambda m, x, r: (F.relu(h := m.l0(x)), h), "the product is a result of the model"),
    (lambda m, x, r: F.relu(h := m.l0(x)) * h, "another step uses the product"),
    (lambda m, x, r: (h := m.l0(x)) + h, "the product is added to itself"),
    (lambda m, x, r: tw.astype(m.l0(x), "float64"), "its dtype is not the product's"),
])  # fmt: skip
def test_what_stays_out_of_an_epilogue_says_why(body, reason):
    lines = explained(Does(body, **layers(7, 9)), drawn(5, 7), drawn(5, 9))
    assert f"    not in the epilogue of the product before: {reason}" in lines


def test_a_product_is_not_written_over_what_it_reads():
    def body(m, x):
        h = x * 1.5
        y = m.l0(h)
        h += y
        return h * 2

    lines = explained(Does(body, **layers(8, 8)), drawn(5, 8))
    assert "    not in the epilogue of the product before: it would write over what the product reads" in lines

    def later(m, x):
        h = x * 1.5
        y = m.l0(h)
        h *= 2
        return F.relu(y) + h

    lines = explained(Does(later, **layers(8, 8)), drawn(5, 8))
    assert "    not in the epilogue of the product before: an operand is written meanwhile" in lines


@pytest.mark.skipif(not PACKS, reason="the level has no packed products")
def test_constant_matrices_are_packed_once():
    net = Does(lambda m, x: m.l0(m.l0(x)) @ tw.exp(m.l1.weight.T), **layers(8, 8, 6))
    lines = explained(net, drawn(5, 8))
    assert lines.count("    its second operand, a constant, is packed") == 3
    nbytes = sum(_core.PackedWeight(tw.copy(w)._array).nbytes for w in (net.l0.weight.detach(), net.l1.weight.detach()))
    assert f"packed operands of products: {nbytes} bytes" in lines
    assert "exp (8, 6) float32: computed once, from constants" in lines

    lines = explained(net, drawn(1, 8))
    assert "    its second operand is not packed: one row reads it as it lies in less time" in lines
    lines = explained(Does(lambda m, x: x @ x.T), drawn(5, 8))
    assert "    its second operand is not packed: it depends on the input" in lines


def test_the_order_of_writes_to_constants_is_kept():
    def body(m, x):
        counts = tw.zeros(3)
        first = x + counts
        counts += 1.0
        second = x + counts
        counts += x
        return first, second, counts * 2

    lines = explained(Does(body), drawn(3))
    assert not any("computed once" in line for line in lines)
    lines = explained(Does(lambda m, x: x + tw.sum(tw.arange(4.0) * 2)), drawn(3))
    assert sum("computed once" in line for line in lines) >= 3


@pytest.mark.parametrize(("body", "reason"), [
    (lambda m, x: tw.sqrt(tw.exp(x)), "    in place of operand 1"),
    (lambda m, x: x * tw.exp(x), "    in place of operand 2"),
    (lambda m, x: (h := tw.exp(x)) * tw.sum(h), "    in place of operand 1"),
    (lambda m, x: (h := tw.exp(x)) * h, "    in place of operand 1"),
    (lambda m, x: tw.exp(x), "    not in place: operand 1 is no temporary"),
    (lambda m, x: (h := tw.exp(x), h + 1.0), "    not in place: operand 1 is a result of the model"),
    (lambda m, x: tw.exp(h := tw.sin(x)) + tw.cos(h), "    not in place: operand 1 is needed later"),
    (lambda m, x: tw.exp(x) > 0.5, "    not in place: operand 1 has another layout"),
    (lambda m, x: tw.exp(tw.sin(x).T), "    not in place: operand 1 has another layout"),
    (
        lambda m, x: (h := tw.exp(x)) * h.T,
        "    not in place: operand 1 is read in another order, too, operand 2 has another layout",
    ),
])  # fmt: skip
def test_elementwise_ops_in_place(body, reason):
    assert reason in explained(Does(body), drawn(4, 4))


def test_temporaries_do_not_overlap_while_they_live():
    """Random programs: whatever shares memory at the wrong time gives other numbers."""
    rng = np.random.default_rng(3)
    for _ in range(30):
        steps = [(int(rng.integers(4)), int(rng.integers(6)), int(rng.integers(6))) for _ in range(25)]

        def body(m, x, steps=steps):
            held = [x] * 6
            for i, (kind, a, b) in enumerate(steps):
                x, y = held[a], held[b]
                if kind == 0:
                    new = tw.tanh(x) if i % 2 else tw.concatenate([x, y])[: x.shape[0] + 3]
                elif kind == 1:
                    new = F.softmax(x, -1)
                elif kind == 2:
                    new = x @ m.l0.weight
                else:
                    new = x + tw.mean(y)
                held[i % 6] = new
            return tuple(held)

        net = Does(body, **layers(16, 16))
        fused = nn.fuse(net, drawn(5, 16), exact=True)
        other = drawn(5, 16)
        assert_like(fused(other), evaluated(net, other))
        assert_like(nn.fuse(net)(other), evaluated(net, other), 1e-4)
