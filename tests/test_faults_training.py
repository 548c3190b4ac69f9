"""Optimisers, files, data sets, random numbers and initialisation where they are used wrongly, or unusually."""

from __future__ import annotations

import copy
import math
import os
import struct
import warnings

import numpy as np
import pytest

import tilewright as tw
from misuse import raises, read_only
from tilewright import io, nn, optim
from tilewright.data import DataLoader, Subset, TensorDataset, random_split
from tilewright.nn import init
from tilewright.random import Generator


def check(cases):
    """A test of calls that raise: (error, start of its message, call)."""

    @pytest.mark.parametrize(("error", "message", "call"), cases, ids=[m for _, m, _ in cases])
    def test(error, message, call):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with raises(error, message):
                call()

    return test


def leaf(value=0.5):
    return tw.asarray(value, requires_grad=True)


# ---- optimisers ------------------------------------------------------------------------------------------------------


def parameter(value=1.0, dtype="float32"):
    p = nn.Parameter(tw.full(3, value, dtype=dtype))
    p.grad = tw.ones(3, dtype=dtype)
    return p


def stepped(make, **options):
    optimizer = make([parameter()], **options)
    optimizer.step()
    return optimizer


def snapshot(optimizer):
    return repr([optimizer.state_dict(), [p.tolist() for g in optimizer.param_groups for p in g["params"]]])


P = parameter()
MODULE = nn.Linear(1, 1)
test_errors_of_optimizers = check([
    (TypeError, "SGD: lr is 'a', but must be a real number", lambda: optim.SGD([P], lr="a")),
    (TypeError, "SGD: lr is a tensor that requires grad, but must be", lambda: optim.SGD([P], lr=leaf())),
    (ValueError, "SGD: lr is inf, but must be at least 0 and finite", lambda: optim.SGD([P], lr=math.inf)),
    (ValueError, "SGD: dampening is nan, but must be finite", lambda: optim.SGD([P], dampening=math.nan)),
    (TypeError, "SGD: nesterov is 'no', but must be True or False", lambda: optim.SGD([P], nesterov="no")),
    (TypeError, "Adam: betas is 3, but must be a sequence of 2 real numbers", lambda: optim.Adam([P], betas=3)),
    (TypeError, "Adam: an entry of betas is 'a'", lambda: optim.Adam([P], betas=("a", 0.9))),
    (TypeError, "AdamW: amsgrad is 'no', but must be True or False", lambda: optim.AdamW([P], amsgrad="no")),
    (TypeError, "Adam: params is 3, but must be an iterable of Tensors", lambda: optim.Adam(3)),
    (TypeError, "Adam: params is None", lambda: optim.Adam(None)),
    (TypeError, "Adam: params is a dict", lambda: optim.Adam({"params": [P]})),
    (TypeError, r"Adam: params is a Linear, .*; give its parameters\(\)", lambda: optim.Adam(MODULE)),
    (TypeError, "Adam: params is 3", lambda: optim.Adam([P]).add_param_group({"params": 3})),
])  # fmt: skip


@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(0.5), np.array(0.5), tw.asarray(0.5)])
def test_options_become_pythons_numbers(value):
    optimizer = optim.Adam([parameter()], lr=value, betas=np.array([0.5, 0.5]), weight_decay=value, amsgrad=np.True_)
    group = optimizer.param_groups[0]
    assert [type(group[o]) for o in ("lr", "eps", "weight_decay", "amsgrad", "betas")] == [float] * 3 + [bool, tuple]
    optimizer = optim.SGD([parameter()], lr=1e-3)
    optimizer.param_groups[0]["lr"] = value
    optimizer.step()
    assert type(optimizer.param_groups[0]["lr"]) is float
    assert optimizer.param_groups[0]["params"][0].tolist() == [0.5] * 3
    optimizer.param_groups[0]["lr"] *= np.array(2)
    optimizer.step()
    assert optimizer.param_groups[0]["params"][0].tolist() == [-0.5] * 3


ASSIGNED = [
    ("lr", "a", TypeError, "SGD: lr is 'a', but must be a real number"),
    ("lr", None, TypeError, "SGD: lr is None"),
    ("lr", math.nan, ValueError, "SGD: lr is nan, but must be at least 0"),
    ("lr", -1, ValueError, "SGD: lr is -1, but must be at least 0"),
    ("lr", np.ones(2), TypeError, "SGD: lr is a ndarray"),
    ("lr", leaf(0.25), TypeError, "SGD: lr is a tensor that requires grad"),
    ("momentum", leaf(), TypeError, "SGD: momentum is a tensor that requires grad"),
    ("maximize", "no", TypeError, "SGD: maximize is 'no', but must be True or False"),
]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("name", "value", "error", "message"), ASSIGNED, ids=[m for *_, m in ASSIGNED])
def test_an_option_that_was_assigned_is_checked_before_the_step(name, value, error, message, groups):
    optimizer = optim.SGD([{"params": parameter()} for _ in range(groups)], lr=0.25)
    optimizer.step()
    before = [g["params"][0].tolist() for g in optimizer.param_groups]
    optimizer.param_groups[-1][name] = value
    with raises(error, message):
        optimizer.step()
    assert [g["params"][0].tolist() for g in optimizer.param_groups] == before


def test_an_option_that_was_removed_is_missed():
    optimizer = stepped(optim.SGD)
    del optimizer.param_groups[0]["momentum"]
    with raises(ValueError, "SGD: a group of param_groups lacks momentum"):
        optimizer.step()


UNFIT = {
    "read-only": lambda: nn.Parameter(read_only(3)),
    "not contiguous": lambda: nn.Parameter(tw.ones(6)[::2]),
    "float16": lambda: nn.Parameter(tw.ones(3, dtype="float16")),
}


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}], ids=["", "momentum"])
@pytest.mark.parametrize("unfit", UNFIT)
def test_no_group_is_stepped_where_another_cannot_be(unfit, options):
    fit, other = parameter(), UNFIT[unfit]()
    other.grad = tw.ones(3, dtype=other.dtype)
    optimizer = optim.SGD([{"params": fit}, {"params": other}], lr=0.5, **options)
    with pytest.raises((TypeError, ValueError), match=rf"^SGD.step: the parameter of shape \(3,\).* {unfit}"):
        optimizer.step()
    assert fit.tolist() == [1.0] * 3 and optimizer.state == {}


def test_a_state_that_no_longer_fits_stops_all_groups():
    net, extra = nn.Linear(1, 1), parameter()
    for p in net.parameters():
        p.grad = tw.ones(p.shape)
    optimizer = optim.Adam([{"params": extra}, {"params": net.parameters()}])
    optimizer.step()
    net.double()
    before = extra.tolist()
    with raises(
        TypeError, r"Adam.step: the parameter of shape \(1, 1\) is float64, but its gradient or its state is fl"
    ):
        optimizer.step()
    assert extra.tolist() == before and optimizer.state[extra]["step"] == 1


@pytest.mark.parametrize("make", [optim.Adam, lambda p: optim.SGD(p, momentum=0.5, dampening=0.5)])
def test_a_step_that_is_refused_leaves_no_trace(make):
    a, b = parameter(), UNFIT["not contiguous"]()
    b.grad = tw.ones(3)
    optimizer, twin = make([a, b]), make([parameter()])
    with pytest.raises(ValueError, match="not contiguous"):
        optimizer.step()
    assert optimizer.state == {}
    b.grad = None
    for o in (optimizer, twin):
        o.step()
    assert a.tolist() == twin.param_groups[0]["params"][0].tolist()
    b.grad = tw.ones(3)
    before = snapshot(optimizer)
    with pytest.raises(ValueError, match="not contiguous"):
        optimizer.step()
    assert snapshot(optimizer) == before


def test_a_copied_optimizer_goes_on():
    optimizer = optim.Adam([{"params": parameter()}, {"params": parameter()}], lr=np.float64(0.5))
    optimizer.step()
    twin = copy.deepcopy(optimizer)
    for o in (optimizer, twin):
        for group in o.param_groups:
            group["params"][0].grad = tw.ones(3)
        o.step()
    assert snapshot(twin) == snapshot(optimizer) and type(twin.param_groups[0]["lr"]) is float


SGD_STATE = stepped(optim.SGD, momentum=0.9).state_dict()
ADAM_STATE = stepped(optim.Adam).state_dict()
GROUPS = ADAM_STATE["param_groups"]


def adam_state(**changes):
    return {"param_groups": GROUPS, "state": {0: {**ADAM_STATE["state"][0], **changes}}}


NOT_STATES = [
    (optim.Adam, SGD_STATE, ValueError, "the state of parameter 0 lacks step, exp_avg, exp_avg_sq and has mom"),
    (optim.SGD, ADAM_STATE, ValueError, "the state of parameter 0 has step, exp_avg, exp_avg_sq, which SGD does not"),
    (optim.Adam, [1], TypeError, "state_dict is a list, but must be a dict"),
    (optim.Adam, {"state": {}}, ValueError, "the state_dict lacks param_groups"),
    (optim.Adam, {"state": {}, "param_groups": 3}, TypeError, "param_groups is 3, but must be a list of dicts"),
    (optim.Adam, {"state": {}, "param_groups": [{"params": 3}]}, TypeError, "a group is a dict, but must be a"),
    (optim.Adam, {"state": 3, "param_groups": GROUPS}, TypeError, "state is 3, but must be a dict"),
    (optim.Adam, adam_state(step="a"), TypeError, "step is 'a', but must be a real number"),
    (optim.Adam, adam_state(step=1.5), ValueError, "step is 1.5, but must be a whole number of at least 0"),
    (optim.Adam, adam_state(exp_avg="a"), TypeError, "exp_avg is 'a', but must be array-like"),
    (optim.Adam, adam_state(exp_avg_sq=tw.ones(3, dtype="complex64")), TypeError, "exp_avg_sq is complex64, but its"),
    (optim.Adam, {"state": {}, "param_groups": [{"params": ["x"]}]}, TypeError, "the number of a parameter is 'x'"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "state", "error", "message"), NOT_STATES, ids=[m for *_, m in NOT_STATES])
def test_a_state_is_refused_as_a_whole_when_it_is_loaded(make, state, error, message):
    optimizer = stepped(make, lr=0.25)
    before = snapshot(optimizer)
    with raises(error, f"{make.__name__}.load_state_dict: {message}"):
        optimizer.load_state_dict(state)
    assert snapshot(optimizer) == before


def test_options_of_a_state_become_pythons_numbers():
    optimizer = stepped(optim.Adam)
    optimizer.load_state_dict({"state": {}, "param_groups": [{"params": [0], "lr": np.array(0.5), "betas": [0, 0.5]}]})
    assert type(optimizer.param_groups[0]["lr"]) is float and optimizer.param_groups[0]["betas"] == (0.0, 0.5)
    with raises(TypeError, "Adam: eps is 'a'"):
        optimizer.load_state_dict({"state": {}, "param_groups": [{"params": [0], "lr": 3.0, "eps": "a"}]})
    assert optimizer.param_groups[0]["lr"] == 0.5


# ---- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [3, True, None, 2.5, [], ("a",)], ids=repr)
def test_a_path_is_a_path(path):
    for name, call in {"load": io.load, "metadata": io.metadata, "save": lambda p: io.save(p, {})}.items():
        with raises(TypeError, f"{name}: path is .*, but must be a str, bytes or os.PathLike"):
            call(path)


def test_an_open_file_is_no_path_and_stays_open(tmp_path):
    path = tmp_path / "x.safetensors"
    io.save(path, {"x": tw.ones(1)})
    descriptor = os.open(path, os.O_RDWR)
    with open(path, "rb") as file:
        for given in (descriptor, file):
            for call in (io.load, io.metadata, lambda p: io.save(p, {})):
                with raises(TypeError, r"(load|metadata|save): path is"):
                    call(given)
        assert file.read(1)
    os.close(descriptor)


def test_paths_may_be_bytes(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xfc.safetensors"
    io.save(path, {"x": [1.0]}, {"a": "b"})
    assert io.load(path)["x"].tolist() == [1.0] and io.metadata(path) == {"a": "b"}
    assert len(list(tmp_path.iterdir())) == 1
    for call in (io.load, io.metadata, lambda p: io.save(p, {})):
        with raises(ValueError, r"(load|metadata|save): path is 'a\\x00b', but no path has a zero in it"):
            call("a\0b")


UNSAVABLE = [
    ({"__metadata__": [1.0]}, None, ValueError, "no tensor can have the name '__metadata__'"),
    ({"\ud800": [1.0]}, None, ValueError, r"the name '\\ud800' has a surrogate"),
    ({"x": object()}, None, TypeError, "x is an object, but must be array-like"),
    (optim.SGD([P]), None, TypeError, "state is a dict, but must be array-like"),
    (nn.Linear, None, TypeError, "got a type, but needs a Module or a dict"),
    ({}, {"\ud800": "a"}, ValueError, r"metadata '\\ud800' has a surrogate"),
    ({}, {"a": "\ud800"}, ValueError, r"metadata '\\ud800' has a surrogate"),
    ({}, 3, TypeError, "metadata is 3, but must be a mapping of text to text"),
    ({}, [1], TypeError, "metadata is a list, but must be a mapping of text to text"),
    ({}, {"a": "x" * 10**8}, ValueError, "a safetensors file cannot hold this: .*too large"),
]


@pytest.mark.parametrize(("tensors", "notes", "error", "message"), UNSAVABLE, ids=[m for *_, m in UNSAVABLE])
def test_what_could_not_be_read_again_is_not_written(tmp_path, tensors, notes, error, message):
    with raises(error, f"save: {message}"):
        io.save(tmp_path / "x.safetensors", tensors, notes)
    assert list(tmp_path.iterdir()) == []


def spec(*entries, notes=""):
    """A file of entries (name, dtype), all at the same eight bytes."""
    one = '"{}":{{"dtype":"{}","shape":[2],"data_offsets":[0,8]}}'
    header = "{" + notes + ",".join(one.format(*entry) for entry in entries) + "}"
    return struct.pack("<Q", len(header)) + header.encode() + bytes(8)


TWICE = {
    "the same": spec(("x", "F32"), ("x", "F32")),
    "another dtype": spec(("x", "I32"), ("x", "F32")),
    "escaped": spec(("x", "F32"), (r"\u0078", "F32")),
    "in the metadata": spec(("y", "F32"), notes='"__metadata__":{"x":"a","x":"b"},'),
}


@pytest.mark.parametrize("content", TWICE.values(), ids=TWICE)
def test_a_name_that_is_there_twice_is_refused(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    for call in (io.load, io.metadata):
        with raises(io.FormatError, rf"{call.__name__}: .*bad\.safetensors' has the name 'x' twice"):
            call(path)


def test_what_readers_pass_over_does_no_harm(tmp_path):
    path = tmp_path / "x.safetensors"
    more = '"y":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"more":[%s]},' % ("9" * 300)
    path.write_bytes(spec(("x", "F32"), notes=more))
    assert set(io.load(path)) == {"x", "y"} and io.metadata(path) == {}


# ---- data sets -------------------------------------------------------------------------------------------------------

DATA = TensorDataset([10, 20, 30, 40])


class ByList:
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return [10, 20, 30, 40][index]


test_errors_of_data_sets = check([
    (TypeError, "DataLoader: dataset is a list, but must be a data set", lambda: DataLoader([1, 2], 2, True)),
    (TypeError, "DataLoader: dataset is a dict, but must be a data set that takes", lambda: DataLoader({"a": 1})),
    (TypeError, "DataLoader: dataset is 3, but must be a data set: something", lambda: DataLoader(3)),
    (TypeError, "DataLoader: shuffle is 'no', but must be True or False", lambda: DataLoader(DATA, 1, "no")),
    (TypeError, "DataLoader: drop_last is 'no'", lambda: DataLoader(DATA, drop_last="no")),
    (TypeError, "DataLoader: generator is 5, but must be a Generator", lambda: DataLoader(DATA, generator=5)),
    (TypeError, "Subset: dataset is a list, but must be a data set that takes", lambda: Subset([1, 2], [1])[:]),
    (TypeError, "Subset: dataset is None", lambda: Subset(None, [1])),
    (TypeError, "Subset: indices has dtype float32, but must be integers", lambda: Subset(DATA, [0.0])),
    (TypeError, "Subset: indices has dtype bool, but must be integers", lambda: Subset(DATA, [True])),
    (ValueError, r"Subset: indices have shape \(\), but must be 1-D", lambda: Subset(DATA, 3)),
    (TypeError, "TensorDataset: tensor 1 is 'a', but must be array-like", lambda: TensorDataset([1], "a")),
    (TypeError, "TensorDataset: index has dtype float32, but must be integers", lambda: DATA[1.5]),
    (TypeError, "TensorDataset: index is 'a', but must be array-like", lambda: DATA["a"]),
    (ValueError, r"random_split: lengths are \[4.0, 4.0\], but fractions must", lambda: random_split(DATA, [4.0, 4.0])),
    (ValueError, r"random_split: lengths are \[1, 0\], but must add up", lambda: random_split(DATA, np.array([1, 0]))),
    (TypeError, "random_split: lengths is 'ab', but must be a sequence", lambda: random_split(DATA, "ab")),
    (TypeError, "random_split: lengths is 3", lambda: random_split(DATA, 3)),
    (TypeError, "random_split: an entry of lengths is 'a'", lambda: random_split(DATA, ["a"])),
    (TypeError, "random_split: dataset is 3, but must be a data set", lambda: random_split(3, [1])),
    (TypeError, "random_split: generator is 5", lambda: random_split(DATA, [4], 5)),
])  # fmt: skip


def test_a_data_set_that_takes_no_arrays_is_told_what_it_got():
    with pytest.raises((TypeError, ValueError)) as caught:
        list(DataLoader(ByList(), 2, shuffle=True))
    assert caught.value.__notes__ == [
        "DataLoader: the data set was given a 1-D int64 Tensor as its index, for a whole batch of samples"
    ]


def test_integers_of_numpy_are_integers():
    assert len(DataLoader(DATA, np.int64(3))) == 2 and type(DataLoader(DATA, np.int64(3)).batch_size) is int
    parts = random_split(DATA, [np.int64(3), np.array(1)], Generator(0))
    assert [len(p) for p in parts] == [3, 1]
    assert [len(p) for p in random_split(TensorDataset([1]), [np.int64(1), np.int64(0)])] == [1, 0]
    seen = []

    class Watched(ByList):
        def __getitem__(self, index):
            seen.append(type(index))
            return super().__getitem__(index)

    assert Subset(Watched(), [2, 1])[np.int64(0)] == 30 and seen == [int]
    assert len(Subset(DATA, [])[:][0]) == 0 and DATA[[]][0].shape == (0,)


# ---- random numbers --------------------------------------------------------------------------------------------------

G = Generator(0)
test_errors_of_random_numbers = check([
    (TypeError, "normal: loc is a builtin_function_or_method, but must be a real number", lambda: G.normal(len)),
    (TypeError, "normal: scale is 'a'", lambda: G.normal(0, "a")),
    (TypeError, "uniform: low is 'a', but must be a real number", lambda: G.uniform("a")),
    (TypeError, "uniform: high is a tensor that requires grad", lambda: G.uniform(0, leaf())),
    (TypeError, "uniform: size is 2.5, but must be an integer or a sequence", lambda: G.uniform(size=2.5)),
    (TypeError, "normal: size is 'ab'", lambda: G.normal(size="ab")),
    (ValueError, "standard_normal: size .* has more elements than can be", lambda: G.standard_normal(2**70)),
    (ValueError, "integers: size .* has more elements than can be", lambda: G.integers(3, size=(2**70, 0))),
    (ValueError, "uniform: low is 1e.30 and high 1.1e.30, but f", lambda: G.uniform(1e30, 1.1e30, 2, "float16")),
    (ValueError, "uniform: low is 0.0 and high 1e.39, but bfloat16 ho", lambda: G.uniform(0, 1e39, 2, "bfloat16")),
    (ValueError, "uniform: the width of the range from -3e.38 to 3e.38", lambda: G.uniform(-3e38, 3e38, 2)),
    (ValueError, "uniform: low is nan", lambda: G.uniform(math.nan)),
    (ValueError, "normal: loc 1000000.0 with scale 1.0 gives num", lambda: G.normal(1e6, 1, 2, "float16")),
    (ValueError, "normal: loc 0.0 with scale 1e.38 gives numbers beyond float32", lambda: G.normal(0, 1e38, 2)),
    (ValueError, "normal: loc nan", lambda: G.normal(math.nan)),
    (TypeError, "bernoulli: p is a list, but must be a real number", lambda: G.bernoulli([0.5])),
    (ValueError, r"bernoulli: p is nan, but must lie in \[0, 1\]", lambda: G.bernoulli(math.nan)),
    (TypeError, "integers: high is 1.5, but must be an integer", lambda: G.integers(1.5)),
    (TypeError, "integers: endpoint is 'a'", lambda: G.integers(1, 6, endpoint="a")),
    (ValueError, "permutation: size .* has more elements than can be", lambda: G.permutation(2**70)),
    (TypeError, "permutation: x is 'abc', but must be array-like", lambda: G.permutation("abc")),
    (ValueError, "choice: a is -1, but must be at least 0", lambda: G.choice(-1)),
    (ValueError, "choice: a is a 0-d array of dtype float32, which has no slices", lambda: G.choice(1.5)),
    (ValueError, "choice: no int64 lies between", lambda: G.choice(2**70)),
    (TypeError, "choice: replace is 'no'", lambda: G.choice(3, replace="no")),
    (TypeError, "Generator: seed is 'a', but must be an integer", lambda: Generator("a")),
    (TypeError, "Generator: state is 3, but must be a dict", lambda: setattr(G, "state", 3)),
    (ValueError, "Generator: the state lacks position", lambda: setattr(G, "state", {"seed": 1})),
    (TypeError, "memory.set_cache_limit: nbytes is 1.5, but must be", lambda: tw.memory.set_cache_limit(1.5)),
    (TypeError, "set_num_threads: count is 'a', but must be an integer", lambda: tw.set_num_threads("a")),
    (ValueError, r"set_num_threads: count is 2147483648, but must be below 2\*\*31", lambda: tw.set_num_threads(2**31)),
    (TypeError, "show_config: mode is a list, but must be", lambda: tw.show_config(mode=[])),
    (TypeError, "checkpoint: fun is 3, but must be callable", lambda: tw.autograd.checkpoint(3)),
    (TypeError, "check_grads: fun is 3, but must be callable", lambda: tw.testing.check_grads(3, leaf())),
    (TypeError, "check_grads: eps is 'a'", lambda: tw.testing.check_grads(tw.tanh, leaf(), eps="a")),
    (ValueError, "check_grads: eps is 0.0, but must be", lambda: tw.testing.check_grads(tw.tanh, leaf(), eps=0)),
    (ValueError, "check_grads: directions is 0", lambda: tw.testing.check_grads(tw.tanh, leaf(), directions=0)),
    (ValueError, "assert_allclose: rtol is nan", lambda: tw.testing.assert_allclose(1.0, 1.0, rtol=math.nan)),
])  # fmt: skip


@pytest.mark.parametrize("ten", [np.int64(10), np.array(10), tw.asarray(10)], ids=lambda v: type(v).__name__)
def test_integers_of_every_kind_are_counts(ten):
    assert sorted(G.permutation(ten).tolist()) == list(range(10))
    assert 0 <= G.choice(ten).item() < 10
    assert sorted(G.choice(ten, ten, replace=np.False_).tolist()) == list(range(10))
    assert G.normal(size=ten).shape == G.uniform(size=[ten]).shape == (10,)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_numbers_stay_finite_up_to_the_largest_of_the_dtype(dtype):
    largest = {"float16": 65504.0, "bfloat16": 3.3895e38, "float32": 3.4028e38, "float64": 1.7976e308}[dtype]
    for x in (
        G.uniform(0, largest, 1000, dtype),
        G.uniform(-largest / 2, largest / 2, 1000, dtype),
        G.normal(0, largest / 8.8, 1000, dtype),
    ):
        assert tw.isfinite(x).all() and abs(x).max() > largest / 3


# ---- initialisation --------------------------------------------------------------------------------------------------

HALF, W = tw.zeros(3, dtype="float16"), tw.zeros((2, 2))
INIT_ERRORS = [
    (TypeError, "zeros_: tensor is a ndarray, but must be a Tensor", lambda: init.zeros_(np.ones(3))),
    (TypeError, "ones_: tensor is None, but must be a Tensor", lambda: init.ones_(None)),
    (TypeError, "uniform_: tensor has dtype int64, but must be floating", lambda: init.uniform_(tw.arange(3))),
    (TypeError, "orthogonal_: tensor has dtype int64", lambda: init.orthogonal_(tw.zeros((2, 2), dtype="int64"))),
    (ValueError, r"normal_: tensor of shape \(3,\) is read-only", lambda: init.normal_(read_only(3))),
    (TypeError, "constant_: value is 'a', but must be a real number", lambda: init.constant_(W, "a")),
    (TypeError, "constant_: value is a list", lambda: init.constant_(W, [1, 2])),
    (TypeError, "constant_: value is 1j, but must be a real number", lambda: init.constant_(W, 1j)),
    (ValueError, "constant_: value is 1e.300, which float32 cannot hold", lambda: init.constant_(W, 1e300)),
    (ValueError, "constant_: value is 70000, which float16 cannot hold", lambda: init.constant_(HALF, 70000)),
    (ValueError, "constant_: value is an integer of 999 bits", lambda: init.constant_(W, 2**998)),
    (ValueError, "constant_: value is 300, which uint8 ca", lambda: init.constant_(tw.ones(2, dtype="uint8"), 300)),
    (ValueError, "uniform_: low is 0.0 and high 70000.0, but float16", lambda: init.uniform_(HALF, 0, 7e4)),
    (ValueError, "uniform_: the width of the range", lambda: init.uniform_(W, -3e38, 3e38)),
    (ValueError, "normal_: mean 0.0 with std 10000.0 gives numbers beyond", lambda: init.normal_(HALF, 0, 1e4)),
    (TypeError, "uniform_: low is 'a'", lambda: init.uniform_(W, "a")),
    (TypeError, "normal_: std is 'a'", lambda: init.normal_(W, 0, "a")),
    (TypeError, "uniform_: generator is 5", lambda: init.uniform_(W, generator=5)),
    (TypeError, "xavier_uniform_: gain is 'a'", lambda: init.xavier_uniform_(W, "a")),
    (ValueError, "xavier_normal_: gain is -1.0, but must be finite and at", lambda: init.xavier_normal_(W, -1)),
    (ValueError, "kaiming_uniform_: a is nan, but must be finite", lambda: init.kaiming_uniform_(W, math.nan)),
    (TypeError, 'kaiming_normal_: mode is a list, but must be "fan_in"', lambda: init.kaiming_normal_(W, mode=[1])),
    (TypeError, "orthogonal_: gain is 'a'", lambda: init.orthogonal_(W, "a")),
    (TypeError, "calculate_gain: nonlinearity is 3, but must be a str", lambda: init.calculate_gain(3)),
    (TypeError, "calculate_gain: param is 'a'", lambda: init.calculate_gain("leaky_relu", "a")),
]  # fmt: skip


@pytest.mark.parametrize(("error", "message", "call"), INIT_ERRORS, ids=[m for _, m, _ in INIT_ERRORS])
def test_errors_of_initialisation(error, message, call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with raises(error, message):
            call()
    assert (W == 0).all() and (HALF == 0).all()


@pytest.mark.parametrize("call", [lambda g: init.uniform_(W, 2, 1, g), lambda g: init.normal_(W, 0, -1, g)])
def test_what_is_refused_draws_nothing(call):
    generator = tw.random.Generator(0)
    with pytest.raises(ValueError, match=r"uniform_: low|normal_: std"):
        call(generator)
    assert generator.state["position"] == 0


def test_constants_of_every_kind():
    assert init.constant_(tw.empty(1), np.array(2)).tolist() == [2.0]
    assert init.constant_(tw.empty(1), math.inf).tolist() == [math.inf]
    assert init.constant_(tw.empty(1, dtype="complex64"), np.complex64(1j)).tolist() == [1j]
