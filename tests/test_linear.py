"""`linear` with its activation against the same in several ops, and products that are added to a gradient in place."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core, nn
from tilewright._functions.activations import FUSED
from tilewright.nn import functional as F

each_activation = pytest.mark.parametrize("activation", FUSED)


def array(*shape, seed=0, dtype="float32"):
    values = np.random.default_rng(seed).standard_normal(shape)
    return tw.asarray(values, dtype=dtype)


def leaf(*shape, seed=0, dtype="float32"):
    return array(*shape, seed=seed, dtype=dtype).requires_grad_()


def bits(x):
    return np.asarray(x.detach().astype("float64")).tobytes()


def unfused(x, w, b, activation):
    return FUSED[activation](F.linear(x, w, b))


# ---- forward and backward against several ops ------------------------------------------------------------------------

SHAPES = [
    ((1,), 1),
    ((4,), 5),
    ((1, 4), 5),
    ((7, 4), 1),
    ((5, 70), 33),
    ((2, 3, 4), 5),
    ((130, 20), 17),
    ((300, 9), 600),
]


def same(got, want, activation):
    """Bit for bit; but what is computed in a wider type is rounded once, and by several ops twice.

    That is so for float16 and bfloat16, and for all dtypes in the reference kernels.
    """
    assert got.dtype == want.dtype
    eps = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}[got.dtype.name]
    if got.dtype.itemsize > 2 and _core.config()["isa"] != "reference":
        eps = 0
    if not eps or activation in ("none", "relu"):
        assert bits(got) == bits(want)
    else:
        got, want = got.detach().astype("float64").numpy(), want.detach().astype("float64").numpy()
        np.testing.assert_allclose(got, want, rtol=0, atol=16 * eps * (1 + np.abs(want).max(initial=0)))


@pytest.mark.kernels
@pytest.mark.products
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize(("rows", "out"), SHAPES)
@each_activation
def test_the_same_bits_as_several_ops(activation, rows, out, dtype):
    """Forward, recorded or not, and every gradient."""
    x, w, b = leaf(*rows, dtype=dtype), leaf(out, rows[-1], seed=1, dtype=dtype), leaf(out, seed=2, dtype=dtype)
    ours, theirs = F.linear(x, w, b, activation), unfused(x, w, b, activation)
    same(ours, theirs, activation)
    assert bits(ours) == bits(F.linear(x.detach(), w.detach(), b.detach(), activation))
    g = array(*rows[:-1], out, seed=3, dtype=dtype)
    gradients = tw.autograd.gradients(ours, (x, w, b), g)
    for got, want in zip(gradients, tw.autograd.gradients(theirs, (x, w, b), g), strict=True):
        same(got, want, activation)


@pytest.mark.kernels
@pytest.mark.products
@pytest.mark.parametrize("shape", [(128, 512), (2048, 96), (4000, 10), (40, 5000), (1, 9), (9, 1)])
@each_activation
def test_backward_of_bias_and_activation_in_one_pass(activation, shape):
    """The bits of two passes, also where the cotangent and what was saved have strides of their own."""
    if activation == "none":
        with pytest.raises(ValueError, match="activation is none"):
            _core.bias_activation_backward(array(2, 2)._array, array(2, 2)._array, activation)
        return
    backward = getattr(_core, f"{activation}_backward")
    g, y = array(*shape), array(*shape, seed=1)
    views = [
        (g, y),
        (tw.broadcast_to(g[:1], shape), y),
        (tw.broadcast_to(array(1), shape), tw.flip(y)),
        (array(*shape[::-1]).T, tw.concat([y, y], axis=1)[:, ::2]),
    ]
    for a, b in views:
        dz, db = _core.bias_activation_backward(a._array, b._array, activation)
        want = backward(a._array, b._array)
        assert np.array_equal(dz, want)
        assert np.array_equal(db, _core.sum(want, 0, False))


def test_what_backward_of_bias_and_activation_refuses():
    g = array(3, 4)._array
    with pytest.raises(ValueError, match=r"bias_activation_backward: g is \(3, 4\), but what was saved is \(4,\)"):
        _core.bias_activation_backward(g, array(4)._array, "relu")
    with pytest.raises(TypeError, match="operands are float32 and float64"):
        _core.bias_activation_backward(g, array(3, 4, dtype="float64")._array, "relu")


@pytest.mark.parametrize("wanted", range(1, 8))
@each_activation
def test_only_what_is_wanted_is_computed(activation, wanted):
    """Each choice of inputs gives the gradients that all together give, to first and second order."""
    tensors = [array(3, 4, dtype="float64"), array(5, 4, seed=1, dtype="float64"), array(5, seed=2, dtype="float64")]
    chosen = [i for i in range(3) if wanted >> i & 1]

    def derivatives(leaves):
        inputs = [x.detach().requires_grad_(i in leaves) for i, x in enumerate(tensors)]
        y = F.linear(*inputs, activation)
        first = tw.autograd.gradients((y * y).sum(), [inputs[i] for i in chosen], create_graph=True)
        total = sum(((g * g).sum() for g in first), start=tw.asarray(0.0, dtype="float64"))
        return [*first, *tw.autograd.gradients(total, [inputs[i] for i in chosen])]

    for got, want in zip(derivatives(chosen), derivatives(range(3)), strict=True):
        np.testing.assert_allclose(got.detach(), want.detach(), rtol=1e-12, atol=1e-12)


@each_activation
def test_second_derivatives_are_those_of_several_ops(activation):
    def third_of(linear):
        x, w, b = leaf(6, 4, dtype="float64"), leaf(5, 4, seed=1, dtype="float64"), leaf(5, seed=2, dtype="float64")
        y = linear(x, w, b, activation)
        first = tw.autograd.gradients((y * array(6, 5, seed=3, dtype="float64")).sum(), (x, w, b), create_graph=True)
        (sum((g * g).sum() for g in first) + (y * y).sum()).backward()
        return x.grad, w.grad, b.grad

    for got, want in zip(third_of(F.linear), third_of(unfused), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


@each_activation
def test_it_is_pytorchs(activation):
    torch = pytest.importorskip("torch")
    act = {
        "none": lambda z: z,
        "gelu_tanh": lambda z: torch.nn.functional.gelu(z, approximate="tanh"),
    }.get(activation) or getattr(torch.nn.functional, activation)
    ours = nn.Linear(20, 30, activation=activation)
    theirs = torch.nn.Linear(20, 30)
    theirs.load_state_dict({name: torch.tensor(value.numpy()) for name, value in ours.state_dict().items()})
    x, g = array(50, 20), array(50, 30, seed=1)
    y = ours(x)
    y.backward(g)
    want = act(theirs(torch.tensor(x.numpy())))
    want.backward(torch.tensor(g.numpy()))
    np.testing.assert_allclose(y.detach(), want.detach(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours.weight.grad, theirs.weight.grad, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ours.bias.grad, theirs.bias.grad, rtol=1e-4, atol=1e-4)


def test_the_layer():
    layer = nn.Linear(4, 3, activation="gelu_tanh")
    assert repr(layer) == "Linear(in_features=4, out_features=3, bias=True, activation='gelu_tanh')"
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert repr(nn.Linear(4, 3, bias=False)) == "Linear(in_features=4, out_features=3, bias=False)"
    with pytest.raises(ValueError, match=r"Linear: activation is .elu., but must be .none., .relu., .gelu., "):
        nn.Linear(4, 3, activation="elu")


def test_what_is_kept_for_backward():
    """No result where none is needed, the result for relu, the argument for gelu."""
    x, w = leaf(1000, 4), leaf(1000, 4, seed=1)
    results = {}
    for activation in ("none", "relu", "gelu"):
        before = tw.memory.stats()["in_use"]
        y = F.linear(x, w, None, activation)
        node = y._node
        del y
        results[activation] = (tw.memory.stats()["in_use"] - before) // (1000 * 1000 * 4)
        assert node.plan.name == "linear"
        del node
    assert results == {"none": 0, "relu": 1, "gelu": 1}
    with tw.no_grad():
        before = tw.memory.stats()["in_use"]
        y = F.linear(x, w, None, "gelu")
        assert (tw.memory.stats()["in_use"] - before) // (1000 * 1000 * 4) == 1
        assert y._node is None


def test_writes_to_what_was_kept_are_noticed():
    for activation, message in (("relu", r"linear \(recorded at .*\(5, 3\) that was written"), ("gelu", None)):
        x, w = leaf(5, 4), leaf(3, 4, seed=1)
        y = F.linear(x, w, None, activation)
        with tw.no_grad():
            y[0] = 1.0
        if message:
            with pytest.raises(RuntimeError, match=message):
                y.sum().backward()
        else:
            y.sum().backward()


def test_mixed_dtypes_give_each_input_a_gradient_of_its_own():
    x, w, b = leaf(3, 4, dtype="float64"), leaf(5, 4, dtype="float32"), leaf(5, dtype="float16")
    y = F.linear(x, w, b, "tanh")
    assert y.dtype == tw.float64
    y.sum().backward()
    assert (x.grad.dtype, w.grad.dtype, b.grad.dtype) == (tw.float64, tw.float32, tw.float16)


def test_integers_and_bool_are_features_too():
    w, b = leaf(5, 4), leaf(5, seed=1)
    for x in (tw.asarray([[True, False, True, True]]), tw.asarray([[1, 0, 1, 1]]), [[1, 0, 1, 1]]):
        y = F.linear(x, w, b, "relu")
        same(y, F.linear(tw.asarray([[1.0, 0.0, 1.0, 1.0]]), w, b, "relu"), "relu")
        w.grad = None
        y.sum().backward()
        np.testing.assert_array_equal(w.grad[:, 1], 0)
    with pytest.raises(TypeError, match="linear: dtype int64 is not floating"):
        F.linear([[1, 2]], [[1, 2]])


def test_anomaly_mode_and_checkpoint_know_it():
    x, w = leaf(3, 4), leaf(5, 4, seed=1)
    with tw.autograd.anomaly_mode(), pytest.raises(FloatingPointError, match="linear gave NaN or inf"):
        F.linear(tw.full((3, 4), float("inf")), w, None, "relu")
    with tw.autograd.anomaly_mode(), pytest.raises(FloatingPointError, match="the gradient of linear is NaN or inf"):
        F.linear(x, w, None, "gelu").backward(tw.full((3, 5), float("inf")))
    F.linear(x, w, None, "gelu").sum().backward()
    want = bits(w.grad)
    w.grad = None
    tw.autograd.checkpoint(lambda x: F.linear(x, w, None, "gelu"), x).sum().backward()
    assert bits(w.grad) == want


# ---- products of matrices --------------------------------------------------------------------------------------------

KINDS = {
    "matmul": lambda a, b: a @ b,
    "matmul_nt": lambda a, b: a @ b.T,
    "matmul_tn": lambda a, b: np.tensordot(a, b, axes=(range(a.ndim - 1), range(b.ndim - 1))),
}


def operands(kind, rows, m, n, k, dtype):
    """For a result (rows, n), or (m, n) for tn."""
    rng = np.random.default_rng(m + n + k)
    shapes = {"matmul": ((*rows, k), (k, n)), "matmul_nt": ((*rows, k), (n, k)), "matmul_tn": ((*rows, m), (*rows, n))}
    return [tw.asarray(rng.uniform(-1, 1, shape), dtype=dtype) for shape in shapes[kind]]


@pytest.mark.kernels
@pytest.mark.products
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("kind", KINDS)
def test_products_are_added_in_place(kind, dtype):
    eps = {"float32": 2e-7, "float64": 4e-16, "float16": 1e-3, "bfloat16": 8e-3}[dtype]
    for rows, m, n, k in [
        ((), 5, 7, 3), ((1,), 1, 1, 1), ((1,), 30, 300, 64), ((6,), 1, 9, 4), ((6,), 9, 1, 4), ((2, 3), 5, 7, 9),
        ((64,), 33, 65, 100), ((300,), 200, 210, 500), ((4, 0), 5, 7, 3), ((4,), 5, 0, 3), ((4,), 5, 6, 0),
    ]:  # fmt: skip
        a, b = operands(kind, rows, m, n, k, dtype)
        want = KINDS[kind](np.asarray(a.astype("float64")), np.asarray(b.astype("float64")))
        product = getattr(_core, kind)(a._array, b._array)
        depth = np.prod(rows) if kind == "matmul_tn" else k
        close = {"rtol": 4 * eps, "atol": eps * (np.sqrt(depth) * 8 + 4)}
        np.testing.assert_allclose(np.asarray(_core.astype(product, tw.float64, True)), want, **close)
        start = array(*want.shape, dtype=dtype)
        total = start.copy()
        assert getattr(_core, f"{kind}_add_")(total._array, a._array, b._array) is None
        np.testing.assert_allclose(total.astype("float64"), start.astype("float64").numpy() + want, **close)


def test_adding_a_product_checks_first_and_may_overlap():
    total = array(4, 4)
    start = total.numpy().copy()
    x, y = array(4, 3), array(3, 5)
    with pytest.raises(ValueError, match=r"matmul_add: out is float32 \(4, 4\), but the product is float32 \(4, 5\)"):
        _core.matmul_add_(total._array, x._array, y._array)
    with pytest.raises(ValueError, match=r"matmul_add: x1 \(4, 3\) has rows of 3, but x2 is \(5, 3\)"):
        _core.matmul_add_(total._array, x._array, y.T._array)
    with pytest.raises(ValueError, match=r"matmul_add: x1 \(4, 3\) and x2 \(3, 5\) do not agree"):
        _core.matmul_tn_add_(total._array, x._array, y._array)
    with pytest.raises(TypeError, match="matmul_add: operands are float32 and float64"):
        _core.matmul_add_(total._array, x._array, array(3, 4, dtype="float64")._array)
    with pytest.raises(ValueError, match="cannot write to a broadcast view"):
        _core.matmul_add_(tw.broadcast_to(array(4), (4, 4))._array, total._array, total._array)
    assert np.array_equal(total.numpy(), start)
    _core.matmul_add_(total._array, total._array, total.T._array)
    np.testing.assert_allclose(total, start + start @ start.T, rtol=1e-6, atol=1e-6)
    wide = array(4, 8)
    before = wide.numpy().copy()
    _core.matmul_nt_add_(wide[:, ::2]._array, x._array, x._array)  # a view with gaps
    np.testing.assert_allclose(wide[:, ::2], before[:, ::2] + x.numpy() @ x.numpy().T, rtol=1e-6, atol=1e-6)
    assert np.array_equal(wide[:, 1::2].numpy(), before[:, 1::2])


# ---- Sequential ------------------------------------------------------------------------------------------------------

MODULES = [nn.ReLU, nn.GELU, lambda: nn.GELU("tanh"), nn.Tanh, nn.Sigmoid, nn.SiLU]


def pair(module, dtype="float32", sizes=(6, 5)):
    return nn.Sequential(nn.Linear(*sizes, dtype=dtype, generator=tw.random.Generator(1)), module)


def watched(module):
    """The same layers, each called on its own: a hook is a reason to."""
    module[1].register_forward_hook(lambda module, args, result: None)
    return module


def op_of(y):
    return y._node.plan.name


@pytest.mark.kernels
@pytest.mark.products
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", MODULES, ids=["relu", "gelu", "gelu_tanh", "tanh", "sigmoid", "silu"])
def test_the_same_bits_as_layers_one_by_one(make, dtype):
    for batch, sizes in (((), (6, 5)), ((7,), (6, 5)), ((130,), (70, 33)), ((3, 50), (20, 300))):
        fused, apart = pair(make(), dtype, sizes), watched(pair(make(), dtype, sizes))
        x, g = array(*batch, sizes[0], dtype=dtype), array(*batch, sizes[1], seed=1, dtype=dtype)
        runs = []
        for net in (fused, apart):
            leaf_x = x.copy().requires_grad_()
            y = net(leaf_x)
            y.backward(g)
            runs.append([op_of(y), y, leaf_x.grad, *(p.grad for p in net.parameters())])
        assert runs[0][0] == "linear" != runs[1][0]
        for got, want in zip(runs[0][1:], runs[1][1:], strict=True):
            same(got, want, "fused")
        with tw.no_grad():
            same(fused(x), apart(x), "fused")


@pytest.mark.parametrize("make", [nn.ReLU, nn.GELU])
def test_a_pair_takes_no_more_memory_than_layers_one_by_one(make):
    x = array(1000, 6).requires_grad_()
    peaks = []
    for net in (pair(make(), sizes=(6, 500)), watched(pair(make(), sizes=(6, 500)))):
        for _ in range(2):
            before = tw.memory.stats()["in_use"]
            tw.memory.reset_peak()
            y = net(x)
            (y * 2).sum().backward()
            peaks.append(tw.memory.stats()["peak"] - before)
            del y
    assert max(peaks[:2]) <= 1.02 * max(peaks[2:])


def test_layers_that_are_watched_or_changed_run_one_by_one():
    class Loud(nn.ReLU):
        def forward(self, x):
            seen.append(x.shape)
            return super().forward(x)

    x, seen = array(2, 6), []
    assert op_of(pair(nn.ReLU())(x)) == "linear"
    assert op_of(pair(nn.LeakyReLU(0.1))(x)) == "leaky_relu"
    assert op_of(pair(nn.ReLU(), "bfloat16")(x.astype("bfloat16"))) == "relu"
    assert op_of(pair(Loud())(x)) == "relu"
    assert seen == [(2, 5)]

    net = pair(nn.ReLU())
    remove = net[0].register_forward_hook(lambda module, args, result: seen.append(module))
    assert op_of(net(x)) == "relu"
    assert seen[-1] is net[0]
    remove()
    assert op_of(net(x)) == "linear"
    net[1].forward = lambda x: x * 2
    assert op_of(net(x)) == "multiply"

    net = pair(nn.ReLU())
    assert "Linear  (1, 5)" in net.summary((1, 6))
    net[0].activation = "tanh"
    assert op_of(net(x)) == "relu"
    twice = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 5), nn.Tanh(), nn.Tanh(), nn.Linear(5, 2))
    want = np.tanh(np.tanh(twice[1](twice[0](x)).detach().numpy()))
    np.testing.assert_allclose(twice(x).detach(), twice[4](tw.asarray(want)).detach(), rtol=1e-6, atol=1e-6)


def test_messages_name_the_layer_of_a_pair():
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(4, 3), nn.Tanh())
    with pytest.raises(ValueError, match="linear: weight") as caught:
        net(array(2, 6))
    assert caught.value.__notes__[0].startswith("in layer Sequential.2: Linear(in_features=4")
    with tw.autograd.anomaly_mode(), pytest.raises(FloatingPointError, match=r"linear gave NaN .*in layer .*\.0"):
        nn.Sequential(nn.Linear(6, 5), nn.Tanh())(tw.full((2, 6), float("nan")))
