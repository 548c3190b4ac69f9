"""What lives how long: nodes, cycles, arrays in kernels, what is left at exit and after a fork."""

from __future__ import annotations

import gc
import threading
import weakref

import tilewright as tw


def test_a_long_chain_of_nodes_goes_without_recursion():
    in_use = tw.memory.stats()["in_use"]
    x = tw.ones(1, requires_grad=True)
    y = x
    for _ in range(300_000):
        y = y * y
    del y
    gc.collect()
    assert tw.memory.stats()["in_use"] - in_use <= 1024
    assert x.grad is None


def test_cycles_through_hooks_are_collected():
    x = tw.ones(3, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g, y=y: None)
    alive = weakref.ref(y)
    del y
    gc.collect()
    assert alive() is None


def test_inputs_live_while_a_kernel_runs():
    """Another thread swaps the arrays of tensors that ops are reading."""
    x, y = tw.ones((300, 300)), tw.ones((300, 300))
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            x._array = tw.ones((300, 300))._array
            tw.memory.release_cached()

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(100):
            assert float((x @ y)[0, 0]) == 300.0
    finally:
        stop.set()
        swapper.join()


MIXED = """
import gc, sys
import numpy as np
import tilewright as tw
from tilewright._engine import registry

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

x, y, m = tw.ones((3, 4)), tw.ones((3, 4), requires_grad=True), tw.ones((4, 3))
i, bare, big = tw.arange(3), tw.Tensor.__new__(tw.Tensor), 1 << 62

def broken(g, y):
    raise ZeroDivisionError

registry.vjp_of("sin")  # has its table loaded
registry.VJPS["sin"] = broken

good = [
    lambda: x + y, lambda: 2.0 - y, lambda: tw.exp(y), lambda: tw.where(x > 0, y, 1.0),
    lambda: (y @ m).sum().backward(), lambda: x + i[:, None], lambda: tw.concatenate([x, y]),
    lambda: y[1:, ::2], lambda: y[i], lambda: tw.stack([x, y]),
    lambda: tw.asarray([[1, 2.0], [3, True]]), lambda: tw.asarray(np.ones(3)) + np.float64(2), lambda: x.tolist(),
    lambda: tw.nn.functional.softmax(y, axis=1).max(axis=0).sum().backward(), lambda: x.copy().__iadd__(1),
    lambda: tw.nn.functional.cross_entropy(y, i).backward(), lambda: x.T.reshape(-1).numpy(),
]
bad = [
    lambda: x + m, lambda: x + None, lambda: x + "text", lambda: tw.exp(None), lambda: tw.exp(x, x),
    lambda: tw.exp(x=x), lambda: tw.exp(), lambda: x + bare, lambda: tw.exp(bare), lambda: tw.where(x, x, x),
    lambda: tw.where(None, x, x), lambda: i + (1 << 64), lambda: x @ x, lambda: tw.reshape(x, (5, -1)),
    lambda: tw.empty((big, big)),
    lambda: tw.empty(big >> 10), lambda: tw.sum(x, axis=7), lambda: tw.sum(x, axis="no"),
    lambda: x[5], lambda: y[i + 9],
    lambda: tw.asarray([[1], [2, 3]]), lambda: tw.asarray([1, object()]), lambda: tw.asarray(object()),
    lambda: tw.sin(y).sum().backward(), lambda: x.__iadd__(m), lambda: i.__iadd__(0.5), lambda: y.__iadd__(1),
    lambda: tw.ones((1,) * 33), lambda: tw.zeros("ab"), lambda: x.astype("float99"), lambda: tw.concatenate([x, m]),
    lambda: tw.squeeze(x, axis=0), lambda: tw.flip(x, axis=(0, 0)), lambda: tw.permute_dims(x, (0, 0)),
    lambda: y.backward(), lambda: tw.nn.functional.cross_entropy(y, i + 9),
]

def work(rounds):
    for _ in range(rounds):
        for call in good:
            call()
        y.grad = None
        for call in bad:
            try:
                call()
            except Exception:
                continue
            raise AssertionError(bad.index(call))

def measure():
    gc.collect()
    return resident(), tw.memory.stats()["in_use"], len(gc.get_objects()), sys.getallocatedblocks()

rounds = 200_000 // (len(good) + len(bad))
work(rounds // 10)
before = measure()
work(rounds)
print(*(b - a for a, b in zip(before, measure())))
"""


def test_mixed_ops_and_errors_leak_nothing(python):
    done = python(MIXED, timeout=120)
    assert done.returncode == 0, done.stderr
    grown, in_use, objects, blocks = (int(word) for word in done.stdout.split())
    assert in_use == 0
    assert objects < 50
    assert blocks < 300
    assert grown < 3 << 20


BUSY_AT_EXIT = """
import threading, time, builtins
import tilewright as tw

x = tw.ones((600, 600))

def busy():
    while True:
        x @ x

class Slow:
    def __del__(self):
        time.sleep(0.2)

builtins.kept = Slow()
threading.Thread(target=busy, daemon=True).start()
time.sleep(0.1)
"""


def test_exit_while_a_daemon_thread_is_in_a_kernel(python):
    done = python(BUSY_AT_EXIT)
    assert (done.returncode, done.stderr) == (0, "")


FORKS = """
import os, signal
import tilewright as tw

tw.set_num_threads(2)
x = tw.ones((400, 400))

def work():
    return float((x @ x).sum())

def forked(depth):
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        ok = work() == 400.0**3 and (depth == 0 or forked(depth - 1))
        os._exit(0 if ok else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

assert forked(1)  # before any team was made
work()
assert forked(2)
assert work() == 400.0**3
print("same")
"""


def test_a_child_of_a_child_works(python):
    done = python(FORKS)
    assert done.stdout.strip() == "same", done.stderr
