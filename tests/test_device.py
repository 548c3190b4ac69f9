"""Devices: where tensors lie, how they move, and that nothing looks at elements behind a device's back.

Most of it needs a second device: the build option TILEWRIGHT_TEST_DEVICE has one, "test", whose memory is closed but
while one of its ops runs. `.ci/run` makes such a build and runs this file, and the op cases, on it.
"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tilewright as tw
from cases import CASES, opcase
from cases.opcase import Sample, results
from test_modules import CASES as MODULE_CASES
from tilewright import _core, models, nn

HAS_TEST_DEVICE = hasattr(_core, "stray_read_in_op")
on_test_device = pytest.mark.skipif(not HAS_TEST_DEVICE, reason="this build has no device but the CPU")
D = "test:0"

# Ops that have to read data on the host, and what for; nothing else moves it there.
READERS = {
    "index": "an index, or a class, that is out of bounds is named; a 0-d tensor in a key is an integer",
    "multinomial": "a weight that is refused is named",
    "power": "integers to a negative power are refused",
    "cross_entropy": "a target that is no class is named",
    "ctc_loss": "a length, or a target, that is out of range is named",
    "linalg": "LAPACK works on the host",
    "fft": "NumPy's transforms work on the host",
    "item": "the value is asked for; the gradient of prod asks whether it may divide, one_hot for the largest class, "
    "losses whether a target is a class, unpooling whether an index is inside, embedding_bag whether offsets are, and "
    "for the longest bag; and by what `ASKING` names",
    "repeat": "the length of the result is the sum of the counts",
    "delete": "places are counted",
    "insert": "places are put in order",
    "tolist": "the values are asked for",
    "numpy": "the values are asked for",
    "repr": "the values are shown",
    "save": "files are written by the host",
    "asarray": "tensors in a list are taken for numbers",
}


# Composed functions that read, beside those of `linalg` and `fft`.
ASKING = {
    **dict.fromkeys(("allclose", "array_equal"), ("item",)),  # their result is Python's
    **dict.fromkeys(("average", "geomspace", "nanargmax", "nanargmin"), ("item",)),  # zeros and NaN are refused
    **dict.fromkeys(("digitize", "isin", "searchsorted", "setdiff1d", "interp"), ("item",)),  # of NaN and of order
    **dict.fromkeys(("bincount", "histogram", "histogram2d", "histogramdd", "histogram_bin_edges"), ("item",)),  # ends
    **dict.fromkeys(("argwhere", "nanprod", "prod"), ("item",)),  # of 0-d arrays, and in gradients
    "cofactors": ("linalg",),
    **dict.fromkeys(("polyfit", "roots"), ("linalg", "item")),
    "repeat": ("repeat", "item"),
}


# ---- any build -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda d: tw.zeros(2, device=d),
        lambda d: tw.ones(2, device=d),
        lambda d: tw.full(2, 3, device=d),
        lambda d: tw.empty(2, device=d),
        lambda d: tw.arange(2, device=d),
        lambda d: tw.linspace(0, 1, 2, device=d),
        lambda d: tw.eye(2, device=d),
        lambda d: tw.zeros_like([1.0], device=d),
        lambda d: tw.ones_like([1.0], device=d),
        lambda d: tw.full_like([1.0], 2, device=d),
        lambda d: tw.empty_like([1.0], device=d),
        lambda d: tw.asarray([1.0], device=d),
        lambda d: tw.asarray(tw.ones(2), device=d),
        lambda d: tw.ones(2).to(d),
        lambda d: nn.Linear(2, 3).to(d),
        lambda d: tw.random.uniform(size=2, device=d),
        lambda d: tw.random.normal(size=2, device=d),
        lambda d: tw.random.standard_normal(2, device=d),
        lambda d: tw.random.integers(5, size=2, device=d),
        lambda d: tw.random.bernoulli(0.5, 2, device=d),
    ],
)
def test_unknown_and_absent_devices_are_refused(make):
    for name in ("gpu", "cpu:1", "cuda:x", "cuda:", "cuda:300", "cuda:-1", ""):
        with pytest.raises(
            ValueError, match=rf'\w+: device is "{name}", but must be "cpu", or a name such as "cuda:0"'
        ):
            make(name)
    for name in ("cuda", "cuda:0", "cuda:7"):
        number = name.partition(":")[2] or "0"
        with pytest.raises(
            ValueError, match=rf"\w+: device is cuda:{number}, but this build and machine have only cpu"
        ):
            make(name)
    for value in (0, 1.5, ["cpu"], b"cpu"):
        with pytest.raises(TypeError, match=r'device is .* but must be a str such as "cpu"'):
            make(value)
    make("cpu")


def test_nothing_is_drawn_for_a_device_that_there_is_not():
    generator = tw.random.Generator(3)
    before = generator.state
    for draw in (generator.uniform, generator.normal, generator.integers, generator.bernoulli):
        with pytest.raises(ValueError, match="device"):
            draw(*((5,) if draw == generator.integers else ()), size=4, device="cuda")
    assert generator.state == before


def test_on_the_cpu_to_gives_the_tensor_itself():
    x = tw.ones(3)
    assert x.device == "cpu"
    assert x.to("cpu") is x
    assert tw.asarray(x, device="cpu") is x


# ---- a second device -------------------------------------------------------------------------------------------------


@on_test_device
def test_there_and_back():
    values = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    x = tw.asarray(values, device="test")
    assert x.device == D
    assert x.shape == (3, 4)
    for there in (x, x.T, x[::-1, 1::2], x[:, None], x[:0]):
        want = there.to("cpu")
        assert want.device == "cpu"
        np.testing.assert_array_equal(there.numpy(), want.numpy())
        np.testing.assert_array_equal(there.tolist(), want.tolist())
    np.testing.assert_array_equal(x.T[::2].numpy(), values.T[::2])
    assert repr(x) == repr(tw.asarray(values))
    assert x[1, 2].item() == 6.0
    assert float(x.sum()) == 66.0
    assert tw.asarray(x, dtype="float64").device == D
    assert tw.zeros_like(x).device == D
    assert tw.zeros_like(x, device="cpu").device == "cpu"


@on_test_device
def test_gradients_come_back_to_where_the_leaf_is():
    x = tw.asarray([1.0, -2.0, 3.0], requires_grad=True)
    y = x.to(D)
    assert y.requires_grad
    (y * y).sum().backward()
    assert x.grad.device == "cpu"
    np.testing.assert_array_equal(x.grad.numpy(), [2.0, -4.0, 6.0])
    there = tw.asarray([2.0], device=D, requires_grad=True)
    (there.to("cpu") ** 3).backward(create_graph=True)
    g, there.grad = there.grad, None
    assert g.device == D
    g.backward()
    np.testing.assert_allclose(there.grad.numpy(), [12.0])


# They compute nothing of their arrays together: each result is one of them, or only shapes are read.
NOT_TOGETHER = ("broadcast_arrays", "meshgrid", "einsum_path")


@on_test_device
def test_two_devices_are_refused_by_every_op_case():
    """Where an op takes several arrays, one of them elsewhere is an error that names both, or it is no operand."""
    refused = 0
    for case in CASES:
        sample = case.differentiable() or case.samples[0]
        dtype = case.dtypes[0]
        places = len(opcase.arrays(sample.args))
        if places < 2 or case.name in NOT_TOGETHER:
            continue
        for moved in range(places):
            count = iter(range(places))
            args = Sample.map(lambda x, at=moved, n=count: x.to(D if next(n) == at else "cpu"), sample.draw(dtype))
            if case.name.startswith("getitem") and moved == 0:  # an index may come from the CPU
                assert case.function(*args, **sample.kwargs).device == D
                continue
            with pytest.raises(ValueError, match=r"is on (test:0|cpu)(, but .* is on (test:0|cpu))?"):
                case.function(*args, **sample.kwargs)
            refused += 1
    assert refused > 80


@on_test_device
def test_array_likes_go_where_the_tensor_is():
    x = tw.arange(6, dtype="float32", device=D).reshape(2, 3)
    np.testing.assert_array_equal((x + np.ones(3, np.float32)).numpy(), x.numpy() + 1)
    np.testing.assert_array_equal((x * [1.0, 2.0, 3.0]).numpy(), x.numpy() * [1, 2, 3])
    np.testing.assert_array_equal(x[[1, 0]].numpy(), x.numpy()[[1, 0]])
    np.testing.assert_array_equal(x[np.array([True, False])].numpy(), x.numpy()[:1])
    x[0] = [7.0, 8.0, 9.0]
    np.testing.assert_array_equal(x[0].numpy(), [7, 8, 9])
    assert (x == None).device == D  # noqa: E711
    loss = nn.functional.cross_entropy(x, [2, 0])
    assert loss.device == D
    assert loss.item() == pytest.approx(nn.functional.cross_entropy(x.to("cpu"), [2, 0]).item())


# Composed functions of several arrays; each is called with one of them here, and with lists in place of the others.
SEVERAL = {
    "append": (tw.append, [1.0, 2.0], [3.0]),
    "average": (lambda x, w: tw.average(x, weights=w), [1.0, 2.0], [3.0, 1.0]),
    "bincount": (lambda x, w: tw.bincount(x, weights=w), [1, 0, 1], [3.0, 1.0, 2.0]),
    "concatenate": (lambda *xs: tw.concatenate(xs, axis=None), [1.0, 2.0], [[3.0]]),
    "convolve": (tw.convolve, [1.0, 2.0, 3.0], [0.5, 1.0]),
    "cov": (lambda m, y, w: tw.cov(m, y, aweights=w), [1.0, 2.0, 4.0], [0.5, 1.0, 0.0], [1.0, 2.0, 1.0]),
    "diff": (lambda x, end: tw.diff(x, append=end), [1.0, 2.0], [3.0]),
    "digitize": (tw.digitize, [1.0, 2.5], [0.0, 2.0]),
    "ediff1d": (lambda x, end: tw.ediff1d(x, to_end=end), [1.0, 2.0], [3.0]),
    "float_power": (tw.float_power, [1.0, 2.0], [3.0, 2.0]),
    "geomspace": (lambda a, b: tw.geomspace(a, b, 3), [1.0, 2.0], [3.0, 2.0]),
    "gradient": (tw.gradient, [1.0, 2.0, 5.0], [0.0, 2.0, 3.0]),
    "histogram": (lambda x, w: tw.histogram(x, 2, weights=w)[0], [1.0, 2.0, 5.0], [0.0, 2.0, 3.0]),
    "hstack": (lambda *xs: tw.hstack(xs), [1.0, 2.0], [3.0]),
    "insert": (lambda x, v: tw.insert(x, 1, v), [1.0, 2.0], [3.0]),
    "interp": (tw.interp, [1.0, 2.0], [0.0, 3.0], [5.0, 6.0]),
    "intersect1d": (tw.intersect1d, [1.0, 2.0], [2.0, 3.0]),
    "isclose": (tw.isclose, [1.0, 2.0], [2.0, 2.0], [0.0, 0.0], [0.0, 1.0]),
    "isin": (tw.isin, [1.0, 2.0], [2.0, 3.0]),
    "lexsort": (lambda *xs: tw.lexsort(xs), [1.0, 2.0], [2.0, 1.0]),
    "logspace": (lambda a, b: tw.logspace(a, b, 3), [1.0, 2.0], [3.0, 2.0]),
    "percentile": (tw.percentile, [1.0, 2.0], [50.0, 25.0]),
    "piecewise": (lambda x, mask: tw.piecewise(x, [mask], [1.0, 2.0]), [1.0, 2.0], [True, False]),
    "polyfit": (lambda x, y, w: tw.polyfit(x, y, 1, w=w), [1.0, 2.0, 3.0], [2.0, 1.0, 1.0], [1.0, 1.0, 2.0]),
    "polyval": (tw.polyval, [1.0, 2.0], [2.0, 1.0, 1.0]),
    "searchsorted": (tw.searchsorted, [1.0, 2.0], [2.0, 1.0, 1.0]),
    "select": (lambda c, x, d: tw.select([c], [x], d), [True, False], [2.0, 1.0], [3.0, 4.0]),
    "setdiff1d": (tw.setdiff1d, [1.0, 2.0], [2.0, 3.0]),
    "trapezoid": (tw.trapezoid, [1.0, 2.0], [2.0, 3.0]),
    "union1d": (tw.union1d, [1.0, 2.0], [2.0, 3.0]),
}
# Those that go by whichever of their arrays is a tensor, not by the first alone.
SYMMETRIC = (
    *("append", "concatenate", "convolve", "digitize", "float_power", "geomspace", "hstack", "interp", "intersect1d"),
    *("isin", "lexsort", "logspace", "polyval", "searchsorted", "select", "setdiff1d", "union1d"),
)


@on_test_device
@pytest.mark.parametrize("name", SEVERAL)
def test_lists_beside_a_tensor_go_where_it_is(name):
    function, *lists = SEVERAL[name]
    want = function(*map(tw.asarray, lists))
    for there in range(len(lists)) if name in SYMMETRIC else [0]:
        got = function(*[tw.asarray(x, device=D) if i == there else x for i, x in enumerate(lists)])
        assert got.device == D
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-6)


@on_test_device
def test_what_reads_memory_itself_is_refused():
    x = tw.ones(3, device=D)
    with pytest.raises(BufferError, match="on test:0"):
        memoryview(x._array)
    with pytest.raises(BufferError, match="on test:0"):
        x.__dlpack__()
    with pytest.raises(BufferError, match="on test:0"):
        np.from_dlpack(x)
    np.testing.assert_array_equal(np.asarray(x), np.ones(3))


@on_test_device
def test_copies_stay_and_pickles_arrive_on_the_cpu():
    x = tw.asarray([1.0, 2.0], device=D, requires_grad=True)
    assert copy.deepcopy(x).device == D
    assert copy.copy(x).device == D
    loaded = pickle.loads(pickle.dumps(x))
    assert loaded.device == "cpu"
    np.testing.assert_array_equal(loaded.detach().numpy(), [1.0, 2.0])


@on_test_device
@pytest.mark.parametrize("case", MODULE_CASES, ids=str)
def test_modules_compute_there_what_they_compute_here(case):
    """Whatever a module makes on its way, tables and masks, lies where its input does."""
    here, inputs = case.make(), [x.to("cpu") for x in case.draw()]
    there = case.make().to(D)
    for want, got in zip(results(here(*inputs)), results(there(*(x.to(D) for x in inputs))), strict=True):
        assert got.device == D
        np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), rtol=1e-5, atol=1e-6)


def ints(*shape):
    return tw.arange(int(np.prod(shape))).reshape(shape) % 3


def floats(*shape):
    return tw.random.Generator(5).uniform(-1, 1, shape)


# Networks, and functions that take lengths: how each is made, and what it is called with.
NETWORKS = {
    "lengths": (lambda: nn.AdditiveAttention(3, 3, 4), (floats(2, 4, 3), floats(2, 5, 3), None, None, [5, 2])),
    "ALiBi": (lambda: nn.ALiBi(3), (2, 5)),
    "RelativeBias": (lambda: nn.RelativeBias(3), (2, 5)),
    "weights": (lambda: nn.MultiheadAttention(4, 2), (*[floats(3, 2, 4)] * 3, None, True, None, True, True)),
    "LeNet": (lambda: models.LeNet(variant="paper"), (floats(1, 1, 32, 32),)),
    "ResNet": (lambda: models.ResNet(models.BasicBlock, [1, 1], 3, width=2, stem="small", shortcut="padding"),
               (floats(2, 3, 8, 8),)),
    "ViT": (lambda: models.VisionTransformer(8, 4, 1, 2, 4, 6, num_classes=3), (floats(2, 3, 8, 8),)),
    "PixelCNN": (lambda: models.PixelCNN(3, width=4, num_layers=1, kernel_size=3), (ints(2, 1, 3, 4),)),
    "WaveNet": (lambda: models.WaveNet(3, 2, 2, 2, layers=2, stacks=1), (ints(2, 4),)),
    "BERT": (lambda: models.BERT(3, 4, 1, 2, 3, 5), (ints(2, 4), ints(2, 4) > 0)),
    "GPT2": (lambda: models.GPT2(5, 6, 4, 1, 2), (ints(2, 4),)),
    "LLaMA": (lambda: models.LLaMA(5, 6, 4, 1, 2), (ints(2, 4),)),
    "Transformer": (lambda: models.Transformer(7, 5, 4, 2, 1, 1, 3), (ints(2, 4), ints(2, 3), [4, 2])),
    "Seq2Seq": (lambda: models.Seq2Seq(7, 5, 3, 4, reverse=True), (ints(2, 4), ints(2, 3), [4, 2])),
    "EpisodicReader": (lambda: models.EpisodicReader(7, 2, 3, 4), (ints(2, 4), [4, 2])),
}  # fmt: skip


@on_test_device
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_compute_there_what_they_compute_here(name):
    make, inputs = NETWORKS[name]
    made = []
    for device in ("cpu", D):
        tw.random.seed(0)
        net = make().eval().to(device)
        made.append(results(net(*Sample.map(lambda x, device=device: x.to(device), inputs))))
    for want, got in zip(*made, strict=True):
        assert got.device == D
        np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), rtol=1e-5, atol=1e-6)


@on_test_device
@pytest.mark.parametrize("optimizer", [tw.optim.SGD, tw.optim.Adam, tw.optim.AdamW])
def test_training_there_gives_the_bits_of_training_here(optimizer, tmp_path):
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((64, 5), np.float32), rng.integers(0, 3, 64)

    def train(device):
        tw.random.seed(11)
        net = nn.Sequential(nn.Linear(5, 16), nn.GELU(), nn.Dropout(0.2), nn.Linear(16, 3)).to(device)
        steps = optimizer(net.parameters(), lr=0.05, weight_decay=0.01)
        inputs, targets = tw.asarray(x, device=device), tw.asarray(t, device=device)
        for _ in range(5):
            steps.zero_grad()
            nn.functional.cross_entropy(net(inputs), targets).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            steps.step()
        return net

    here, there = train("cpu"), train(D)
    for a, b in zip(here.parameters(), there.parameters(), strict=True):
        assert b.device == D
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    tw.io.save(tmp_path / "net.safetensors", there.state_dict())
    fresh = train(D)
    fresh.load_state_dict(tw.io.load(tmp_path / "net.safetensors"))
    assert all(p.device == D for p in fresh.parameters())
    there.to("cpu")
    assert all(p.device == "cpu" and (p.grad is None or p.grad.device == "cpu") for p in there.parameters())


@on_test_device
def test_random_numbers_are_the_same_everywhere():
    for draw in (
        lambda g, d: g.uniform(-1, 2, (3, 5), device=d),
        lambda g, d: g.normal(1, 2, 7, "float64", device=d),
        lambda g, d: g.standard_normal((4, 4), device=d),
        lambda g, d: g.integers(-5, 100, 9, device=d),
        lambda g, d: g.bernoulli(0.3, 50, device=d),
        lambda g, d: tw.multinomial(tw.ones((3, 9), device=d), 5, generator=g),
        lambda g, d: tw.multinomial(tw.ones((3, 9), device=d), 5, True, generator=g),
        lambda g, d: g.permutation(tw.arange(20, device=d)),
        lambda g, d: g.choice(tw.arange(20, device=d), 6),
    ):
        here, there = draw(tw.random.Generator(4), "cpu"), draw(tw.random.Generator(4), D)
        assert there.device == D
        np.testing.assert_array_equal(here.numpy(), there.numpy())


@on_test_device
def test_data_reaches_the_host_only_where_it_is_asked_for():
    """Over all op cases, forward and backward: only the ops of a list read data."""
    seen: set[str] = set()
    for case in CASES:
        for dtype in dict.fromkeys((case.dtypes[0], "int32" if "int32" in case.dtypes else case.dtypes[-1])):
            for sample in case.calls(dtype):
                args = Sample.map(lambda x: x.to(D).detach(), sample.draw(dtype))
                for x in opcase_tensors(args):
                    x.requires_grad = bool(case.grad) and x.dtype.is_inexact
                _core.host_copies()
                outputs = case.differentiated(case.function(*args, **sample.kwargs))
                for y in outputs:
                    if y.requires_grad:
                        y.backward(tw.ones_like(y), retain_graph=True)
                copies = set(_core.host_copies())
                name = case.name.partition("[")[0].rpartition(".")[2]
                allowed = {reader for f in ("linalg", "fft") if f"{f}." in case.name for reader in (f, "item")}
                allowed |= {"power"} if "pow" in name else set()
                allowed |= set(ASKING.get(name, ()))
                allowed |= {"item"} if "_loss" in name or "unpool" in name or "bag" in name else set()
                assert copies <= allowed, f"{case} of {dtype}: {copies}"
                seen |= copies
    assert seen <= set(READERS)


def opcase_tensors(args):
    found: list[tw.Tensor] = []
    Sample.map(lambda x: found.append(x) or x, args)
    return found


@on_test_device
def test_what_reads_says_so(tmp_path):
    x = tw.arange(4, device=D)
    calls = {
        "item": lambda: x[1].item(),
        "tolist": x.tolist,
        "numpy": x.numpy,
        "repr": lambda: repr(x),
        "asarray": lambda: tw.asarray([x[0], x[1]]),
        "power": lambda: x**x,
        "index": lambda: x[tw.asarray(1, device=D)],
        "linalg": lambda: tw.linalg.inv(tw.eye(2, device=D)),
        "fft": lambda: tw.fft.fft(tw.ones(2, device=D)),
        "repeat": lambda: tw.repeat(x, tw.asarray([0, 1, 2, 0], device=D)),
        "delete": lambda: tw.delete(x, tw.asarray([0, 1], device=D)),
        "insert": lambda: tw.insert(x, tw.asarray([0, 1], device=D), 7),
    }
    for reader, call in calls.items():
        _core.host_copies()
        call()
        assert set(_core.host_copies()) == {reader}
    with pytest.raises(IndexError, match="9 is out of bounds"):
        tw.take(x, tw.asarray([1, 9], device=D))
    with pytest.raises(IndexError, match=r"target\[1\] is 5"):
        nn.functional.cross_entropy(tw.zeros((2, 3), device=D), tw.asarray([0, 5], device=D))
    with pytest.raises(IndexError, match=r"input\[1\] is 5"):
        nn.functional.one_hot(tw.asarray([0, 5], device=D), 3)
    with pytest.raises(ValueError, match=r"probs\[0\] is -1"):
        tw.multinomial(tw.asarray([-1.0, 5.0], device=D), 1)
    with pytest.raises(ValueError, match=r"input_lengths\[0\] is 4"):
        _core.ctc_loss(*[value.to(D)._array for value in map(tw.asarray, (np.zeros((3, 1, 2)), [[1]], [4], [1]))], 0)
    assert set(_core.host_copies()) == {"index", "cross_entropy", "multinomial", "ctc_loss"}
    assert nn.functional.one_hot(tw.asarray([0, 5], device=D)).shape == (2, 6)
    assert set(_core.host_copies()) == {"item"}
    tw.io.save(tmp_path / "x.safetensors", {"x": x})
    assert set(_core.host_copies()) == {"save"}
    np.testing.assert_array_equal(tw.io.load(tmp_path / "x.safetensors")["x"].numpy(), x.numpy())
    assert set(calls) | {"cross_entropy", "multinomial", "ctc_loss", "save"} == set(READERS)


@on_test_device
@pytest.mark.parametrize("planted", ["stray_read_in_op", "stray_read_in_binding"])
def test_a_stray_read_ends_the_process(python, planted):
    """Memory of the device is closed outside of its ops, or this would prove nothing."""
    code = f"""
import tilewright as tw
from tilewright import _core
x = tw.ones(3, device={{!r}})
y = (x + x).to("cpu")
print("before", y.tolist(), flush=True)
_core.{planted}(x._array)
print("after")
"""
    here = python(code.format("cpu"))
    assert here.returncode == 0, here.stderr
    assert "after" in here.stdout
    there = python(code.format("test"))
    assert there.stdout == "before [2.0, 2.0, 2.0]\n"
    assert there.returncode == -11
