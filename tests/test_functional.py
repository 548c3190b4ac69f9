"""Derivatives of functions: values against formulas and finite differences, structures, nesting."""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
import pytest

import tilewright as tw
from tilewright.autograd import (
    checkpoint,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)
from tilewright.testing import check_grads


def array(*values: float, requires_grad: bool = False) -> tw.Tensor:
    return tw.asarray(list(values), dtype="float64", requires_grad=requires_grad)


def close(actual, desired, tolerance=1e-12):
    np.testing.assert_allclose(tw.asarray(actual).detach().numpy(), desired, rtol=tolerance, atol=tolerance)


A = np.random.default_rng(1).normal(size=(3, 3))


def quadratic(x):
    return (x @ tw.asarray(A) @ x) / 2


def test_grad_of_quadratic():
    x = array(1, -2, 3)
    close(grad(quadratic)(x), (A + A.T) / 2 @ x.numpy())
    assert x.grad is None
    assert not x.requires_grad


def test_value_and_grad_with_aux_and_keywords():
    def loss(x, *, scale):
        y = x * scale
        return (y * y).sum(), {"y": y}

    (value, aux), gradient = value_and_grad(loss, has_aux=True)(array(1, 2), scale=3.0)
    close(value, 45)
    close(gradient, [18, 36])
    close(aux["y"], [3, 6])
    assert not value.requires_grad
    assert not aux["y"].requires_grad
    assert not gradient.requires_grad


def test_argnums_several_and_negative():
    product = lambda x, y, z: (x * y * z).sum()  # noqa: E731
    gx, gz = grad(product, argnums=(0, -1))(array(2), array(3), array(5))
    close(gx, [15])
    close(gz, [6])


def test_trees_keep_their_structure():
    Pair = namedtuple("Pair", "a b")

    def loss(p):
        return (p["w"] * p["w"]).sum() + p["list"][0].sum() * 3 + (p["pair"].a * p["pair"].b).sum()

    params = {"w": array(1, 2), "list": [array(4)], "pair": Pair(array(5), (array(7),)[0])}
    g = grad(loss)(params)
    assert list(g) == ["w", "list", "pair"]
    assert isinstance(g["pair"], Pair)
    close(g["w"], [2, 4])
    close(g["list"][0], [3])
    close(g["pair"].a, [7])
    close(g["pair"].b, [5])


def test_independent_input_gives_zeros():
    gx, gy = grad(lambda x, y: (x * x).sum(), argnums=(0, 1))(array(1, 2), array(3, 4, 5))
    close(gx, [2, 4])
    close(gy, [0, 0, 0])
    close(grad(lambda x: tw.asarray(1.0))(array(1, 2)), [0, 0])


@pytest.mark.parametrize(
    ("function", "argument", "error", "message"),
    [
        (lambda x: x * 2, array(1, 2), ValueError, r"value_and_grad: the function returned float64 of shape \(2,\)"),
        (lambda x: 3.0, array(1), ValueError, "returned a float"),
        (lambda x: x.sum().astype("int64"), array(1), ValueError, "returned int64"),
        (lambda x: x.sum(), tw.asarray([1, 2]), TypeError, "argument of dtype int64"),
    ],
)
def test_grad_errors(function, argument, error, message):
    with pytest.raises(error, match=message):
        grad(function)(argument)


def test_transforms_take_functions():
    for transform in (grad, value_and_grad, jacobian, hessian, vjp):
        with pytest.raises(TypeError, match=r"not a Tensor; gradients\(outputs, inputs\) takes tensors"):
            transform(array(1), 0)
    with pytest.raises(TypeError, match="hvp: takes a function, not a int"):
        hvp(3, (array(1),), (array(1),))


def test_argnums_out_of_range():
    with pytest.raises(ValueError, match="argnums is 1, but the function was called with 1 arguments"):
        grad(lambda x: x.sum(), argnums=1)(array(1))


def test_nested_grad():
    cube = lambda x: x * x * x  # noqa: E731
    x = tw.asarray(2.0, dtype="float64")
    close(grad(cube)(x), 12)
    close(grad(grad(cube))(x), 12)
    close(grad(grad(grad(cube)))(x), 6)
    close(grad(grad(grad(grad(cube))))(x), 0)


def test_nested_grad_does_not_confuse_perturbations():
    # d/dx (x * d/dy (x + y)) = 1, where a confusion of x and y gives 2
    x = tw.asarray(1.0, dtype="float64")
    close(grad(lambda x: x * grad(lambda y: x + y)(x * 1.0))(x), 1)
    close(grad(lambda x: x * grad(lambda y: x * y)(tw.asarray(3.0, dtype="float64")))(x), 2)


def test_grad_is_differentiable_in_what_the_function_closes_over():
    w = array(1, 2, requires_grad=True)
    slope = grad(lambda x: (w * x * x).sum())(array(3, 5))
    slope.sum().backward()
    close(w.grad, [6, 10])


def test_no_grad_around_a_transform_only_turns_off_the_outer_recording():
    w = array(1, 2, requires_grad=True)
    with no_grad():
        value, slope = value_and_grad(lambda x: (w * x * x).sum())(array(3, 5))
    assert not value.requires_grad
    assert not slope.requires_grad
    close(slope, [6, 20])


def test_gradients_do_not_share_memory():
    gx, gy = grad(lambda x, y: (x + y).sum(), argnums=(0, 1))(array(1, 2), array(3, 4))
    gx[0] = 7.0
    close(gy, [1, 1])
    cotangent = array(1, 2)
    (back,) = vjp(lambda x: x + 0.0, array(0, 0))[1](cotangent)
    back[0] = 9.0
    close(cotangent, [1, 2])


def test_vjp_may_be_pulled_back_repeatedly():
    value, pullback = vjp(lambda x, y: {"p": x * y, "s": x + y}, array(2, 3), array(5, 7))
    close(value["p"], [10, 21])
    for factor in (1.0, 2.0):
        gx, gy = pullback({"p": array(factor, 0), "s": array(0, factor)})
        close(gx, [5 * factor, factor])
        close(gy, [2 * factor, factor])


def test_vjp_errors():
    _, pullback = vjp(lambda x: x * 2, array(1, 2))
    with pytest.raises(ValueError, match=r"vjp: cotangent has shape \(3,\), but what it belongs to has \(2,\)"):
        pullback(array(1, 2, 3))
    with pytest.raises(ValueError, match="vjp: got 2 cotangents, but needs 1"):
        pullback((array(1, 2), array(1, 2)))
    with pytest.raises(TypeError, match="vjp: the function returned a float"):
        vjp(lambda x: 1.0, array(1, 2))


def test_pullback_is_differentiable_in_its_cotangent():
    u = array(1, 2, requires_grad=True)
    _, pullback = vjp(lambda x: tw.sin(x), array(0.5, 1.5))
    (g,) = pullback(u)
    g.sum().backward()
    close(u.grad, np.cos([0.5, 1.5]))


def test_jvp_against_formula():
    x, v = array(0.3, -1.2), array(2, 0.5)
    value, tangent = jvp(lambda x: tw.exp(tw.sin(x)), (x,), (v,))
    close(value, np.exp(np.sin(x.numpy())))
    close(tangent, np.exp(np.sin(x.numpy())) * np.cos(x.numpy()) * v.numpy())
    assert not tangent.requires_grad


def test_jvp_of_several_arguments_and_results():
    (p, s), (dp, ds) = jvp(lambda x, y: (x * y, x.sum()), (array(2, 3), array(5, 7)), (array(1, 0), array(0, 1)))
    close(dp, [5, 3])
    close(ds, 1)
    close(p, [10, 21])
    close(s, 5)


def test_jvp_where_nothing_depends():
    value, tangent = jvp(lambda x: tw.asarray([1.0, 2.0]), (array(1),), (array(1),))
    close(tangent, [0, 0])
    close(value, [1, 2])


def test_jvp_nests_in_grad():
    # d/dx of sin'(x) * 1 is -sin(x)
    derivative = grad(lambda x: jvp(tw.sin, (x,), (tw.asarray(1.0, dtype="float64"),))[1])
    close(derivative(tw.asarray(0.7, dtype="float64")), -math.sin(0.7))


def test_jvp_shape_error():
    with pytest.raises(ValueError, match="jvp: tangent has shape"):
        jvp(tw.sin, (array(1, 2),), (array(1),))


def test_jacobian_shapes_and_values():
    matrix = tw.asarray(A)
    j = jacobian(lambda x: matrix @ x)(array(1, 2, 3))
    close(j, A)
    j = jacobian(lambda x: tw.reshape(x, (2, 1)) * tw.reshape(x, (1, 2)))(array(2, 3))
    assert j.shape == (2, 2, 2)
    close(j, [[[4, 0], [3, 2]], [[3, 2], [0, 6]]])
    assert jacobian(lambda x: x.sum())(array(1, 2)).shape == (2,)
    assert jacobian(lambda x: x[:0])(array(1, 2)).shape == (0, 2)


def test_jacobian_of_trees():
    j = jacobian(lambda p, q: {"sum": p["a"] + q, "a": p["a"] * 2}, argnums=(0, 1))({"a": array(1, 2)}, array(3, 4))
    close(j["sum"][0]["a"], np.eye(2))
    close(j["sum"][1], np.eye(2))
    close(j["a"][0]["a"], 2 * np.eye(2))
    close(j["a"][1], np.zeros((2, 2)))


def test_hessian_and_hvp():
    x, v = array(1, -2, 3), array(0.5, 0, -1)
    h = (A + A.T) / 2
    close(hessian(quadratic)(x), h)
    close(hvp(quadratic, (x,), (v,))[0], h @ v.numpy())
    rosenbrock = lambda x: 100 * (x[1] - x[0] * x[0]) ** 2 + (1 - x[0]) ** 2  # noqa: E731
    close(hessian(rosenbrock)(array(1, 1)), [[802, -400], [-400, 200]], 1e-9)


def test_hessian_of_two_arguments():
    h = hessian(lambda x, y: (x * x * y).sum(), argnums=(0, 1))(array(2), array(3))
    close(h[0][0], [[6]])
    close(h[0][1], [[4]])
    close(h[1][0], [[4]])
    close(h[1][1], [[0]])


def test_hvp_is_differentiable():
    w = array(2, requires_grad=True)
    (product,) = hvp(lambda x: (w * x * x * x).sum(), (array(5),), (array(1),))
    close(product, [60])
    product.sum().backward()
    close(w.grad, [30])


def test_gradients_of_recorded_outputs():
    x = array(1, 2, requires_grad=True)
    h = x * x
    gx, gh = gradients((h * h).sum(), [x, h], retain_graph=True)
    close(gh, [2, 8])
    close(gx, [4, 32])
    assert x.grad is None
    got = gradients({"a": h, "b": [h.sum()]}, {"x": x}, {"a": array(1, 0), "b": [1.0]}, retain_graph=False)
    close(got["x"], [4, 4])


def test_gradients_errors_and_zeros():
    x, y = array(1, requires_grad=True), array(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"an output of shape .* does not require grad"):
        gradients(array(1), x)
    with pytest.raises(RuntimeError, match="an input is not a tensor that requires grad"):
        gradients(x * 2, array(1))
    with pytest.raises(RuntimeError, match="pass grad_outputs of that shape"):
        gradients(tw.concatenate([x, y]), x)
    close(gradients(x * 2, y), [0])


def test_gradients_leaves_unrelated_branches_alone():
    x, y = array(1, requires_grad=True), array(2, requires_grad=True)
    side = tw.exp(y)
    total = (x * side).sum()
    close(gradients(total, x), [math.exp(2)])
    side.sum().backward()  # was not on the way to x, so not freed
    close(y.grad, [math.exp(2)])


def test_integer_results_carry_no_gradient():
    x = array(3, 1, 2, requires_grad=True)
    for y in (tw.argmax(x), x > 1, tw.floor(x).astype("int64"), x.astype("int64"), tw.isfinite(x)):
        assert not y.requires_grad


# ---- checkpoint ------------------------------------------------------------------------------------------------------


def block(x, w):
    return tw.tanh(x * w) * tw.exp(-x)


def test_checkpoint_gives_the_same_gradients_without_keeping_anything():
    results = []
    for run in (block, lambda x, w: checkpoint(block, x, w)):
        x, w = array(0.5, -1, requires_grad=True), array(2, 3, requires_grad=True)
        run(x, w).sum().backward()
        results.append((x.grad.numpy().tolist(), w.grad.numpy().tolist()))
    assert results[0] == results[1]


def test_checkpoint_calls_again_once_and_reaches_closed_over_parameters():
    calls = []
    w = array(2, requires_grad=True)

    def counted(x):
        calls.append(1)
        return tw.exp(x * w) * w

    checkpoint(counted, array(0.5)).sum().backward()
    assert len(calls) == 2
    close(w.grad, [math.e * 2])


def test_checkpoint_repeats_random_numbers_and_leaves_the_generator_alone():
    x = tw.ones(64, dtype="float64").requires_grad_()
    tw.random.seed(3)
    y = checkpoint(lambda x: tw.exp(x) * tw.random.normal(size=64, dtype="float64"), x)
    after = tw.random.default_generator.state
    y.sum().backward()
    assert tw.random.default_generator.state == after
    close(x.grad, y.detach().numpy())


def test_checkpoint_nests_retains_and_differentiates_twice():
    x = array(0.3, 0.8, requires_grad=True)
    nested = lambda x: checkpoint(lambda x: tw.sin(checkpoint(tw.exp, x) * x), x)  # noqa: E731
    y = nested(x).sum()
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    expected = grad(lambda x: tw.sin(tw.exp(x) * x).sum())(x.detach())
    close(x.grad, 2 * expected.numpy())
    check_grads(nested, array(0.3, 0.8), order=2)


def test_checkpoint_saves_memory():
    def deep(x):
        for _ in range(20):
            x = tw.tanh(x)
        return x

    def peak(run):
        x = tw.ones(1 << 16).requires_grad_()
        start = tw.memory.stats()["in_use"]
        y = run(x)
        held = tw.memory.stats()["in_use"] - start
        y.sum().backward()
        return held

    assert peak(lambda x: checkpoint(deep, x)) * 10 < peak(deep)


def test_checkpoint_errors():
    x = array(1, 2, requires_grad=True)
    copy = x * 1.0
    y = checkpoint(tw.exp, copy)
    with no_grad():
        copy[0] = 5.0
    with pytest.raises(RuntimeError, match=r"checkpoint: an argument of shape .* was written in place since"):
        y.sum().backward()

    calls = []

    def fickle(x):
        calls.append(1)
        return tw.exp(x) if len(calls) == 1 else tw.sin(x)

    y = checkpoint(fickle, x)
    with pytest.raises(RuntimeError, match="checkpoint: called again, fickle recorded other ops"):
        y.sum().backward()


# ---- check_grads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_check_grads_accepts_right_gradients(dtype):
    x = tw.asarray([[0.5, -1.0, 2.0]], dtype=dtype)
    w = tw.asarray([[1.0], [0.5], [-0.25]], dtype=dtype)
    check_grads(lambda p: {"y": tw.tanh(p["x"] @ p["w"])}, {"x": x, "w": w}, order=2)


class Wrong(tw.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * y, g * x * 1.001


def test_check_grads_finds_wrong_gradients_and_names_the_input():
    message = r"check_grads: the gradient for argument 1\['y'\], shape \(3,\), gives a directional derivative of"
    with pytest.raises(AssertionError, match=message):
        check_grads(lambda x, p: Wrong.apply(x, p["y"]), array(1, 2, 3), {"y": array(4, 5, 6)})


class WrongSecond(tw.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0].detach() * 2


def test_check_grads_finds_wrong_second_derivatives():
    check_grads(WrongSecond.apply, array(1, 2))
    with pytest.raises(AssertionError, match=r"argument 0 \(second order\)"):
        check_grads(WrongSecond.apply, array(1, 2), order=2)


def test_check_grads_rejects_nonsense():
    with pytest.raises(ValueError, match="no argument is a tensor of a floating or complex dtype"):
        check_grads(tw.exp, 1.0)
    with pytest.raises(ValueError, match="order is 3"):
        check_grads(tw.exp, array(1), order=3)


def test_assert_allclose_names_the_worst_element():
    from tilewright.testing import assert_allclose

    assert_allclose([1.0, math.nan, math.inf], [1.0, math.nan, math.inf])
    with pytest.raises(AssertionError, match=r"logits: 9.0 instead of 4.0 at index \(1, 1\)"):
        assert_allclose([[1.0, 2.5], [3.0, 9.0]], [[1.0, 2.0], [3.0, 4.0]], what="logits")
    with pytest.raises(AssertionError, match=r"shape \(2,\), but expected \(1,\)"):
        assert_allclose([1.0, 2.0], [1.0])
    with pytest.raises(AssertionError):
        assert_allclose([1.0], [math.inf])
