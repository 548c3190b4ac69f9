"""Faults of gradients that were found by random calls, each with its kind: docs/faults.md lists them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw

F = tw.nn.functional
INF = math.inf


def leaf(*values, dtype="float64"):
    return tw.asarray(list(values), dtype=dtype, requires_grad=True)


def close(x, want, tolerance=1e-12):
    np.testing.assert_allclose(np.asarray(x.detach()), want, rtol=tolerance, atol=tolerance)


# ---- 8: clip on its bounds -------------------------------------------------------------------------------------------


def test_clip_passes_the_gradient_on_its_bounds():
    x = leaf(-1.0, 0.0, 0.5, 1.0, 2.0)
    tw.clip(x, 0, 1).sum().backward()
    close(x.grad, [0, 1, 1, 1, 0])
    for bounds, want in (((0, None), [0, 1, 1, 1, 1]), ((None, 1), [1, 1, 1, 1, 0]), ((1, 0), [0, 0, 0, 0, 0])):
        x.grad = None
        x.clip(*bounds).sum().backward()
        close(x.grad, want)


def test_clip_gives_the_gradient_of_what_was_cut_to_the_bound():
    x, low, high = leaf(-1.0, 0.0, 0.5, 1.0, 2.0), leaf(0.0), leaf(1.0)
    tw.clip(x, low, high).sum().backward()
    close(low.grad, [1])
    close(high.grad, [1])
    close(x.grad, [0, 1, 1, 1, 0])
    low, high = leaf(3.0), leaf(1.0)  # above it: max everywhere
    tw.clip(x, low, high).sum().backward()
    close(low.grad, [0])
    close(high.grad, [5])


def test_clip_twice():
    x, low = leaf(0.25, 2.0), leaf(0.5)
    tw.testing.check_grads(lambda x, low: tw.clip(x * x, low, 3.0), x.detach(), low.detach(), order=2)


# ---- 9: products and powers at zero ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "want"),
    [
        ([0, 2, 3], [[0, 3, 2], [3, 0, 0], [2, 0, 0]]),
        ([0, 0, 3], [[0, 3, 0], [3, 0, 0], [0, 0, 0]]),
        ([2, 3, 4], [[0, 4, 3], [4, 0, 2], [3, 2, 0]]),
        ([5], [[0]]),
    ],
)
def test_second_derivatives_of_products(x, want):
    close(tw.autograd.hessian(tw.prod)(tw.asarray(x, dtype="float64")), want)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (2, 1)])
@pytest.mark.parametrize("shape", [(2, 3, 5), (1, 4, 2), (3, 1, 1), (2, 0, 3)])
def test_products_with_zeros_over_any_axes(shape, axis):
    rng = np.random.default_rng(1)
    x = rng.integers(-1, 3, shape).astype(float)
    tw.testing.check_grads(lambda x: tw.prod(x, axis=axis), tw.asarray(x), order=2) if x.size else None
    y = tw.asarray(x, requires_grad=True)
    tw.prod(y, axis=axis).sum().backward()
    assert y.grad.shape == shape


def test_derivatives_of_products_do_not_overflow():
    x = tw.asarray([1e30, 1e30, 1e-30], requires_grad=True)
    tw.prod(x).backward()
    close(x.grad, [1, 1, INF], 1e-6)


@pytest.mark.parametrize(
    ("dtype", "x", "want"),
    [
        ("float32", [1e20, 1e20, 1e-20, 1e-20, 2], [2e-20, 2e-20, 2e20, 2e20, 1]),
        ("float32", [1e30, 1e30, 1e-30, 1, 1e-30], [1e-30, 1e-30, 1e30, 1, 1e30]),
        ("float32", [1e30, 1e30, 0, 1], [0, 0, INF, 0]),
        ("float16", [300, 300, 1e-4, 2], [0.06, 0.06, INF, 9]),
        ("float64", [1e200, 1e-200, 1e200, 1e-200], [1e-200, 1e200, 1e-200, 1e200]),
        ("float32", [INF, 2, 3], [6, INF, INF]),
        ("float32", [1e-30, 1e-30, 1e30], [1, 1, 0]),
    ],
)
def test_products_that_overflow_on_the_way(dtype, x, want):
    for rows in ([x], [x, [0.0] * len(x)], [[1.0] * len(x), x]):
        y = tw.asarray(rows, dtype=dtype, requires_grad=True)
        tw.prod(y, axis=1).sum().backward()
        tolerance = 2e-3 if dtype == "float16" else 1e-5
        close(y.grad[rows.index(x)].astype("float64"), want, tolerance)


def test_third_derivatives_of_products():
    third = tw.autograd.jacobian(tw.autograd.hessian(tw.prod))(tw.asarray([0.0, 0.0, 0.0], dtype="float64"))
    want = np.zeros((3, 3, 3))
    for i in range(3):
        for j in range(3):
            if i != j:
                want[i, j, 3 - i - j] = 1
    close(third, want)


def test_second_derivatives_of_powers_where_the_exponent_is_zero():
    v = tw.asarray([2.0, 0.0], dtype="float64")
    h = tw.autograd.hessian(lambda v: v[0] ** v[1])(v)
    close(h, [[0, 0.5], [0.5, math.log(2) ** 2]])
    for base in (0.0, INF, math.nan):
        x, n = leaf(base), leaf(0.0)
        (x**n).sum().backward()
        close(x.grad, [0])


@pytest.mark.parametrize(("x", "n", "want"), [(0.0, 2.0, 0), (0.0, 0.0, 0), (0.0, -1.0, -INF), (2.0, 0.0, math.log(2))])
def test_powers_of_zero_by_their_exponent(x, n, want):
    e = leaf(n)
    (tw.asarray([x], dtype="float64") ** e).sum().backward()
    close(e.grad, [want])


# ---- 10: class weights, targets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 3, 5)])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_class_weights_have_gradients(shape, reduction, smoothing):
    rng = np.random.default_rng(3)
    axis = 1 if len(shape) > 1 else 0
    target = rng.integers(0, 3, shape[:axis] + shape[axis + 1 :])
    if target.size > 2:
        target.reshape(-1)[1] = -100
    x, w = tw.asarray(rng.standard_normal(shape)), tw.asarray(rng.uniform(0.5, 2, 3))

    def loss(x, w):
        return F.cross_entropy(x, target, weight=w, reduction=reduction, label_smoothing=smoothing)

    tw.testing.check_grads(loss, x, w, order=2)
    close(loss(x, w.copy().requires_grad_()), loss(x, w).numpy(), 1e-9)


def test_class_weights_are_checked_before_anything_is_computed():
    x, w = tw.zeros((2, 3)), tw.ones(2).requires_grad_()
    with pytest.raises(ValueError, match="cross_entropy: weight"):
        F.cross_entropy(x, [0, 1], weight=w)
    with pytest.raises(IndexError, match=r"cross_entropy: .*5"):
        F.cross_entropy(x, [0, 5], weight=tw.ones(3).requires_grad_())


@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0], "leaf"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_losses_of_nothing_have_gradient_zero(create_graph, weight):
    x = tw.zeros((2, 3), dtype="float64").requires_grad_()
    loss = F.cross_entropy(x, [-100, -100], weight=leaf(1.0, 2.0, 3.0) if weight == "leaf" else weight)
    assert math.isnan(loss.item())
    loss.backward(create_graph=create_graph)
    close(x.grad, np.zeros((2, 3)))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "uint64"])
def test_targets_of_any_integer_dtype_twice(dtype):
    target = tw.asarray([0, 2], dtype=dtype)
    x = tw.asarray(np.random.default_rng(0).standard_normal((2, 3)))
    tw.testing.check_grads(lambda x: F.cross_entropy(x, target), x, order=2)


# ---- 11: empty operands ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 0), (0,)),
        ((0,), (0, 3)),
        ((0,), (0,)),
        ((2, 3, 0), (0,)),
        ((0, 3), (3,)),
        ((2, 0, 3), (3,)),
        ((0, 2, 0), (0,)),
    ],
)
def test_products_of_empty_operands(a, b):
    for order in (False, True):
        x, y = (tw.zeros(shape, dtype="float64").requires_grad_() for shape in (a, b))
        (x @ y).sum().backward(create_graph=order)
        close(x.grad, np.zeros(a))
        close(y.grad, np.zeros(b))


# ---- 12: where a slope is infinite -----------------------------------------------------------------------------------


def test_what_does_not_vary_has_a_standard_deviation_of_gradient_zero():
    x = tw.asarray([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]], dtype="float64", requires_grad=True)
    s = tw.std(x, axis=1)
    close(s, [0, math.sqrt(2 / 3)])
    s.sum().backward(create_graph=True)
    root = math.sqrt(1 / 6)
    close(x.grad, [[0, 0, 0], [-root, 0, root]])
    x.grad.sum().backward()
    for nothing in (leaf(5.0), leaf(1.0, 1.0, dtype="float32")):
        tw.std(nothing).backward()
        close(nothing.grad, np.zeros(nothing.shape))
    z = tw.asarray([1 + 2j, 1 + 2j], requires_grad=True)
    tw.std(z).backward()
    close(z.grad, [0, 0])


@pytest.mark.parametrize(
    ("y", "x", "want"),
    [
        (0.0, 0.0, (0.0, 0.0)),
        (1e-30, 1e-30, (5e29, -5e29)),
        (1e30, 1e30, (5e-31, -5e-31)),
        (-1e-30, 0.0, (0.0, 1e30)),
        (3.0, 4.0, (4 / 25, -3 / 25)),
        (INF, 1.0, (0.0, 0.0)),
        (1e-40, 1e-42, None),
    ],
)
def test_angles_near_and_far(y, x, want):
    a, b = (tw.asarray([v]).requires_grad_() for v in (y, x))
    tw.arctan2(a, b).sum().backward()
    if want is None:  # of denormals: finite, or infinite where the slope is
        assert not math.isnan(a.grad.item()) and not math.isnan(b.grad.item())
        return
    close(a.grad, [want[0]], 1e-6)
    close(b.grad, [want[1]], 1e-6)


def test_angles_of_half_types_keep_their_dtype():
    for dtype in ("float16", "bfloat16"):
        x = tw.asarray([0.0, 2.0], dtype=dtype, requires_grad=True)
        tw.arctan2(x, 1.0).sum().backward()
        assert x.grad.dtype == x.dtype
        close(x.grad.astype("float32"), [1, 0.2], 1e-2)


def test_the_angle_of_zero():
    z = tw.asarray([0j, 1 + 1j], requires_grad=True)
    tw.angle(z).sum().backward()
    close(z.grad, [0, -0.5 + 0.5j], 1e-6)


# ---- 13: piecewise constant functions --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sign", "floor", "ceil", "round", "trunc"])
def test_piecewise_constant_functions_have_gradient_zero(name):
    x = leaf(-1.5, 0.0, 2.25, INF)
    y = getattr(tw, name)(x)
    (y * tw.asarray([INF, 1.0, 2.0, 0.0], dtype="float64"))[1:3].sum().backward(create_graph=True)
    close(x.grad, [0, 0, 0, 0])


def test_floor_divide_has_gradient_zero():
    x, y = leaf(5.0, 7.0), tw.asarray(2.0, dtype="float64", requires_grad=True)
    (x // y).sum().backward()
    close(x.grad, [0, 0])
    close(y.grad, 0)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_activations_of_lines_have_second_derivative_zero(activation):
    x, g = leaf(-1.0, 2.0), tw.asarray([INF, 1.0], dtype="float64")
    (slope,) = tw.autograd.gradients(getattr(F, activation)(x), [x], g, create_graph=True)
    slope[1].backward()
    close(x.grad, [0, 0])
