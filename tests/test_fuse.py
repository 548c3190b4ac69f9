"""Models whose calls of kernels are recorded and made again: `nn.fuse`."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import tilewright as tw
from cases.opcase import EPS
from tilewright import nn

rng = np.random.default_rng(7)


def drawn(*shape, dtype="float32"):
    return tw.asarray(rng.standard_normal(shape), dtype=dtype)


def values(x):
    return tw.astype(x.detach(), "float64").numpy()


def bits(x):
    return tw.astype(x.detach(), "float64").numpy().tobytes()


def evaluated(model, *args, **kwargs):
    """What the model gives in evaluation mode, its mode left as it is."""
    modes = [(m, m.training) for m in model.modules()]
    with tw.no_grad():
        y = model.eval()(*args, **kwargs)
    for module, mode in modes:
        module.training = mode
    return y


def assert_like(got, want, tolerance=None):
    """Of the same structure; equal bits, or within the tolerance beside the largest value."""
    if isinstance(want, dict):
        assert list(got) == list(want)
        got, want = list(got.values()), list(want.values())
    if isinstance(want, (tuple, list)):
        assert type(got) is type(want) and len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            assert_like(g, w, tolerance)
    elif isinstance(want, tw.Tensor):
        assert type(got) is type(want) and got.shape == want.shape and got.dtype == want.dtype
        if tolerance is None:
            assert bits(got) == bits(want)
        else:
            largest = np.abs(values(want)).max(initial=0)
            np.testing.assert_allclose(values(got), values(want), rtol=0, atol=tolerance * largest)
    else:
        assert got == want


class Residual(nn.Module):
    """A perceptron with a shortcut, normalised, and its layers used twice."""

    def __init__(self, width, dtype="float32"):
        self.first = nn.Linear(width, 2 * width, dtype=dtype)
        self.second = nn.Linear(2 * width, width, dtype=dtype)
        self.drop = nn.Dropout(0.5)
        self.gain = nn.Parameter(tw.ones(width, dtype=dtype))

    def forward(self, x):
        for _ in range(2):
            h = nn.functional.gelu(self.first(self.norm(x)))
            x = x + self.second(self.drop(h))
        return x

    def norm(self, x):
        centred = x - tw.mean(x, -1, keepdims=True)
        return centred / tw.sqrt(tw.mean(tw.square(centred), -1, keepdims=True) + 1e-5) * self.gain


class Attention(nn.Module):
    def __init__(self, width, heads, dtype="float32"):
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, dtype=dtype)
        self.out = nn.Linear(width, width, dtype=dtype)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = tw.split(self.qkv(x), 3, axis=-1)
        q, k, v = (tw.transpose(tw.reshape(t, (batch, length, self.heads, -1)), (0, 2, 1, 3)) for t in (q, k, v))
        scores = q @ tw.transpose(k, (0, 1, 3, 2)) * (width // self.heads) ** -0.5
        later = tw.triu(tw.ones((length, length), dtype="bool"), k=1)
        weights = nn.functional.softmax(tw.where(later, -1e4, scores), -1)
        return self.out(tw.reshape(tw.transpose(weights @ v, (0, 2, 1, 3)), (batch, length, width)))


class Embedded(nn.Module):
    """Indices in, several results out."""

    def __init__(self, dtype="float32"):
        self.table = nn.Parameter(drawn(11, 6, dtype=dtype))
        self.layer = nn.Linear(6, 3, activation="tanh", dtype=dtype)

    def forward(self, tokens, scale=1.0, *, both=True):
        h = tw.take(self.table, tokens, 0)
        y = self.layer(h) * scale
        return {"y": y, "parts": [h, (y.sum(), None, "text")]} if both else y


MODELS = {
    "perceptron": (lambda d: nn.Sequential(nn.Linear(7, 9, dtype=d), nn.Tanh(), nn.Linear(9, 3, dtype=d)), (5, 7)),
    "one row": (lambda d: nn.Sequential(nn.Linear(7, 9, dtype=d), nn.SiLU(), nn.Linear(9, 3, dtype=d)), (1, 7)),
    "leaky": (lambda d: nn.Sequential(nn.Linear(7, 9, False, dtype=d), nn.LeakyReLU(), nn.Sigmoid()), (2, 5, 7)),
    "residual": (lambda d: Residual(8, d), (6, 8)),
    "attention": (lambda d: Attention(8, 2, d), (2, 5, 8)),
    "embedded": (Embedded, None),
    "weight norm": (lambda d: nn.utils.parametrizations.weight_norm(nn.Linear(7, 9, dtype=d)), (5, 7)),
}


def made(name, dtype):
    build, shape = MODELS[name]
    x = tw.asarray(rng.integers(-11, 11, (4, 2))) if shape is None else drawn(*shape, dtype=dtype)
    return build(dtype), x


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_it_is_the_model(name, dtype):
    model, x = made(name, dtype)
    other = tw.flip(x, 0)
    want, want_other = evaluated(model, x), evaluated(model, other)
    exact = nn.fuse(model, x, exact=True)
    assert_like(exact(x), want)
    assert_like(exact(tw.copy(other)), want_other)
    fused = nn.fuse(model, x)
    for _ in range(2):  # results are memory of their own
        got, again = fused(x), fused(tw.copy(other))
        assert_like(got, want, 16 * EPS[dtype])
        assert_like(again, want_other, 16 * EPS[dtype])
    assert all(module.training for module in model.modules())


def test_it_is_recorded_once_for_each_kind_of_call():
    calls = []

    class Counted(Embedded):
        def forward(self, *args, **kwargs):
            calls.append(args)
            return super().forward(*args, **kwargs)

    model = Counted()
    fused = nn.fuse(model)
    x = tw.asarray([1, 2, 3])
    for args, kwargs in [
        ((x,), {}), ((x, 2.0), {}), ((x, 2), {}), ((x, 1.0), {}), ((x,), {"both": False}), ((), {"tokens": x}),
        ((tw.asarray([4]),), {}), ((tw.asarray([4, 5, 6], "int32"),), {}), ((tw.asarray([1, 2, 3, 4, 5])[::2],), {}),
        ((np.array([1, 2, 3]), 2.0), {}),
    ]:  # fmt: skip
        want = evaluated(model, *args, **kwargs)
        before = len(calls)
        assert_like(fused(*args, **kwargs), want, 1e-6)
        assert len(calls) == before + (not isinstance(args[0] if args else x, np.ndarray))
        assert_like(fused(*args, **kwargs), want, 1e-6)
        assert len(calls) == before + (not isinstance(args[0] if args else x, np.ndarray))
    assert fused.explain().count("inputs:") == 9


def test_few_kinds_of_calls_are_kept():
    layer = nn.Linear(3, 2)
    fused = nn.fuse(layer)
    for rows in range(1, 50):
        fused(tw.ones((rows, 3)))
    assert fused.explain().count("inputs:") == 32
    assert "inputs: (49, 3) float32" in fused.explain() and "(10, 3)" not in fused.explain()


# ---- weights that change ---------------------------------------------------------------------------------------------


def grown(p):
    with tw.no_grad():
        p *= 1.5


def stepped(p):
    p.grad = tw.ones_like(p.detach())
    tw.optim.SGD([p], lr=0.1).step()


@pytest.mark.parametrize("change", [
    lambda net: grown(net[0].weight),
    lambda net: stepped(net[0].weight),
    lambda net: net[0].weight.detach().copy_(tw.ones((9, 7))),
    lambda net: grown(net[0].bias),
    lambda net: setattr(net[2], "weight", nn.Parameter(tw.ones((3, 9)))),
    lambda net: setattr(net[2], "bias", None),
    lambda net: net.__setitem__(1, nn.ReLU()),
    lambda net: net.append(nn.ReLU()),
    lambda net: net.load_state_dict({k: tw.ones_like(v.detach()) for k, v in net.state_dict().items()}),
    lambda net: grown(net[3].buffer),
])  # fmt: skip
@pytest.mark.parametrize("exact", [True, False])
def test_changes_of_the_model_are_noticed(change, exact):
    class Scale(nn.Module):
        def __init__(self):
            self.register_buffer("buffer", drawn(3))

        def forward(self, x):
            return x * tw.exp(self.buffer)

    net = nn.Sequential(nn.Linear(7, 9), nn.Tanh(), nn.Linear(9, 3), Scale())
    for layer in (net[0], net[2]):
        layer.bias.detach().copy_(drawn(*layer.bias.shape))
    x = drawn(4, 7)
    fused = nn.fuse(net, x, exact=exact)
    before = fused(x)
    change(net)
    want = evaluated(net, x)
    assert bits(want) != bits(before)
    for _ in range(2):
        assert_like(fused(x), want, None if exact else 1e-6)
    assert fused.explain().count("inputs:") == 1


def test_a_number_that_python_read_from_a_weight_is_noticed():
    class Scaled(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter(tw.asarray(2.0))

        def forward(self, x):
            return x * self.scale.item() if self.scale > 0 else x

    model = Scaled()
    fused = nn.fuse(model, tw.ones(3))
    assert fused(tw.ones(3)).tolist() == [2, 2, 2]
    model.scale.detach().fill_(3.0)
    assert fused(tw.ones(3)).tolist() == [3, 3, 3]
    model.scale.detach().fill_(-1.0)
    assert fused(tw.ones(3)).tolist() == [1, 1, 1]


def test_a_number_of_what_is_written_to_later_is_noticed():
    class Written(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(tw.ones(3))

        def forward(self, x):
            h = self.weight * 2
            factor = float(h.sum())
            h += x
            return h * factor

    model = Written()
    fused = nn.fuse(model, tw.ones(3))
    model.weight.detach().fill_(2.0)
    assert_like(fused(tw.ones(3)), evaluated(model, tw.ones(3)))


def test_weights_are_converted_as_a_whole():
    net = nn.Sequential(nn.Linear(4, 3))
    fused = nn.fuse(net, tw.ones((2, 4)))
    net.astype("float64")
    x = tw.ones((2, 4), dtype="float64")
    assert_like(fused(x), evaluated(net, x), 1e-14)


# ---- memory ----------------------------------------------------------------------------------------------------------


def test_memory_does_not_grow():
    model, x = made("residual", "float32")
    fused = nn.fuse(model, x)
    fused(x)
    before = tw.memory.stats()["in_use"]
    for _ in range(3000):
        y = fused(x)
    assert tw.memory.stats()["in_use"] <= before + y.nbytes + 512


def test_the_model_goes_with_it():
    model = Residual(4)
    fused = nn.fuse(model, tw.ones((2, 4)))
    alive, program = weakref.ref(model), weakref.ref(fused)
    before = tw.memory.stats()["in_use"]
    del model, fused
    gc.collect()
    assert alive() is None and program() is None
    assert tw.memory.stats()["in_use"] < before


def test_temporaries_share_memory():
    class Chain(nn.Module):
        def forward(self, x):
            for _ in range(10):
                x = nn.functional.softmax(x, -1)
            return x

    x = drawn(64, 64)
    fused = nn.fuse(Chain(), x)
    assert fused.explain().endswith(f"temporaries: {2 * x.nbytes} bytes, {9 * x.nbytes} without a plan")
    assert_like(fused(x), Chain()(x))


def test_results_that_are_views():
    class Views(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(drawn(2, 3))

        def forward(self, x):
            y = x + 1
            return x, x[1:, ::-1], y, y.T, self.weight, tw.zeros(2), tw.asarray([1.0, 2.0]), tw.asarray(5)

    model, x = Views(), drawn(3, 4)
    fused = nn.fuse(model, x)
    for _ in range(2):
        x = x * 2
        got = fused(x)
        assert_like([t.detach() for t in got], [t.detach() for t in evaluated(model, x)])
        for part in (got[5], got[6], got[7]):
            part.fill_(9)  # the caller's own
        got[3].fill_(0)
        assert not got[2].any()
        got[0][1] = 7
        assert (x[1] == 7).all() and (got[1][0] == 7).all()
        got[4].fill_(3)
        assert (model.weight == 3).all()


def test_inputs_are_read_in_place_in_any_layout():
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    fused = nn.fuse(model)
    base = drawn(9, 12)
    for view in (base[::2, :4], base[::-1, 8:], base[:4, ::3].T, tw.broadcast_to(base[0, :4], (3, 4)), base[:0, :4]):
        for _ in range(2):
            assert_like(fused(view), evaluated(model, view), 1e-6)
    array = np.ones((2, 4), np.float32)
    first = fused(array)
    array *= 2
    assert bits(fused(array)) == bits(fused(tw.full((2, 4), 2.0))) != bits(first)
    weight = model[0].weight.detach()  # an input that is a constant, too
    assert_like(fused(weight), evaluated(model, weight), 1e-6)
    assert_like(fused(drawn(4, 4) * 0), evaluated(model, tw.zeros((4, 4))), 1e-6)


def test_what_the_host_writes_is_kept():
    class Table(nn.Module):
        def forward(self, x):
            filled = tw.asarray([0.0, 5.0, 0.0])
            y = x + filled
            filled[0] = x[0]
            counts = tw.zeros(3)
            z = x + counts
            counts += 1.0
            counts[2] = 4.0
            return y, filled * 2, z, counts * x

    fused = nn.fuse(Table(), tw.ones(3))
    for _ in range(3):
        x = drawn(3)
        assert_like(fused(x), Table()(x))


# ---- threads and nesting ---------------------------------------------------------------------------------------------


def test_the_same_bits_for_any_number_of_threads():
    model, x = nn.Sequential(nn.Linear(300, 200), nn.GELU(), nn.Linear(200, 100)), drawn(64, 300)
    fused, before = nn.fuse(model, x), tw.get_num_threads()
    try:
        results = set()
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            results.add(bits(fused(x)))
    finally:
        tw.set_num_threads(before)
    assert len(results) == 1


def test_several_threads_may_call_it():
    model = nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64))
    inputs = [drawn(rows, 64) for rows in (48, 48, 48, 5)]
    fused = nn.fuse(model)
    want = [evaluated(model, x) for x in inputs]
    wrong = []

    def work(x, y):
        for _ in range(60):
            if not np.allclose(fused(x).numpy(), y.numpy(), atol=1e-5):
                wrong.append(x.shape)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(inputs, want, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_fused_models_within_each_other():
    class Outer(nn.Module):
        def __init__(self, inner):
            self.layer = nn.Linear(3, 3)
            self.inner = inner

        def forward(self, x):
            return self.inner(self.layer(x)) + x

    inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    x = drawn(2, 3)
    outer = Outer(nn.fuse(inner, x))
    fused = nn.fuse(outer, x)
    assert_like(fused(x), evaluated(outer, x), 1e-6)
    inner[0].weight = nn.Parameter(drawn(3, 3))
    assert_like(fused(x), evaluated(outer, x), 1e-6)


def test_copies_and_pickles_record_anew():
    model, x = nn.Sequential(nn.Linear(3, 2), nn.ReLU()), drawn(4, 3)
    fused = nn.fuse(model, x, exact=True)
    for other in (copy.deepcopy(fused), pickle.loads(pickle.dumps(fused))):
        assert other.exact and other.model is not model
        assert_like(other(x), fused(x))
    assert repr(fused) == f"Fused({model!r})"


def test_ndarrays_give_ndarrays():
    import tilewright.numpy as twnp

    class Half(nn.Module):
        def forward(self, x):
            return x / 2

    fused = nn.fuse(Half())
    assert type(fused(twnp.arange(3))) is twnp.ndarray and fused(twnp.arange(3)).dtype == tw.float64
    assert type(fused(tw.arange(3))) is tw.Tensor and fused(tw.arange(3)).dtype == tw.float32
