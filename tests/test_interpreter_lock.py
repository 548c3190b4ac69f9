"""The interpreter lock is released while an op takes long, also where that is one thread's work, and else kept."""

from __future__ import annotations

import re
import sys
import threading
import time
from pathlib import Path

import pytest

import tilewright as tw
from tilewright import _core, nn, optim
from tilewright._functions import recurrent

N = 1 << 20
CSRC = Path(__file__).parent.parent / "csrc"


def floats(*shape):
    return tw.random.Generator(1).normal(size=shape or (N,))


def positions(n=N, below=N):
    return tw.random.Generator(2).integers(0, below, (n,))


def bare(*tensors):
    return [x._array for x in tensors]


def parameter():
    x = nn.Parameter(floats(4 * N))
    x.grad = floats(4 * N)
    return x


def step(optimiser):
    return lambda: optimiser([parameter()], lr=0.1)


def compressed(*shape):
    return nn.CompressedLinear(floats(*shape))


def sequences():
    """Of a GRU."""
    return floats(32 * 64, 64), floats(64, 128), floats(384, 64), floats(384, 128), None, None, (64,) * 32, False, True


# What takes long in each op of a backend, from what is made beforehand. All on one thread.
LONG = {
    "attention.forward": (lambda: floats(1, 8, 512, 64), lambda x: nn.functional.scaled_dot_product_attention(x, x, x)),
    "attention.backward": (
        lambda: nn.functional.scaled_dot_product_attention(*[floats(1, 8, 512, 64).requires_grad_()] * 3).sum(),
        lambda y: y.backward(retain_graph=True),
    ),
    "attention.bias_backward": (
        lambda: nn.functional.scaled_dot_product_attention(
            *[floats(1, 8, 512, 64)] * 3, bias=tw.zeros((1, 1, 512, 512), requires_grad=True)
        ).sum(),
        lambda y: y.backward(retain_graph=True),
    ),
    "conv.forward": (lambda: (floats(4, 32, 64, 64), floats(32, 32, 3, 3)), lambda a: nn.functional.conv2d(*a)),
    "conv.transpose": (
        lambda: (floats(4, 32, 64, 64), floats(32, 32, 3, 3)),
        lambda a: nn.functional.conv_transpose2d(*a),
    ),
    "conv.pack": (lambda: (nn.Conv2d(512, 512, 3, padding=1), floats(1, 512, 8, 8)), lambda a: nn.fuse(*a)),
    "conv.weight_gradient": (
        lambda: bare(floats(4, 32, 62, 62), floats(4, 32, 64, 64)),
        lambda a: _core.conv_weight_gradient(*a, (3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ),
    "creation.arange": (lambda: 8 * N, lambda n: tw.arange(n)),
    "creation.join": (lambda: [floats(4 * N), floats(4 * N)], tw.concatenate),
    "creation.join, of short rows": (lambda: [floats(), floats()], lambda xs: tw.stack(xs, 1)),
    "creation.triangle": (lambda: floats(4096, 4096), tw.tril),
    "ctc.forward": (
        lambda: (floats(500, 8, 100), positions(8 * 100, 99).reshape(8, 100) + 1, [500] * 8, [100] * 8),
        lambda a: nn.functional.ctc_loss(*a),
    ),
    "ctc.backward": (
        lambda: (
            floats(500, 8, 100).requires_grad_(),
            positions(8 * 100, 99).reshape(8, 100) + 1,
            [500] * 8,
            [100] * 8,
        ),
        lambda a: nn.functional.ctc_loss(*a).backward(),
    ),
    "elementwise.run": (lambda: floats(8 * N), lambda x: x + x),
    "elementwise.run, a cast": (lambda: positions(4 * N), lambda i: i.astype("float32")),
    "elementwise.run, a copy": (lambda: floats(8 * N), tw.copy),
    "elementwise.run, a copy of a transposed view": (lambda: floats(2048, 1024).T, tw.copy),
    "elementwise.run, where": (lambda: (floats(4 * N) > 0, floats(4 * N)), lambda a: tw.where(*a, 0.0)),
    "gemm.run": (lambda: floats(700, 700), lambda x: x @ x),
    "gemm.run, of integers": (lambda: positions(256 * 256).reshape(256, 256), lambda x: x @ x),
    "gemm.run, by a column": (lambda: (floats(2048, 2048), floats(2048, 1)), lambda a: a[0] @ a[1]),
    "gemm.pack": (lambda: bare(floats(4096, 2048)), lambda a: _core.PackedWeight(*a)),
    "linear.compressed": (lambda: (floats(64, 2048), compressed(4096, 2048)), lambda a: a[1](a[0])),
    "index.gather": (lambda: (floats(), positions()), lambda a: a[0][a[1]]),
    "index.gather, of rows": (lambda: (floats(1024, 1024), positions(8192, 1024)), lambda a: tw.take(*a, 0)),
    "index.scatter": (lambda: (floats(), positions(), floats()), lambda a: a[0].__setitem__(*a[1:])),
    "index.scatter_add": (
        lambda: bare(floats(), positions(), floats()),
        lambda a: _core.index_add(*a),
    ),
    "index.scatter_add, mostly sorting": (
        lambda: bare(floats(4), positions(below=4), floats()),
        lambda a: _core.index_add(*a),
    ),
    "index.gather_along": (lambda: (floats(), positions()), lambda a: tw.take_along_axis(*a)),
    "index.scatter_along": (lambda: (floats(), positions(), floats()), lambda a: tw.scatter(a[0], 0, *a[1:])),
    "index.scatter_add_along": (lambda: (floats(), positions(), floats()), lambda a: tw.scatter_add(a[0], 0, *a[1:])),
    "index.one_hot": (lambda: positions(65536, 256), lambda i: nn.functional.one_hot(i, 256)),
    "index.offsets": (lambda: (floats(4), positions(4 * N, 4)), lambda a: a[0][a[1]]),
    "index.count_true": (lambda: (tw.ones(64 * N, dtype="int8"), tw.zeros(64 * N, dtype="bool")), lambda a: a[0][a[1]]),
    "index.mask_offsets": (lambda: floats(4 * N) > 0, tw.nonzero),
    "index.unravel": (lambda: floats(2048, 1024) > 0, tw.nonzero),
    "linear.bias_activation_backward": (
        lambda: bare(floats(4096, 1024), floats(4096, 1024)),
        lambda a: _core.bias_activation_backward(*a, "gelu"),
    ),
    "pad.run": (lambda: floats(2048, 2048), lambda x: tw.pad(x, 3, "reflect")),
    "resample.run": (lambda: floats(1, 64, 128, 128), lambda x: nn.functional.interpolate(x, 256)),
    "norm.rows": (lambda: floats(8192, 1024), lambda x: nn.functional.layer_norm(x, 1024)),
    "norm.rows_backward": (
        lambda: nn.functional.layer_norm(floats(4096, 1024).requires_grad_(), 1024).sum(),
        lambda y: y.backward(retain_graph=True),
    ),
    "norm.channels": (
        lambda: floats(32, 64, 2048),
        lambda x: nn.functional.batch_norm(x, None, None, training=True),
    ),
    "norm.channels_backward": (
        lambda: nn.functional.batch_norm(floats(32, 64, 2048).requires_grad_(), None, None, training=True).sum(),
        lambda y: y.backward(retain_graph=True),
    ),
    "optim.step": (step(optim.Adam), lambda o: o.step()),
    "optim.norm": (lambda: bare(floats(16 * N)), lambda a: _core.total_norm(a, 2.0)),
    "pool.max": (lambda: floats(64, 256, 256), lambda x: nn.functional.max_pool2d(x, 3, 2, 1)),
    "pool.max, of large windows": (lambda: floats(64, 256, 256), lambda x: nn.functional.max_pool2d(x, 32)),
    "pool.scatter": (
        lambda: nn.functional.max_pool2d(floats(64, 256, 256), 2, return_indices=True),
        lambda a: _core.max_pool_scatter(*bare(*a), (256, 256), (), (), (), (), False),
    ),
    "pool.gather": (
        lambda: (floats(64, 256, 256), nn.functional.max_pool2d(floats(64, 256, 256), 2, return_indices=True)[1]),
        lambda a: _core.max_pool_gather(*bare(*a), (256, 256), (), (), (), (), False),
    ),
    "pool.average": (lambda: floats(64, 256, 256), lambda x: nn.functional.avg_pool2d(x, 3, 2, 1)),
    "pool.average_backward": (
        lambda: bare(floats(64, 128, 128)),
        lambda a: _core.avg_pool_backward(*a, (256, 256), (2, 2), (2, 2), (0, 0), False, True, 0),
    ),
    "random.bits": (lambda: 16 * N, lambda n: _core.random_bits(n, 1, 0, 0)),
    "random.floats": (lambda: tw.random.Generator(1), lambda g: g.normal(size=4 * N)),
    "random.integers": (lambda: tw.random.Generator(1), lambda g: g.integers(0, 9, (4 * N,))),
    "random.bernoulli": (lambda: tw.random.Generator(1), lambda g: g.bernoulli(0.5, 16 * N)),
    "random.permutation": (lambda: tw.random.Generator(1), lambda g: g.permutation(N)),
    "random.multinomial": (lambda: tw.ones(4096), lambda w: tw.multinomial(w, N, replacement=True)),
    "random.dropout": (lambda: floats(4 * N), nn.functional.dropout),
    "recurrent.forward": (sequences, lambda a: recurrent.gru(*a)),
    "recurrent.backward": (
        lambda: recurrent.gru(*[x.requires_grad_() if i == 1 else x for i, x in enumerate(sequences())])[0].sum(),
        lambda y: y.backward(retain_graph=True),
    ),
    "reduce.reduce": (lambda: floats(32 * N), tw.sum),
    "reduce.reduce, to many": (lambda: floats(4 * N, 4).astype("float16"), lambda x: x.mean(1)),
    "reduce.reduce, of columns": (lambda: floats(4 * N, 4), lambda x: x.sum(0)),
    "reduce.arg_reduce": (lambda: floats(16 * N), tw.argmax),
    "scan.run": (lambda: floats(8 * N), tw.cumsum),
    "sort.run": (lambda: floats(), tw.sort),
    "sort.partition": (lambda: floats(), lambda x: tw.partition(x, 1000)),
    "sort.search": (lambda: floats(), lambda x: tw.searchsorted(x[:1000], x)),
    "softmax.forward": (lambda: floats(1, 4 * N), lambda x: nn.functional.softmax(x, 1)),
    "softmax.backward": (lambda: bare(floats(2048, 1024), floats(2048, 1024)), lambda a: _core.softmax_backward(*a, 1)),
    "softmax.cross_entropy": (
        lambda: (floats(65536, 32), positions(65536, 32)),
        lambda a: nn.functional.cross_entropy(*a),
    ),
    "softmax.cross_entropy_backward": (
        lambda: (floats(65536, 32).requires_grad_(), positions(65536, 32)),
        lambda a: nn.functional.cross_entropy(*a).backward(),
    ),
}


def test_every_op_of_a_backend_is_among_them():
    listed = re.findall(r"^  X\((\w+), (\w+)\)", (CSRC / "backend" / "backend.h").read_text(), re.MULTILINE)
    assert len(listed) > 20
    assert {f"{family}.{op}" for family, op in listed} == {name.partition(",")[0] for name in LONG}


class Ticker:
    """A Python thread that notes when it has the lock. The others keep the lock unless they give it back."""

    def __init__(self):
        self.count, self.latest, self.longest, self.ending = 0, time.perf_counter(), 0.0, False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ending:
            now = time.perf_counter()
            self.longest = max(self.longest, now - self.latest)
            self.latest = now
            self.count += 1
            time.sleep(0)  # gives the lock back

    def __enter__(self):
        self.interval = sys.getswitchinterval()
        sys.setswitchinterval(1000.0)  # after so many seconds Python would take it from a thread
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.ending = True
        self.thread.join()
        sys.setswitchinterval(self.interval)


def share_held(call, argument, enough, seconds=20.0):
    """The longest stretch without the other thread, as a share of the call: the least of many calls."""
    least, give_up = 1.0, time.monotonic() + seconds
    with Ticker() as ticker:
        while least > enough and time.monotonic() < give_up:
            time.sleep(0.001)
            begin = ticker.latest = time.perf_counter()
            ticker.longest = 0.0
            result = call(argument)
            end = time.perf_counter()
            held = max(ticker.longest, end - ticker.latest)
            del result
            least = min(least, held / (end - begin))
    return least


@pytest.fixture
def one_thread():
    before = tw.get_num_threads()
    tw.set_num_threads(1)
    yield
    tw.set_num_threads(before)


@pytest.mark.parametrize("name", LONG)
def test_other_threads_go_on_during_long_ops(name, one_thread):
    make, call = LONG[name]
    held = share_held(call, make(), enough=0.35)
    assert held <= 0.35, f"{name}: no other thread had the interpreter lock during {held:.0%} of the call"


def test_the_measure_notices_what_holds_the_lock():
    assert share_held(sum, range(300_000), enough=0.35, seconds=0.5) > 0.9


@pytest.mark.parametrize("name", ["add", "matmul", "softmax", "take", "sum", "scatter", "permutation", "concatenate"])
def test_small_ops_keep_the_lock(name):
    x, i, g = floats(64), tw.arange(64), tw.random.Generator(1)
    call = {
        "add": lambda: x + x,
        "matmul": lambda: x @ x,
        "softmax": lambda: nn.functional.softmax(x, 0),
        "take": lambda: x[i],
        "sum": lambda: x.sum(),
        "scatter": lambda: x.__setitem__(i, x),
        "permutation": lambda: g.permutation(64),
        "concatenate": lambda: tw.concatenate([x, x]),
    }[name]
    call()
    with Ticker() as ticker:
        before = ticker.count
        for _ in range(300):
            call()
        ticks = ticker.count - before
    assert ticks == 0


def test_an_error_in_a_long_op_leaves_the_lock_with_its_thread():
    x, bad = floats(N), positions()
    bad[N // 2] = 2 * N
    for _ in range(20):
        with pytest.raises(IndexError):
            x[bad]
    logits, target = floats(65536, 32), positions(65536, 32)
    target[5] = 99
    with pytest.raises((IndexError, ValueError)):
        nn.functional.cross_entropy(logits, target)
    assert (floats(N) + 1).shape == (N,)


def test_threads_compute_the_same_at_once():
    """Ops of several threads that run without the lock do not meet: what they write is their own."""
    x, i, h = floats(1 << 19), positions(1 << 19, 1 << 19), floats(1 << 18, 4).astype("float16")

    def work():
        total = tw.zeros(1 << 19)
        _core.index_add(*bare(total, i, x))
        return [total.tolist(), x[i].tolist(), h.mean(1).tolist(), tw.nonzero(x > 0)[0].tolist()]

    want, got = work(), []
    threads = [threading.Thread(target=lambda: got.append(work())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 3 and all(result == want for result in got)


# ---- builds of Python without the lock -------------------------------------------------------------------------------


def test_the_module_asks_for_the_lock():
    """So that a free-threaded CPython enables it at import: counts of references decide what is written in place."""
    for path in [*CSRC.rglob("*.cpp"), *CSRC.rglob("*.h"), CSRC.parent / "CMakeLists.txt"]:
        assert not re.search(r"gil_not_used|GIL_NOT_USED", path.read_text()), path
    source = (CSRC / "bind" / "tensor.cpp").read_text()
    is_private = source[source.index("PyObject* is_private(") :]
    assert is_private.index("#ifdef Py_GIL_DISABLED\n") < is_private.index("Py_REFCNT(")


def test_python_without_the_lock_is_refused(python):
    done = python("import sys; sys._is_gil_enabled = lambda: False\nimport tilewright")
    assert done.returncode == 1
    assert "ImportError: tilewright: needs the interpreter lock; leave PYTHON_GIL=0 and -X gil=0 out" in done.stderr
    done = python("import sys; sys._is_gil_enabled = lambda: True\nimport tilewright")
    assert done.returncode == 0, done.stderr
