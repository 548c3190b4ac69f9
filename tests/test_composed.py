"""`composed=`: fused rules where the backward pass is not recorded, the op's definition differentiated where it is.

That definitions say what their kernels do is checked in `test_ops.py`, over all cases.
"""

from __future__ import annotations

import ast
import pathlib

import numpy as np
import pytest

import test_ops
import tilewright as tw
from cases.matmul import ACTIVATIONS
from tilewright import _core, _vjps
from tilewright._engine import registry as entries
from tilewright._engine.op import primitive, wrap
from tilewright._functions.activations import BACKWARD
from tilewright._functions.dropout import dropout
from tilewright.nn import functional as F


def leaf(*shape, seed=0, dtype="float64"):
    values = np.random.default_rng(seed).uniform(0.5, 2, shape)
    return tw.asarray(values, dtype=dtype, requires_grad=True)


def bits(x):
    return np.asarray(x.detach().numpy()).tobytes()


@pytest.fixture
def calls():
    """Names of what ran."""
    return []


@pytest.fixture
def op(registry, calls):
    """`x1 * exp(x2 * power)` with rules on bare data for x1 and x2, and a definition."""

    def definition(x1, x2, power):
        calls.append("definition")
        return x1 * tw.exp(x2 * power)

    def kernel(x1, x2, power):
        return _core.multiply(x1, _core.exp(_core.multiply(x2, power)))

    @primitive(kernel=kernel, composed=definition)
    def scaled(x1, x2, /, power):
        """A fused op."""

    def of_x1(g, x2, power):
        calls.append("x1")
        return wrap(_core.multiply(g._array, _core.exp(_core.multiply(x2._array, power))))

    def of_x2(g, y, power):
        calls.append("x2")
        return wrap(_core.multiply(g._array, _core.multiply(y._array, power)))

    registry.register_vjps({}, fused={"scaled": (of_x1, of_x2)})
    return scaled


def unfused(x1, x2, power):
    return x1 * tw.exp(x2 * power)


def same(got, want, tolerance=1e-12):
    np.testing.assert_allclose(np.asarray(got.detach()), np.asarray(want.detach()), rtol=tolerance, atol=tolerance)


# ---- which of the two runs -------------------------------------------------------------------------------------------


def test_fused_rules_run_where_nothing_is_recorded(op, calls):
    x, y = leaf(3), leaf(3, seed=1)
    op(x, y, 2.0).sum().backward()
    assert calls == ["x1", "x2"]
    same(x.grad, tw.exp(y * 2))
    calls.clear()
    tw.autograd.gradients(op(x, y, 2.0).sum(), [y])
    assert calls == ["x1", "x2"], "rules of one plan"


def test_the_definition_is_differentiated_where_the_pass_is_recorded(op, calls):
    x, y = leaf(3), leaf(3, seed=1)
    got = tw.autograd.gradients(op(x, y, 2.0).sum(), [x, y], create_graph=True)
    assert calls == ["definition"]
    want = tw.autograd.gradients(unfused(x, y, 2.0).sum(), [x, y], create_graph=True)
    for a, b in zip(got, want, strict=True):
        same(a, b)
    got, want = (tw.autograd.gradients((a * a * b).sum(), [x, y]) for a, b in (got, want))
    for a, b in zip(got, want, strict=True):
        same(a, b)


def test_only_what_is_wanted_gets_a_gradient(op):
    x, y = leaf(3), leaf(3, seed=1)
    constant = y.detach()
    result = op(x, constant, 2.0)
    constant.requires_grad_()  # it was a constant when the op was recorded
    (g,) = tw.autograd.gradients(result.sum(), [x], create_graph=True)
    same(g, tw.exp(y * 2))
    assert not g.requires_grad
    (g,) = tw.autograd.gradients(op(x.detach(), y, 2.0).sum(), [y], create_graph=True)
    same(tw.autograd.gradients(g.sum(), y), 4 * unfused(x, y, 2.0))


def test_gradients_of_any_order(op):
    tw.testing.check_grads(lambda x, y: op(x, y, 2.0), leaf(3), leaf(3, seed=1), order=2)

    def third(function):
        def loss(x):
            return tw.autograd.hvp(lambda x: function(x, x, 2.0).sum(), (x,), (tw.ones(3, dtype="float64"),))[0].sum()

        return tw.autograd.grad(loss)(leaf(3))

    same(third(op), third(unfused))


def test_one_tensor_for_two_inputs(op):
    x = leaf(3)
    for create_graph in (False, True):
        (g,) = tw.autograd.gradients(op(x, x, 2.0).sum(), [x], create_graph=create_graph)
        same(g, (1 + 2 * x) * tw.exp(2 * x))


def test_broadcast_operands(op):
    x, y = leaf(3, 1), leaf(4, seed=1)
    for create_graph in (False, True):
        got = tw.autograd.gradients(op(x, y, 2.0).sum(), [x, y], create_graph=create_graph)
        for a, b in zip(got, tw.autograd.gradients(unfused(x, y, 2.0).sum(), [x, y]), strict=True):
            same(a, b)


def test_numbers_as_operands(op):
    y = leaf(3)
    for create_graph in (False, True):
        (g,) = tw.autograd.gradients(op(3.0, y, 2.0).sum(), [y], create_graph=create_graph)
        same(g, 6 * tw.exp(2 * y))


# ---- what else the tape does -----------------------------------------------------------------------------------------


def test_transforms(op):
    x, y, v = leaf(3), leaf(3, seed=1), leaf(3, seed=2).detach()

    def fused(x):
        return op(x, x * y, 0.5)

    def composed(x):
        return unfused(x, x * y, 0.5)

    transforms = [
        lambda f: tw.autograd.grad(lambda x: f(x).sum())(x),
        lambda f: tw.autograd.vjp(f, x)[1](v),
        lambda f: tw.autograd.jvp(f, (x,), (v,))[1],
        lambda f: tw.autograd.jacobian(f)(x),
        lambda f: tw.autograd.hessian(lambda x: f(x).sum())(x),
        lambda f: tw.autograd.hvp(lambda x: f(x).sum(), (x,), (v,)),
    ]
    for transform in transforms:
        for a, b in zip(tw_leaves(transform(fused)), tw_leaves(transform(composed)), strict=True):
            same(a, b)


def tw_leaves(tree):
    return list(tree) if isinstance(tree, (tuple, list)) else [tree]


def test_checkpoint(op):
    x, y = leaf(3), leaf(3, seed=1)
    for create_graph in (False, True):
        z = tw.autograd.checkpoint(lambda x: op(tw.tanh(x), y, 2.0) * 3, x)
        got = tw.autograd.gradients(z.sum(), [x, y], create_graph=create_graph)
        want = tw.autograd.gradients((unfused(tw.tanh(x), y, 2.0) * 3).sum(), [x, y], create_graph=True)
        for a, b in zip(got, want, strict=True):
            same(a, b)
        if create_graph:
            same(*[tw.autograd.gradients((g[0] * g[1]).sum(), x) for g in (got, want)])


def test_hooks_run_once(op):
    x, y = leaf(3), leaf(3, seed=1)
    seen = []
    inner = x * 2
    inner.retain_grad()
    for tensor in (x, inner):
        tensor.register_hook(lambda g: seen.append(g))
    for count, create_graph in ((2, False), (4, True)):
        op(inner, y, 2.0).sum().backward(create_graph=create_graph, retain_graph=True)
        assert len(seen) == count
    same(inner.grad, 2 * tw.exp(2 * y))
    same(seen[2], seen[0])


def test_anomaly_mode(op):
    x, y = leaf(2), tw.asarray([1.0, 400.0], dtype="float64", requires_grad=True)
    with tw.autograd.anomaly_mode():
        (g,) = tw.autograd.gradients(op(x, y, 1.0).sum(), [x], create_graph=True)
        same(g, tw.exp(y))
        z = op(x, y, 1.0)
        with pytest.raises(FloatingPointError, match="the gradient of scaled is NaN or inf"):
            tw.autograd.gradients(z, [x], tw.asarray([1.0, 1e300], dtype="float64"), create_graph=True)
        assert tw.autograd.is_grad_enabled()


def test_a_definition_may_overflow_on_the_way_in_anomaly_mode(registry):
    @primitive(kernel=_core.sigmoid, composed=lambda x: 1 / (1 + tw.exp(-x)))
    def logistic(x, /):
        """Its definition passes infinity where x is far below 0."""

    x = tw.asarray([-800.0, 0.0], dtype="float64", requires_grad=True)
    with tw.autograd.anomaly_mode():
        y = logistic(x)
        with pytest.raises(FloatingPointError, match="the gradient of logistic is NaN"):
            y.sum().backward()
        x = tw.asarray([0.0], requires_grad=True)
        logistic(x).sum().backward()
    assert x.grad.tolist() == [0.25]


def test_writes_to_what_the_definition_takes_are_noticed(op):
    x, y = leaf(3), leaf(3, seed=1)
    z = op(x, y, 2.0)
    with tw.no_grad():
        x += 1.0
    with pytest.raises(RuntimeError, match=r"scaled \(recorded at .*written in place"):
        z.sum().backward(create_graph=True)


def test_what_was_freed_is_said(op):
    x, y = leaf(3), leaf(3, seed=1)
    z = op(x, y, 2.0).sum()
    z.backward()
    with pytest.raises(RuntimeError, match="freed by an earlier backward"):
        z.backward(create_graph=True)


def test_functions_of_the_users_around_it(op):
    class Twice(tw.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return op(x, x, 1.0)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return tw.autograd.gradients(op(x, x, 1.0), x, g, create_graph=tw.autograd.is_grad_enabled())

    x = leaf(3)
    (g,) = tw.autograd.gradients(Twice.apply(x).sum(), [x], create_graph=True)
    same(g, (1 + x) * tw.exp(x))
    same(tw.autograd.gradients(g.sum(), x), (2 + x) * tw.exp(x))


# ---- ops without all rules, and with several results -----------------------------------------------------------------


def test_an_op_without_rules_is_differentiated_by_its_definition(registry):
    @primitive(kernel=lambda x, p: _core.power(x, p), composed=lambda x, p: tw.exp(tw.log(x) * p))
    def raised(x, /, p):
        """No rules."""

    x = leaf(4)
    for create_graph in (False, True):
        (g,) = tw.autograd.gradients(raised(x, 3.0).sum(), [x], create_graph=create_graph)
        same(g, 3 * x * x)
    tw.testing.check_grads(lambda x: raised(x, 3.0), x, order=2)


def test_an_input_without_a_rule_has_the_definition_serve_for_all(registry, calls):
    def of_x(g, w):
        calls.append("x")
        return g * w

    @primitive(kernel=_core.multiply, composed=lambda x, w: x * w)
    def weighed(x, w, /):
        """Only x has a rule."""

    registry.register_vjps({}, fused={"weighed": (of_x, None)})
    x, w = leaf(3), leaf(3, seed=1)
    weighed(x, w.detach()).sum().backward()
    assert calls == ["x"]
    x.grad = None
    weighed(x, w).sum().backward()
    assert calls == ["x"]
    same(x.grad, w)
    same(w.grad, x)


def test_a_definition_that_does_not_follow_an_input_gives_zero(registry):
    @primitive(kernel=_core.multiply, composed=lambda x, w: x * 2)
    def unweighed(x, w, /):
        """Its definition leaves w out."""

    x, w = leaf(3), leaf(3, seed=1)
    unweighed(x, w).sum().backward()
    assert w.grad.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("used", [(0,), (1,), (0, 1)])
def test_several_results(registry, used):
    def definition(x, w):
        return x * w, tw.exp(x)

    @primitive(
        results=("product", "power"), kernel=lambda x, w: (_core.multiply(x, w), _core.exp(x)), composed=definition
    )
    def both(x, w, /):
        """Two results."""

    x, w = leaf(3), leaf(3, seed=1)

    def loss(function, x, w):
        results = function(x, w)
        return sum((results[i] * results[i]).sum() for i in used)

    for create_graph in (False, True):
        got = tw.autograd.gradients(loss(both, x, w), [x, w], create_graph=create_graph)
        want = tw.autograd.gradients(loss(definition, x, w), [x, w])
        for a, b in zip(got, want, strict=True):
            same(a, b)
    tw.testing.check_grads(lambda x, w: loss(both, x, w), x, w, order=2)


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_a_definition_with_other_parameters_is_refused(registry):
    message = "primitive: crooked takes x, p, but its composed= takes x, q$"
    with pytest.raises(ValueError, match=message):

        @primitive(kernel=_core.power, composed=lambda x, q: x**q)
        def crooked(x, /, p):
            """Refused."""

    assert "crooked" not in registry.OPS


def test_fused_rules_without_what_is_differentiated_twice_are_refused(registry):
    @primitive(kernel=_core.exp)
    def lonely(x, /):
        """Neither rules in ops nor a definition."""

    with pytest.raises(ValueError, match="vjps: there is a fused rule for lonely, but neither"):
        registry.register_vjps({}, fused={"lonely": lambda g, y: g * y})
    with pytest.raises(ValueError, match="vjps: a rule of lonely takes z"):
        registry.register_vjps({"lonely": lambda g, y: g * y}, fused={"lonely": lambda g, z: g})
    registry.register_vjps({"lonely": lambda g, y: g * y}, fused={"lonely": lambda g, y: g * y})
    with pytest.raises(ValueError, match="vjps: there are two entries for lonely"):
        registry.register_vjps({}, fused={"lonely": lambda g, y: g * y})


def test_no_rule_asks_for_the_tapes_mode():
    for path in sorted(pathlib.Path(_vjps.__path__[0]).glob("*.py")):
        names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        assert not names & {"state", "is_grad_enabled"}, path.name


# ---- wrong definitions ----------------------------------------------------------------------------------------------


def wrong_value(y, x):
    return y * 1.001


def wrong_gradient(y, x):
    return y + 0.001 * (tw.sum(x) - tw.sum(x).detach())


@pytest.mark.parametrize("wrong", [wrong_value, wrong_gradient], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", entries.DEFINITIONS)
def test_a_wrong_definition_fails_the_case_of_its_op(name, wrong, monkeypatch):
    case = next((case for case, names in test_ops.BY_FUSED_OPS if name in names), None)
    assert case is not None, f"{name}: add an OpCase to tests/cases"
    right = entries.DEFINITIONS[name]

    def definition(*args):
        y = right(*args)
        return tuple([wrong(result, args[0]) for result in y]) if isinstance(y, tuple) else wrong(y, args[0])

    monkeypatch.setitem(entries.DEFINITIONS, name, definition)
    with pytest.raises(AssertionError):
        test_ops.check_definitions(case, "float64")
        test_ops.test_gradient(case, "float64")  # where there are no rules, the gradient is the definition's


# ---- the ops of the package ------------------------------------------------------------------------------------------


def test_every_activation_of_linear_has_an_oracle():
    assert set(ACTIVATIONS) == set(_core.activations())


def test_the_kernels_of_activations_are_differentiated_from_what_linear_keeps():
    for name, from_argument in _core.activations().items():
        if name != "none":
            assert BACKWARD[name].signature.inputs == ("g", "x" if from_argument else "y"), name


ONCE = 1000 * 1000 * 4


@pytest.mark.parametrize(
    ("function", "kept"),
    [
        (F.relu, 1.0),
        (F.sigmoid, 1.0),
        (tw.tanh, 1.0),
        (lambda x: F.softmax(x, 1), 1.0),
        (F.gelu, 1.0),
        (lambda x: F.linear(x, W, None, "relu"), 1.0),
        (lambda x: F.linear(x, W, None, "gelu"), 1.0),
        (lambda x: F.dropout(x, 0.5), 0.25),
        (lambda x: F.cross_entropy(x, T, reduction="sum"), 1.0),
    ],
)
def test_nothing_is_kept_for_the_definition_alone(function, kept):
    """Of an input that is gone, the result, and what the kernel leaves: only what the fused rules take is alive."""
    x = leaf(1000, 1000, dtype="float32")
    before = tw.memory.stats()["in_use"]
    y = function(x * 1.0)
    node = y._node
    del y
    assert kept <= (tw.memory.stats()["in_use"] - before) / ONCE < kept + 0.06, "blocks are a little larger"
    assert node.parents


W = tw.zeros((1000, 1000))
T = tw.zeros(1000, dtype="int64")


@pytest.mark.parametrize("activation", ["relu", "silu", "gelu", "gelu_tanh", "tanh", "sigmoid", "softplus", "elu"])
def test_recorded_or_not_activations_have_the_same_bits(activation):
    function = {"gelu_tanh": lambda x: F.gelu(x, "tanh"), "tanh": tw.tanh}.get(activation) or getattr(F, activation)
    x = tw.asarray(np.linspace(-40, 40, 1001), dtype="float32", requires_grad=True)
    gradients = [tw.autograd.gradients(function(x).sum(), x, create_graph=recorded) for recorded in (False, True)]
    assert bits(gradients[0]) == bits(gradients[1])


@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.5, 0.0, 1.0]])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_recorded_or_not_the_gradient_of_cross_entropy_is_finite(reduction, weight):
    """With classes that are masked, samples that are ignored, and logits far apart."""
    values = np.random.default_rng(0).standard_normal((6, 5))
    values[0, 0] = values[2, 1] = -np.inf
    values[3] = [300, -300, 0, 0, 0]
    x, target = tw.asarray(values, requires_grad=True), tw.asarray([-100, 2, 3, 0, -100, 4])
    y = F.cross_entropy(x, target, weight, reduction=reduction).sum()
    plain = tw.autograd.gradients(y, x, retain_graph=True)
    (recorded,) = tw.autograd.gradients(y, [x], create_graph=True)
    same(recorded, plain)
    assert bool(tw.isfinite(tw.autograd.gradients((recorded * recorded).sum(), x)).all())


# ---- random ops ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("create_graph", [False, True])
def test_dropout_draws_the_same_numbers_in_checkpoint(create_graph):
    x = leaf(50, 40)

    def step(x):
        return F.dropout(tw.tanh(F.dropout(x, 0.3)), 0.5) * x

    def derivatives(function):
        generator.state = start
        y = function(x)
        (g,) = tw.autograd.gradients(y.sum(), [x], create_graph=create_graph)
        after = generator.state
        second = [tw.autograd.gradients((g * g).sum(), x)] if create_graph else []
        assert generator.state == after
        return [y, g, *second], after

    generator = tw.random.default_generator
    start = generator.state
    (plain, after), (checkpointed, after_checkpoint) = (
        derivatives(function) for function in (step, lambda x: tw.autograd.checkpoint(step, x))
    )
    assert after == after_checkpoint
    for a, b in zip(plain, checkpointed, strict=True):
        assert bits(a) == bits(b)


def test_dropout_of_gradients_of_any_order():
    """The gradient drops what the result drops, in each order."""
    x = leaf(30, 20)
    y = F.dropout(x, 0.4, generator=tw.random.Generator(3))
    kept = (y != 0).astype("float64") / 0.6
    same(y, x * kept)
    (g,) = tw.autograd.gradients((y * y * y).sum(), [x], create_graph=True)
    same(g, 3 * x * x * kept**3)
    (h,) = tw.autograd.gradients(g.sum(), [x], create_graph=True)
    same(h, 6 * x * kept**3)
    same(tw.autograd.gradients(h.sum(), x), 6 * kept**3)


def test_dropout_of_everything():
    x = leaf(5)
    for create_graph in (False, True):
        (g,) = tw.autograd.gradients(F.dropout(x * x, 1.0).sum(), [x], create_graph=create_graph)
        assert g.tolist() == [0.0] * 5


def test_dropout_is_given_where_its_numbers_are_drawn_from():
    """Twice the same call has the same mask, whatever was drawn between."""
    x = tw.ones(1000)
    first = dropout(x, 0.5, 11, 4)
    F.dropout(x, 0.5)
    assert bits(dropout(x, 0.5, 11, 4)) == bits(first) != bits(dropout(x, 0.5, 11, 5))
