"""Recurrent layers and cells: against their formulas in NumPy, against PyTorch, and inputs that broke other engines."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn.utils import rnn

KINDS = ("RNN", "LSTM", "GRU")
OPTIONS = (
    *(("RNN", {"nonlinearity": name}) for name in ("tanh", "relu")),
    *(("LSTM", more) for more in ({}, {"proj_size": 2}, {"peephole": True}, {"peephole": True, "proj_size": 3})),
    *(("GRU", {"reset_after": flag}) for flag in (True, False)),
)


def drawn(*shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def close(got, want, tolerance=1e-10, context=""):
    np.testing.assert_allclose(got.detach().numpy(), want, rtol=tolerance, atol=tolerance, err_msg=context)


def as_list(states):
    return list(states) if isinstance(states, tuple) else [states]


def given(states):
    """States as a layer takes them."""
    return states[0] if len(states) == 1 else tuple(states)


# ---- the formulas ----------------------------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(module, weights, x, states):
    """New states of one sequence from one element, in NumPy."""
    zero = np.zeros(len(weights["weight_ih"]))
    of_x = weights["weight_ih"] @ x + weights.get("bias_ih", zero)
    h, w, b = states[0], weights["weight_hh"], weights.get("bias_hh", zero)
    size = module.hidden_size
    rows = [slice(k * size, (k + 1) * size) for k in range(4)]
    if isinstance(module, (nn.RNN, nn.RNNCell)):
        y = of_x + w @ h + b
        return [np.tanh(y) if module.nonlinearity == "tanh" else np.maximum(y, 0)]
    if isinstance(module, (nn.GRU, nn.GRUCell)):
        r, z = [sigmoid(of_x[k] + w[k] @ h + b[k]) for k in rows[:2]]
        n = rows[2]
        new = np.tanh(of_x[n] + (r * (w[n] @ h + b[n]) if module.reset_after else w[n] @ (r * h) + b[n]))
        return [(1 - z) * new + z * h]
    c, p = states[1], weights.get("weight_peephole", np.zeros((3, size)))
    i, f, g, o = [of_x[k] + w[k] @ h + b[k] for k in rows]
    c_new = sigmoid(f + p[1] * c) * c + sigmoid(i + p[0] * c) * np.tanh(g)
    h_new = sigmoid(o + p[2] * c_new) * np.tanh(c_new)
    return [weights["weight_hr"] @ h_new if "weight_hr" in weights else h_new, c_new]


def weights_of(module, suffix):
    return {n.removesuffix(suffix): p.detach().numpy() for n, p in module.named_parameters() if n.endswith(suffix)}


def of_one(module, x, states):
    """A layer over one sequence (T, I), from first states (L D, ..): its results, and its last states."""
    suffixes = ["", "_reverse"] if module.bidirectional else [""]
    last = [state.copy() for state in states]
    for k in range(module.num_layers):
        outputs = []
        for d, suffix in enumerate(suffixes):
            place, weights = len(suffixes) * k + d, weights_of(module, f"_l{k}{suffix}")
            now, results = [state[place] for state in states], []
            for element in x[::-1] if d else x:
                now = step(module, weights, element, now)
                results.append(now[0])
            for state, end in zip(last, now, strict=True):
                state[place] = end
            results = results[::-1] if d else results
            outputs.append(np.array(results).reshape(len(x), last[0].shape[-1]))
        x = np.concatenate(outputs, 1)
    return x, last


def widths(module):
    out = getattr(module, "proj_size", 0) or module.hidden_size
    return [out, module.hidden_size] if isinstance(module, nn.LSTM) else [out]


def states_for(module, batch, seed=1):
    count = module.num_layers * (1 + module.bidirectional)
    return [drawn(count, batch, width, seed=seed + i) for i, width in enumerate(widths(module))]


def make(kind, *sizes, seed=3, **options):
    return getattr(nn, kind)(*sizes, dtype="float64", generator=tw.random.Generator(seed), **options)


@pytest.mark.parametrize(("kind", "more"), OPTIONS, ids=str)
@pytest.mark.parametrize(("layers", "bidirectional"), [*itertools.product((1, 2, 3), (False, True))])
def test_layers_are_their_formulas(kind, more, layers, bidirectional):
    for bias, (steps, batch) in itertools.product((True, False), ((4, 3), (1, 1), (2, 4))):
        module = make(kind, 3, 5, layers, bias=bias, bidirectional=bidirectional, **more)
        x, states = drawn(steps, batch, 3), states_for(module, batch)
        for first in (states, [np.zeros_like(state) for state in states]):
            hx = given([tw.asarray(state) for state in first]) if first is states else None
            output, last = module(tw.asarray(x), hx)
            for b in range(batch):
                want, ends = of_one(module, x[:, b], [state[:, b] for state in first])
                close(output[:, b], want)
                for got, end in zip(as_list(last), ends, strict=True):
                    close(got[:, b], end)


@pytest.mark.parametrize(("kind", "more"), OPTIONS, ids=str)
def test_first_axes(kind, more):
    """With batches first, and without a batch, it is the same; states are never moved."""
    plain = make(kind, 3, 5, 2, bidirectional=True, **more)
    moved = make(kind, 3, 5, 2, bidirectional=True, batch_first=True, **more)
    x, states = drawn(6, 4, 3), [tw.asarray(state) for state in states_for(plain, 4)]  # as many states as sequences
    output, last = plain(tw.asarray(x), given(states))
    output_first, last_first = moved(tw.asarray(x.swapaxes(0, 1)), given(states))
    close(output_first, output.detach().numpy().swapaxes(0, 1), 0)
    for got, want in zip(as_list(last_first), as_list(last), strict=True):
        close(got, want.detach().numpy(), 0)
    for module in (plain, moved):
        output_one, last_one = module(tw.asarray(x[:, 1]), given([state[:, 1] for state in states]))
        close(output_one, output[:, 1].detach().numpy(), 1e-12)
        for got, want in zip(as_list(last_one), as_list(last), strict=True):
            close(got, want[:, 1].detach().numpy(), 1e-12)


@pytest.mark.parametrize(("kind", "more"), [(k, m) for k, m in OPTIONS if "proj_size" not in m], ids=str)
def test_cells_in_a_loop_are_a_layer(kind, more):
    module, cell = make(kind, 3, 5, **more), make(f"{kind}Cell", 3, 5, seed=9, **more)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in module.state_dict().items()})
    x = tw.asarray(drawn(4, 2, 3))
    output, last = module(x)
    states = None
    for t in range(4):
        states = cell(x[t], states)
        close(as_list(states)[0], output[t].detach().numpy())
    for got, want in zip(as_list(states), as_list(last), strict=True):
        close(got, want[0].detach().numpy())
    states = None
    for t in range(4):  # without a batch
        states = cell(x[t, 1], states)
    close(as_list(states)[0], output[-1, 1].detach().numpy())


# ---- PyTorch ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def torch():
    """With one thread: they are small, and two would wait for each other."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(before)


def pair(torch, kind, *sizes, **options):
    """A layer here and there, in double precision, each with the other's state dict."""
    theirs = getattr(torch.nn, kind)(*sizes, dtype=torch.float64, **options)
    ours = getattr(nn, kind)(*sizes, dtype="float64", **options)
    assert repr(ours).replace(", nonlinearity='relu'", "") == repr(theirs)  # which leaves it out
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    theirs.load_state_dict({name: torch.tensor(value.numpy()) for name, value in ours.state_dict().items()})
    assert list(ours.state_dict()) == list(theirs.state_dict())
    return ours, theirs


def compare(torch, ours, theirs, x, states, lengths=None):
    """Results, last states and all gradients; of packed sequences where there are lengths."""
    a, b = tw.asarray(x).requires_grad_(), torch.tensor(x, requires_grad=True)
    hx = [tw.asarray(state).requires_grad_() for state in states or ()]
    hx_there = [torch.tensor(state, requires_grad=True) for state in states or ()]
    first = getattr(ours, "batch_first", False)
    inputs = a, b
    if lengths is not None:
        inputs = (
            rnn.pack_padded_sequence(a, lengths, first, enforce_sorted=False),
            torch.nn.utils.rnn.pack_padded_sequence(b, torch.tensor(lengths), first, enforce_sorted=False),
        )
    got, want = ours(inputs[0], given(hx) if hx else None), theirs(inputs[1], given(hx_there) if hx_there else None)
    if lengths is not None:
        got, want = (got[0].data, got[1]), (want[0].data, want[1])
    got, want = tw._engine.tree.leaves(got), tw._engine.tree.leaves(want)
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        close(g, w.detach().numpy())
        cotangent = drawn(*g.shape, seed=i)
        g.backward(tw.asarray(cotangent), retain_graph=True)
        w.backward(torch.tensor(cotangent), retain_graph=True)
    for g, w in zip((a, *hx, *ours.parameters()), (b, *hx_there, *theirs.parameters()), strict=True):
        close(g.grad, w.grad.numpy())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_layers_are_pytorchs(kind, torch):
    flags = itertools.product((1, 3), *[(False, True)] * 4)
    for i, (layers, bias, first, bidirectional, packed) in enumerate(flags):
        more = {"LSTM": {"proj_size": 2 * (i % 2)}, "RNN": {"nonlinearity": ("tanh", "relu")[i % 2]}, "GRU": {}}[kind]
        options = {"bias": bias, "batch_first": first, "bidirectional": bidirectional, **more}
        ours, theirs = pair(torch, kind, 3, 5, layers, **options)
        x = drawn(*((4, 6) if first else (6, 4)), 3)
        states = states_for(ours, 4) if i % 3 else None
        compare(torch, ours, theirs, x, states, [3, 6, 1, 4] if packed else None)
        compare(torch, ours.float().double(), theirs.float().double(), x[:, 0], None)


@pytest.mark.parametrize("kind", KINDS)
def test_cells_are_pytorchs(kind, torch):
    for bias, batched in itertools.product((True, False), repeat=2):
        ours, theirs = pair(torch, f"{kind}Cell", 3, 5, bias=bias)
        shape = (4,) if batched else ()
        states = [drawn(*shape, 5, seed=i) for i in range(2 if kind == "LSTM" else 1)]
        compare(torch, ours, theirs, drawn(*shape, 3), states)
        compare(torch, ours, theirs, drawn(*shape, 3), None)


# ---- inputs that broke other engines ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_walk_over(kind):
    """No step, no sequence, and sequences without steps: the last states are the first, gradients are zeros."""
    for layers, bidirectional, shape in itertools.product((1, 2), (False, True), ((5, 0, 3), (0, 10, 3), (0, 0, 3))):
        module = make(kind, 3, 4, layers, bidirectional=bidirectional)
        states = [tw.asarray(state).requires_grad_() for state in states_for(module, shape[1])]
        x = tw.zeros(shape, dtype="float64").requires_grad_()
        output, last = module(x, given(states))
        assert output.shape == (*shape[:2], 4 * (1 + bidirectional))
        for got, first in zip(as_list(last), states, strict=True):
            close(got, first.detach().numpy(), 0)
        sum([y.sum() for y in (output, *as_list(last))]).backward()
        assert all((p.grad == 0).all() for p in (x, *module.parameters()) if p.grad is not None)
        assert all((state.grad == 1).all() for state in states)
    module = make(kind, 3, 4)
    states = [tw.asarray(state) for state in states_for(module, 2)]
    x = np.full((5, 2, 3), np.nan)
    x[:2, 0] = 1.0
    packed, last = module(rnn.pack_padded_sequence(tw.asarray(x), [2, 0]), given(states))
    output, lengths = rnn.pad_packed_sequence(packed, total_length=5)
    assert lengths.tolist() == [2, 0] and output.shape == (5, 2, 4)
    assert (output[2:] == 0).all() and (output[:, 1] == 0).all() and np.isfinite(output.detach().numpy()).all()
    for got, first in zip(as_list(last), states, strict=True):
        close(got[:, 1], first[:, 1].numpy(), 0)


def test_batches_first_do_not_move_the_states():
    module = nn.LSTM(6, 5, 2, bidirectional=True, batch_first=True)
    output, (h_n, c_n) = module(tw.zeros((60, 8, 6)))
    assert (output.shape, h_n.shape, c_n.shape) == ((60, 8, 10), (4, 60, 5), (4, 60, 5))
    moved, right = tw.zeros((60, 4, 5)), tw.zeros((4, 60, 5))
    for hx, name in (((moved, right), "h_0"), ((right, moved), "c_0")):
        message = rf"LSTM: hx has {name} \(60, 4, 5\), but input \(60, 8, 6\) needs \(4, 60, 5\)"
        with pytest.raises(ValueError, match=message):
            module(tw.zeros((60, 8, 6)), hx)
    close(output[:, -1, :5], h_n[2].detach().numpy(), 0)  # the order is layer 0 forward, layer 0 backward, ..
    close(output[:, 0, 5:], h_n[3].detach().numpy(), 0)


def test_where_the_reset_gate_multiplies():
    for cls, suffix in ((nn.GRU, "_l0"), (nn.GRUCell, "")):
        for after, want in ((True, 0.5 * math.tanh(1) + 0.5), (False, 0.5 * math.tanh(1.5) + 0.5)):
            module = cls(2, 1, reset_after=after, dtype="float64")
            for name, value in module.named_parameters():
                last = {f"weight_hh{suffix}": [[0.0], [0.0], [1.0]], f"bias_hh{suffix}": [0.0, 0.0, 1.0]}.get(name)
                value.detach().copy_(tw.zeros(value.shape) if last is None else tw.asarray(last))
            h = tw.ones((1, 3, 1) if suffix else (3, 1), dtype="float64")
            y = module(tw.zeros((1, 3, 2) if suffix else (3, 2)), h)
            close(tw.reshape(as_list(y)[-1], (3,)), [want] * 3, 1e-12)


def test_dropout_is_between_layers_alone():
    x = tw.asarray(drawn(4, 3, 2))
    for kind in KINDS:
        with pytest.warns(UserWarning, match=f"{kind}: dropout is 0.9, but acts between layers alone") as caught:
            one = make(kind, 2, 3, dropout=0.9)
        assert [warning.filename for warning in caught] == [__file__]
        close(one(x)[0], make(kind, 2, 3)(x)[0].detach().numpy(), 0)
        two, plain = make(kind, 2, 3, 2, dropout=1.0), make(kind, 2, 3, 2)
        output, last = two(x)
        top = make(kind, 3, 3)
        top.load_state_dict({n.replace("l1", "l0"): v for n, v in two.state_dict().items() if n.endswith("l1")})
        want, ends = top(tw.zeros((4, 3, 3)))  # the second layer sees zeros, and its results are not dropped
        close(output, want.detach().numpy(), 0)
        for got, end in zip(as_list(last), as_list(ends), strict=True):
            close(got[1], end[0].detach().numpy(), 0)
        close(as_list(last)[0][0], as_list(plain(x)[1])[0][0].detach().numpy(), 0)
        close(two.eval()(x)[0], plain(x)[0].detach().numpy(), 0)


def test_dropout_draws_from_the_layers_generator():
    x = tw.ones((3, 2, 2))
    first, second = [make("GRU", 2, 3, 2, dropout=0.5)(x)[0] for _ in range(2)]
    close(first, second.detach().numpy(), 0)
    module = make("GRU", 2, 3, 2, dropout=0.5)
    assert (module(x)[0] != module(x)[0]).any()


def test_projections():
    module = nn.LSTM(4, 6, 2, bidirectional=True, proj_size=3)
    shapes = {name: p.shape for name, p in module.named_parameters()}
    assert len(shapes) == 20
    for name, shape in {
        "weight_ih_l0": (24, 4), "weight_hh_l0": (24, 3), "bias_ih_l0": (24,), "bias_hh_l0": (24,),
        "weight_hr_l0": (3, 6), "weight_ih_l1": (24, 6), "weight_hh_l1": (24, 3), "weight_hr_l1": (3, 6),
    }.items():  # fmt: skip
        assert shapes[name] == shapes[f"{name}_reverse"] == shape
    output, (h_n, c_n) = module(tw.asarray(drawn(5, 2, 4, dtype="float32")))
    assert (output.shape, h_n.shape, c_n.shape) == ((5, 2, 6), (4, 2, 3), (4, 2, 6))
    output[..., :3].sum().backward()
    gradients = {name: p.grad for name, p in module.named_parameters()}
    assert (gradients["weight_ih_l0_reverse"] != 0).any()  # layer 1 forward sees layer 0 backward
    assert gradients["weight_ih_l1_reverse"] is None or (gradients["weight_ih_l1_reverse"] == 0).all()


def test_gates_saturate():
    """At +-1e4 they are exactly 0 or 1, and nothing is NaN."""
    for dtype in ("float32", "float64", "bfloat16"):
        lstm = nn.LSTM(1, 2, dtype=dtype)
        for p in lstm.parameters():
            p.detach().zero_()
        open_, shut = [1e4, 1e4], [-1e4, -1e4]
        lstm.bias_ih_l0.detach().copy_(tw.asarray([*open_, *shut, 1e4, -1e4, *open_]))
        x = tw.zeros((2, 3, 1), dtype=dtype).requires_grad_()
        state = tw.full((1, 3, 2), 7.0, dtype=dtype)
        _, (h_n, c_n) = lstm(x, (state, state))
        assert (c_n == tw.asarray([1.0, -1.0])).all()  # the old one is forgotten
        want = np.broadcast_to(np.tanh([1, -1]), (1, 3, 2))
        close(h_n.astype("float64"), want, 1e-2 if dtype == "bfloat16" else 1e-6)
        h_n.sum().backward()
        assert (x.grad == 0).all() and all(tw.isfinite(p.grad).all() for p in lstm.parameters())
        gru = nn.GRU(1, 2, dtype=dtype)
        for p in gru.parameters():
            p.detach().zero_()
        gru.bias_hh_l0.detach().copy_(tw.asarray([*shut, 1e4, -1e4, 1e4, -1e4]))
        _, h_n = gru(x, state)
        assert (h_n == tw.asarray([7.0, 0.0])).all()  # kept; and new, which r multiplies by 0


def test_values_decay_to_zero():
    """Through denormals, with weights and inputs of -0.1 as with 0.1."""
    for sign in (1, -1):
        lstm = nn.LSTM(4, 4, bias=False)
        for p in lstm.parameters():
            p.detach().copy_(tw.full(p.shape, sign * 0.1))
        x = np.zeros((300, 1, 4), "float32")
        x[0] = sign * 0.1
        output, _ = lstm(tw.asarray(x))
        want, _ = of_one(lstm, x[:, 0].astype("float64"), [np.zeros((1, 4)), np.zeros((1, 4))])
        np.testing.assert_allclose(output[:, 0].detach().numpy(), want, rtol=1e-3, atol=2e-38)


# ---- starting values, and what else modules can do -------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "more"), OPTIONS, ids=str)
def test_starting_values(kind, more):
    for layer in (make(kind, 50, 64, 2, **more), make(f"{kind}Cell", 50, 64)):
        for name, p in layer.named_parameters():
            values = p.detach().numpy()
            assert np.abs(values).max() <= 1 / 8 and abs(values.mean()) < 0.05, name
            assert values.std() == pytest.approx(1 / 8 / math.sqrt(3), rel=0.3), name
        before = {name: p.detach().numpy().copy() for name, p in layer.named_parameters()}
        layer.reset_parameters()
        assert all((p.detach().numpy() != before[name]).any() for name, p in layer.named_parameters())


def test_the_bias_of_the_forget_gate():
    """It is the sum of two; the other gates are drawn as ever."""
    for module, suffixes in (
        (nn.LSTM(3, 4, 2, bidirectional=True, forget_bias=1.0), ("_l0", "_l0_reverse", "_l1", "_l1_reverse")),
        (nn.LSTMCell(3, 4, forget_bias=1), ("",)),
    ):
        assert "forget_bias=1.0" in repr(module)
        for _ in range(2):
            for suffix in suffixes:
                biases = [getattr(module, f"bias_{of}{suffix}").detach().numpy() for of in ("ih", "hh")]
                assert (sum(biases)[4:8] == 1).all()
                assert all((bias[:4] != 0).all() and (bias[8:] != 0).all() for bias in biases)
            module.reset_parameters()


def test_a_parametrized_weight_is_read():
    module, plain = make("LSTM", 3, 4), make("LSTM", 3, 4)
    nn.utils.parametrizations.weight_norm(module, "weight_hh_l0")
    x = tw.asarray(drawn(5, 2, 3))
    close(module(x)[0], plain(x)[0].detach().numpy(), 1e-12)
    module(x)[0].sum().backward()
    assert all(p.grad is not None for p in module.parameters()) and len(list(module.parameters())) == 5


class Tagger(nn.Module):
    """Every element, and the last state."""

    def __init__(self, kind):
        self.layer = getattr(nn, kind)(3, 4, 2, bidirectional=True, batch_first=True)
        self.out = nn.Linear(8, 2)

    def forward(self, x, hx=None):
        y, last = self.layer(x, hx)
        return self.out(y), last


@pytest.mark.parametrize("kind", KINDS)
def test_fused(kind):
    model = Tagger(kind).eval()
    fused, exact = nn.fuse(model), nn.fuse(model, exact=True)
    for seed, steps in itertools.product((0, 1), (4, 2)):
        x = tw.asarray(drawn(3, steps, 3, dtype="float32", seed=seed))
        hx = given([tw.asarray(drawn(4, 3, 4, dtype="float32", seed=i)) for i in range(2 if kind == "LSTM" else 1)])
        for args in ((x,), (x, hx)):
            want = [y.detach().numpy() for y in tw._engine.tree.leaves(model(*args))]
            for got, w in zip(tw._engine.tree.leaves(exact(*args)), want, strict=True):
                close(got, w, 0)
            for got, w in zip(tw._engine.tree.leaves(fused(*args)), want, strict=True):
                close(got, w, 1e-5)


def test_summary_counts_each_step():
    """8 -> 16 in both directions over 5 steps of 2 sequences: (64 (8 + 16) + 128) weights and biases each."""
    summary = nn.LSTM(8, 16, bidirectional=True).summary((5, 2, 8))
    row = summary.layers[0]
    assert (row.parameters, row.connections, row.multiply_adds) == (3328, 10 * 3328, 10 * 3072)
    assert row.output_shape == "(5, 2, 32), (2, 2, 16), (2, 2, 16)" and row.units == 320 + 64 + 64
    assert nn.GRUCell(3, 4, bias=False).summary((7, 3)).total.multiply_adds == 7 * 12 * 7


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, r"RNN: input has shape \(2, 3, 5\), but must be \(T, B, 3\) or \(T, 3\)",
         lambda: nn.RNN(3, 4)(tw.ones((2, 3, 5)))),
        (ValueError, r"GRU: input has shape \(3,\), but must be \(B, T, 3\) or \(T, 3\)",
         lambda: nn.GRU(3, 4, batch_first=True)(tw.ones(3))),
        (TypeError, "LSTM: input is 'text', but must be array-like", lambda: nn.LSTM(3, 4)("text")),
        (ValueError, r"LSTM: hx has h_0 \(1, 3, 4\), but input \(5, 2, 3\) needs \(1, 2, 4\)",
         lambda: nn.LSTM(3, 4)(tw.ones((5, 2, 3)), (tw.ones((1, 3, 4)), tw.ones((1, 2, 4))))),
        (ValueError, r"LSTM: hx has c_0 \(1, 2, 2\), but input \(5, 2, 3\) needs \(1, 2, 4\)",
         lambda: nn.LSTM(3, 4, proj_size=2)(tw.ones((5, 2, 3)), (tw.ones((1, 2, 2)), tw.ones((1, 2, 2))))),
        (ValueError, r"GRU: hx has h_0 \(1, 1, 4\), but input \(5, 3\) needs \(1, 4\)",
         lambda: nn.GRU(3, 4)(tw.ones((5, 3)), tw.ones((1, 1, 4)))),
        (TypeError, r"LSTM: hx is a Tensor, but must be a tuple \(h_0, c_0\)",
         lambda: nn.LSTM(3, 4)(tw.ones((5, 2, 3)), tw.ones((2, 2, 4)))),
        (TypeError, r"LSTM: hx is a tuple of 3, but must be a tuple \(h_0, c_0\)",
         lambda: nn.LSTM(3, 4)(tw.ones((5, 2, 3)), (tw.ones((1, 2, 4)),) * 3)),
        (TypeError, "GRU: hx is a tuple of 2 states, but must be h_0 alone",
         lambda: nn.GRU(3, 4)(tw.ones((5, 2, 3)), (tw.ones((1, 2, 4)),) * 2)),
        (ValueError, "LSTM: forget_bias is inf, but must be finite", lambda: nn.LSTM(3, 4, forget_bias=float("inf"))),
        (TypeError, "RNN: hx is 'zeros', but must be array-like", lambda: nn.RNN(3, 4)(tw.ones((5, 2, 3)), "zeros")),
        (ValueError, r"GRUCell: hx has h \(2, 5\), but input \(2, 3\) needs \(2, 4\)",
         lambda: nn.GRUCell(3, 4)(tw.ones((2, 3)), tw.ones((2, 5)))),
        (TypeError, r"LSTMCell: hx is a Tensor, but must be a tuple \(h, c\)",
         lambda: nn.LSTMCell(3, 4)(tw.ones((2, 3)), tw.ones((2, 4)))),
        (ValueError, r"LSTM: input has packed data of shape \(3, 2\), but must be \(N, 3\)",
         lambda: nn.LSTM(3, 4)(rnn.pack_sequence([tw.ones((3, 2))]))),
        (ValueError, r"RNN: hx has h_0 \(1, 1, 4\), but input \(3, 3\) needs \(1, 2, 4\)",
         lambda: nn.RNN(3, 4)(rnn.pack_sequence([tw.ones((2, 3)), tw.ones((1, 3))]), tw.ones((1, 1, 4)))),
    ],
)  # fmt: skip
def test_errors(error, message, call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error, match=message):
            call()
