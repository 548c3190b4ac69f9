"""`tilewright.numpy`: its arrays keep their class, print, hash and copy as NumPy's do, and carry gradients."""

from __future__ import annotations

import copy
import doctest
import inspect
import itertools
import operator
import pickle
import threading

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np
from cases import CASES
from tilewright import nn
from tilewright.numpy import _functions, _reductions

A = [[0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]

# ---- the class -------------------------------------------------------------------------------------------------------

KEEP = (
    *("x + 1", "1 + x", "x + t", "t + x", "x + x", "-x", "+x", "abs(x)", "x ** 2", "2 ** x", "x @ x.T", "t @ x.T"),
    *("x < 1", "x == t", "t == x", "x != 'no'", "[[1, 2, 3]] + x", "n + x", "x - n", "i // 2", "7 % (i + 1)", "i & 1"),
    *(
        "x[0]",
        "x[0, 1]",
        "x[:, 1:]",
        "x[..., None]",
        "x[x > 1]",
        "x[[0, 1], [1, 2]]",
        "x.T",
        "x.mT",
        "x.real",
        "x.imag",
    ),
    *(
        "x.sum()",
        "x.sum(0)",
        "x.mean(axis=1)",
        "x.std()",
        "x.var(0)",
        "x.max()",
        "x.argmax(1)",
        "x.argmin()",
        "x.any()",
    ),
    *(
        "x.reshape(3, 2)",
        "x.reshape(-1)",
        "x.ravel()",
        "x.flatten()",
        "x.transpose(1, 0)",
        "x.squeeze()",
        "x.swapaxes(0, 1)",
    ),
    *("x.astype(int)", "x.astype(np.float32)", "x.copy()", "x.clip(0, 1)", "x.round(1)", "x.take([0], axis=1)"),
    *("x.nonzero()[0]", "x.conj()", "x.detach()", "x.to('cpu')", "next(iter(x))", "copy.copy(x)", "copy.deepcopy(x)"),
    *("x.exp()", "x.sqrt()", "pickle.loads(pickle.dumps(x))", "x.copy_(0)", "x.requires_grad_(False)"),
    *("tw.exp(x)", "tw.add(t, x)", "tw.where(x > 1, t, t)", "tw.where(t > 1, x, 0.0)", "tw.sum(x)", "tw.std(x)"),
    *("tw.argmax(x, axis=0)", "tw.nonzero(x)[1]", "tw.astype(x, 'int8')", "tw.concatenate([t, x])", "tw.stack([t, x])"),
    *(
        "tw.take(x, [0], axis=0)",
        "tw.clip(x, 0, t)",
        "tw.logsumexp(x)",
        "tw.flip(x)",
        "tw.split(x, 2)[1]",
        "tw.asarray(x)",
    ),
    *("tw.asarray(x, 'float32')", "tw.asarray(x, copy=True)", "tw.matmul(b, b.T, dtype='int32')", "tw.linalg.qr(x)[1]"),
    *("tw.take_along_axis(x, i * 0)", "tw.angle(x)", "tw.broadcast_to(x, (2, 2, 3))", "tw.expand_dims(x, axis=0)"),
    *("nn.functional.softmax(x, 1)", "nn.functional.relu(x)", "nn.Linear(3, 2)(x)", "nn.functional.mse_loss(x, t)"),
    *("np.exp(t)", "np.asarray(t)", "np.add(t, t)", "np.asarray(n)", "np.real(t)", "np.sum(t)", "np.linalg.qr(t)[0]"),
    *("np.zeros_like(t)", "np.random.default_rng(0).normal(size=2)", "np.random.uniform()", "np.random.choice(t)"),
    *("np.random.default_rng(0).integers(9)", "np.random.default_rng(0).random(3)", "np.random.permutation(3)"),
)


def names():
    x = np.array(A)
    t = tw.asarray(numpy.array(A))
    n = numpy.array(A)
    i = np.array([[1, 2, 3], [4, 5, 6]])
    return {**globals(), "x": x, "t": t, "n": n, "i": i, "b": i.astype("int8")}


@pytest.mark.parametrize("text", KEEP)
def test_what_ndarrays_give_is_an_ndarray(text):
    y = eval(text, names())
    assert type(y) is np.ndarray
    assert y.dtype.name in ("float64", "int64", "bool") or "astype" in text or "32" in text


def test_plain_tensors_are_no_ndarrays():
    t = tw.ones(2)
    assert isinstance(np.asarray(t), tw.Tensor) and not isinstance(t, np.ndarray)
    assert type(t + 1) is tw.Tensor and type(tw.exp(t)) is tw.Tensor
    assert numpy.shares_memory(np.asarray(t).numpy(), t.numpy())


def test_networks_of_float32_stay_float32():
    x = np.array(A, dtype=np.float32)
    for y in (x * 2.5, x / 3, x**2, np.sqrt(x), x.mean(), nn.Linear(3, 2)(x), nn.functional.gelu(x), x + tw.ones(3)):
        assert y.dtype == np.float32 and type(y) is np.ndarray


def test_the_class_is_final():
    with pytest.raises(TypeError, match="cannot be subclassed"):

        class _Mine(np.ndarray):
            pass

    with pytest.raises(TypeError, match="ndarray: cannot be called"):
        np.ndarray((2, 3))


def test_writing():
    x, n = np.zeros(3), numpy.zeros(3)
    for a in (x, n):
        a[:] = [0.1, 0.2, 0.3]
        a[1] += 1 / 3
        a[a > 0.25] *= 0.1
        a += [1, 2, 0.7]
        a /= 3
    assert x.tolist() == n.tolist()
    x.fill(7)
    assert x.tolist() == [7, 7, 7]
    view = x[1:]
    view += 0.5
    assert x.tolist() == [7, 7.5, 7.5]
    t = tw.zeros(2, dtype="float64")
    t += np.array([1, 2])
    assert type(t) is tw.Tensor


# ---- results without axes --------------------------------------------------------------------------------------------


def test_elements_are_numbers():
    """NumPy gives scalars: picking one copies it, and writing to a name makes a new one."""
    for scope in (np, numpy):
        x = scope.array([1.0, 2.0, 3.0])
        x[0], x[2] = x[2], x[0]
        first = x[0]
        first += 10
        for element in x:
            element *= 2
        total = x.sum()
        before = total
        total /= 7
        count = scope.array([1, 2]).sum()
        count /= 2
        assert x.tolist() == [3, 2, 1] and first == 13 and before == 6 and total == 6 / 7 and count == 1.5
        whole = x[1, ...]
        whole[...] = 9
        assert x[1] == 9


def test_results_without_axes_behave_as_numbers():
    x = np.array([0.125, 1.0, 2.0])
    assert f"{x.sum():.3f} {x.sum()} {x.max():>6.2f} {x[0]!s}" == "3.125 3.125   2.00 0.125"
    assert f"{np.array([1, 2]).sum():d} {np.array(True)}" == "3 True"
    assert "%.2f %d" % (x[0], x[2]) == "0.12 2"  # noqa: UP031
    assert round(x[0], 2) == 0.12 and round(x[2]) == 2 and float(x[0]) == 0.125 and int(x[2]) == 2
    assert list(range(np.array(3))) == [0, 1, 2] and [5, 6, 7][np.array([1, 2])[0]] == 6
    assert {x[1]: "one"}[1] == "one" and len(set(np.array([3, 1, 3]))) == 2
    assert max(x) == 2 and sorted(np.array([3, 1, 2]))[0] == 1 and bool(x.any())
    with pytest.raises(TypeError, match="unhashable type: 'ndarray'"):
        hash(x)
    with pytest.raises(TypeError, match="round: takes numbers"):
        round(x)


# ---- printing --------------------------------------------------------------------------------------------------------

PRINTED = (
    *("[1.0, 2.0]", "[1, 2]", "[[1.5, 2], [3, 4]]", "[True, False]", "[1j, 2]", "3.5", "7", "[]", "[[[1.0]]]"),
    *("[1e-10, 1.0]", "[1e20, 1.0]", "[float('nan'), float('inf'), -1.0]", "[0.1, 0.25, 1 / 3]", "list(range(2000))"),
)


@pytest.mark.parametrize("text", PRINTED)
@pytest.mark.parametrize("dtype", [None, "float32", "float16", "int8", "uint64", "bool", "complex64", "complex128"])
def test_arrays_print_as_numpys(text, dtype):
    data = numpy.array(eval(text))
    if dtype is not None:
        with numpy.errstate(all="ignore"):
            data = data.real.astype(dtype) if dtype[0] in "ui" and numpy.isfinite(data).all() else data
            data = data if dtype[0] in "ui" or data.dtype.kind == "c" else data.astype(dtype)
    x = np.array(data)
    assert repr(x) == repr(data) and str(x) == str(data[()])
    assert f"{x}" == f"{data[()]}"


def test_what_numpy_does_not_have_is_printed_too():
    assert repr(np.array([1.0, 2.5], dtype=np.bfloat16)) == "array([1. , 2.5], dtype=bfloat16)"
    x = np.array([1.0, 2.0])
    x.requires_grad = True
    assert repr(x) == "array([1., 2.], requires_grad=True)" and repr(x * 2) == "array([2., 4.], op=multiply)"
    assert str(x) == "[1. 2.]"


# ---- gradients -------------------------------------------------------------------------------------------------------


def leaf(*shape, scope=np):
    x = scope.asarray(numpy.linspace(0.2, 1.5, int(numpy.prod(shape))).reshape(shape))
    x = x.copy() if scope is np else tw.asarray(x, copy=True)
    x.requires_grad = True
    return x


def test_gradients_are_of_the_class_of_what_they_belong_to():
    x, w = leaf(3), leaf(3, scope=tw)
    y = np.exp(x) * w
    assert type(y) is np.ndarray
    y.retain_grad()
    (y / 2).sum().backward()
    assert type(x.grad) is np.ndarray and type(w.grad) is tw.Tensor and type(y.grad) is np.ndarray
    numpy.testing.assert_allclose(x.grad.numpy(), (np.exp(x) * w / 2).detach().numpy())
    (np.exp(x) * w).sum().backward()  # a second pass adds to it
    numpy.testing.assert_allclose(w.grad.numpy(), (np.exp(x) * 1.5).detach().numpy())
    assert type(x.grad) is np.ndarray and type(w.grad) is tw.Tensor


def test_gradients_of_float32_parameters_behind_ndarrays():
    layer = nn.Linear(3, 2)
    loss = (layer(np.array(A)) ** 2).mean()
    assert loss.dtype == np.float64 and type(loss) is np.ndarray
    loss.backward()
    assert type(layer.weight.grad) is tw.Tensor and layer.weight.grad.dtype == tw.float32
    optimiser = tw.optim.SGD(layer.parameters(), lr=0.1)
    optimiser.step()
    assert (layer(np.array(A)) ** 2).mean() < loss


def test_optimisers_train_ndarrays():
    w, b = np.zeros(3), np.array(0.0)
    w.requires_grad = b.requires_grad = True
    optimiser = tw.optim.Adam([w, b], lr=0.1)
    x, y = np.array(A), np.array([1.0, -1.0])
    losses = []
    for _ in range(200):
        optimiser.zero_grad()
        loss = ((x @ w + b - y) ** 2).mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 1e-3 * losses[0] and type(w) is type(w.grad) is type(b) is np.ndarray


def test_the_walk_back_can_be_recorded():
    x = leaf(4)
    (g,) = tw.autograd.gradients((np.sin(x) * x**3).sum(), [x], create_graph=True)
    assert type(g) is np.ndarray and g.requires_grad
    g.sum().backward()
    v = x.detach().numpy()
    second = -numpy.sin(v) * v**3 + 6 * numpy.cos(v) * v**2 + 6 * numpy.sin(v) * v
    numpy.testing.assert_allclose(x.grad.numpy(), second, rtol=1e-12)


def test_functional_forms():
    def f(x):
        assert type(x) is np.ndarray
        return np.sum(x * np.tanh(x) / np.array([1, 2]))

    x = np.array([0.3, 0.7])
    value, gradient = tw.value_and_grad(f)(x)
    jacobian = tw.autograd.jacobian(lambda x: x**2 / np.array([1, 2]))(x)
    _, tangent = tw.autograd.jvp(lambda x: x**2, (x,), (np.ones(2),))
    _, pullback = tw.autograd.vjp(lambda x: x**2, x)
    hessian = tw.autograd.hessian(f)(x)
    for y in (value, gradient, jacobian, tangent, pullback(np.ones(2))[0], hessian):
        assert type(y) is np.ndarray and y.dtype == np.float64
    assert jacobian.tolist() == [[0.6, 0], [0, 0.7]]
    assert type(tw.grad(lambda x: (x * x).sum())(tw.ones(2))) is tw.Tensor


def test_functions_hooks_and_checkpoints_see_ndarrays():
    seen = []

    class Square(tw.autograd.Function):
        @staticmethod
        def forward(context, x):
            y = x * x
            context.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(context, g):
            seen.extend([g, *context.saved_tensors])
            return 2 * g * context.saved_tensors[0]

    x = leaf(2)
    x.register_hook(lambda g: seen.append(g) or tw.asarray(g.numpy()))
    y = Square.apply(tw.autograd.checkpoint(lambda x: x / 2, x))
    y.sum().backward()
    assert all(type(v) is np.ndarray for v in [y, x.grad, *seen]) and len(seen) == 4
    numpy.testing.assert_allclose(x.grad.numpy(), x.detach().numpy() / 2)


def test_every_differentiable_function_has_its_gradient_here():
    for name in ("exp", "log", "sqrt", "sin", "square", "sum", "mean", "std", "max", "prod", "abs", "round", "clip"):
        x, t = leaf(2, 3), leaf(2, 3, scope=tw)
        getattr(np, name)(x).sum().backward()
        getattr(tw, name)(t).sum().backward()
        assert type(x.grad) is np.ndarray
        numpy.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), rtol=1e-14)


# ---- copies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_are_whole(again):
    for dtype, wants in itertools.product(("float64", "float32", "bfloat16"), (False, True)):
        x = np.array([1.0, 2.0], dtype=dtype)
        x.requires_grad = wants
        y = again(x)
        assert type(y) is np.ndarray and (y.dtype, y.requires_grad) == (x.dtype, wants)
        assert y.tolist() == [1, 2]


# ---- names and arguments ---------------------------------------------------------------------------------------------

NOT_NUMPYS = {"bfloat16", "AxisError"}


def test_names_are_numpys():
    for name in np.__all__:
        assert hasattr(numpy, name) or name in NOT_NUMPYS, name
    for module in ("fft", "linalg", "random"):
        assert all(hasattr(getattr(numpy, module), name) for name in getattr(np, module).__all__)


def parameters(function):
    return [p.name for p in inspect.signature(function).parameters.values() if p.name not in ("self", "args", "kwargs")]


@pytest.mark.parametrize("name", [*sorted(_functions._ADAPTED), *sorted(_reductions.ADAPTED), "round", "array"])
def test_arguments_stand_where_numpys_do(name):
    """Those that are here are among NumPy's, in its order; `-out` in the table keeps the place of one that is not."""
    theirs = parameters(getattr(numpy, name))
    theirs = ["start" if p == "start_or_stop" else p for p in theirs]
    theirs += ["constant_values"] if name == "pad" else []  # in its **kwargs
    ours = parameters(getattr(np, name))
    assert [p for p in theirs if p in ours] == ours or name in ("concatenate", "concat"), (ours, theirs)


def test_arguments_that_are_not_there():
    x = np.array(A)
    assert np.sum(x, 0, None, None, True).shape == (1, 3) and x.sum(1, None, None, True).shape == (2, 1)
    for call in (lambda: np.cumsum(x, where=x > 0), lambda: np.add(x, x, order="C")):
        with pytest.raises(TypeError, match=r"^(cumsum|add): the argument \w+ of NumPy's function is not there yet"):
            call()
    with pytest.raises(TypeError, match="sum: axis is given twice"):
        np.sum(x, 0, axis=1)
    with pytest.raises(TypeError, match="sum: takes at most 7 arguments, got 8"):
        np.sum(x, 0, None, None, False, 1, True, 1)
    with pytest.raises(ValueError, match="where: either both or neither"):
        np.where(x > 0, 1)


def test_constants():
    for name in ("pi", "e", "inf", "euler_gamma", "newaxis"):
        assert getattr(np, name) == getattr(numpy, name)
    assert np.nan != np.nan
    for name in ("float64", "float32", "int64", "bool_", "bool", "intp", "int_", "uint8", "half", "cdouble", "double"):
        assert getattr(np, name).name == numpy.dtype(getattr(numpy, name)).name


def test_random_numbers():
    a, b = np.random.default_rng(7), np.random.default_rng(7)
    assert (a.normal(1, 2, (3, 4)) == b.normal(1.0, 2.0, size=(3, 4))).all()
    assert a.random().shape == () and (a.random(100) < 1).all() and np.random.default_rng(a) is a
    assert a.integers(3, size=5).dtype == np.int64 and a.uniform(size=2).dtype == np.float64
    assert a.standard_normal(2, dtype=np.float32).dtype == np.float32
    np.random.seed(3)
    first = np.random.random(4)
    np.random.seed(3)
    assert (np.random.random(4) == first).all()
    assert type(pickle.loads(pickle.dumps(a))) is np.random.Generator
    state = tw.random.default_generator.state
    np.random.seed(0)
    np.random.normal()
    assert tw.random.default_generator.state == state


def test_docstrings_show_this_module():
    """The examples of functions that were made from tilewright's run, too."""
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    report: list[str] = []
    for scope in (np, np.fft, np.linalg, np.random.Generator):
        for name in dir(scope):
            thing = getattr(scope, name)
            if inspect.isfunction(thing) and thing.__doc__ and not name.startswith("__"):
                for test in doctest.DocTestFinder().find(thing, name, module=False, globs={}):
                    runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


# ---- nothing changes elsewhere ---------------------------------------------------------------------------------------

ELSEWHERE = """
import sys
import tilewright as tw
from tilewright import nn

def results():
    tw.random.seed(0)
    x, i = tw.asarray([[1.0, 2.0], [3.0, 4.0]]), tw.asarray([[1, 2], [3, 4]])
    leaf = tw.asarray([1.0, 2.0], requires_grad=True)
    (leaf * leaf).sum().backward()
    state = [x, i, x + 1, i / 2, i * 2.5, tw.sqrt(i), i.mean(), i.std(), tw.mean([1, 2]), tw.asarray([]), leaf.grad]
    state += [tw.zeros(2), tw.full(2, 1.5), tw.arange(3.0), tw.linspace(0, 1, 3), tw.eye(2), tw.random.normal(size=2)]
    state += [tw.promote_types("int64", "float32"), tw.asarray(1j), tw.asarray([1.0], dtype=float), i == 1, x.argmax()]
    state += [nn.Linear(2, 2)(x), tw.concatenate([i, x]), tw.where(x > 1, x, 0), tw.linalg.inv(i), tw.random.uniform()]
    return [(type(y).__name__, repr(y)) for y in state], sorted(vars(tw.Tensor)), sorted(vars(tw))

before = results()
import tilewright.numpy as np
np.sum(np.array([1, 2]) / 3) + tw.ones(2)
after = results()
assert before[0] == after[0] and before[1] == after[1], (before, after)
assert set(after[2]) - set(before[2]) <= {"numpy", "fft"}
assert "numpy" not in sys.argv
print("same")
"""


def test_importing_it_changes_nothing_elsewhere(python):
    done = python(ELSEWHERE)
    assert done.stdout == "same\n", done.stderr


def test_importing_it_does_not_import_numpy(python):
    code = "import sys, tilewright.numpy as np; np.zeros(3) + 1; assert 'numpy' not in sys.modules"
    assert python(code).returncode == 0


def test_rules_end_with_the_call():
    """Also where it raises; and they are those of one thread."""
    with pytest.raises(ValueError, match="broadcast"):
        np.add([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="broadcast"):
        operator.add(np.array([1, 2]), [1, 2, 3])
    assert tw.asarray(0.5).dtype == tw.float32
    found = []

    class Slow:
        def __float__(self):
            thread = threading.Thread(target=lambda: found.append(tw.asarray(0.5).dtype))
            thread.start()
            thread.join()
            return 0.5

    assert np.array([Slow()]).dtype == np.float64 and found == [tw.float32]


def test_operators_of_both_kinds():
    x, t, n = np.array([1, 2]), tw.asarray([1, 2]), numpy.array([1, 2])
    for a, b in ((x, t), (t, x), (x, n), (n, x), (x, [1, 2]), ([1, 2], x)):
        y = operator.truediv(a, b)
        assert type(y) is np.ndarray and y.dtype == np.float64
    assert (t / n).dtype == tw.float32


# ---- every op --------------------------------------------------------------------------------------------------------


def tensors_in(value):
    if isinstance(value, tw.Tensor):
        return [value]
    return [x for v in value for x in tensors_in(v)] if isinstance(value, (tuple, list)) else []


# Among their results is what is made of numbers alone: edges, eigenvalues of a companion matrix.
OF_COUNTS = ("histogram", "histogram2d", "histogramdd", "histogram_bin_edges", "roots")


@pytest.mark.parametrize("case", [case for case in CASES if case.samples], ids=str)
def test_every_op_gives_the_class_of_what_it_is_given(case):
    """The bits, too, are those that it gives of plain tensors; with the gradient, as far as there is one."""
    for dtype in [dtype for dtype in case.dtypes if dtype in ("float64", "float32", "bool", "complex128")]:
        for sample in case.samples:
            plain = sample.draw(dtype)
            arrays = sample.map(np.asarray, plain)
            if not tensors_in(plain):
                continue
            wanted = tensors_in(case.function(*plain, **sample.kwargs))
            got = tensors_in(case.function(*arrays, **sample.kwargs))
            assert [type(y) for y in wanted] == [tw.Tensor] * len(wanted)
            assert [type(y) for y in got] == [np.ndarray] * len(wanted) or case.name in OF_COUNTS
            for y, z in zip(got, wanted, strict=True):
                assert y.dtype == z.dtype or dtype == "bool" or case.name in ("cov", "corrcoef", *OF_COUNTS)
                assert y.dtype != z.dtype or y.detach().numpy().tobytes() == z.detach().numpy().tobytes()


@pytest.mark.parametrize("case", [case for case in CASES if case.grad and "float64" in case.dtypes], ids=str)
def test_every_gradient_is_of_the_class_of_its_leaf(case):
    sample = next((s for s in case.samples if all(x.size for x in tensors_in(s.draw("float64")))), None)
    if sample is None:
        return
    arrays = sample.map(lambda a: np.asarray(a.draw(numpy.random.default_rng(0), "float64")), sample.args)
    leaves = [x for x in tensors_in(arrays) if x.dtype == np.float64]
    for x in leaves:
        x.requires_grad = True
    results = [y for y in tensors_in(case.function(*arrays, **sample.kwargs)) if y.requires_grad]
    if results:
        sum(np.real(y).sum() for y in results).backward()
    assert {type(x.grad) for x in leaves} <= {np.ndarray, type(None)}
