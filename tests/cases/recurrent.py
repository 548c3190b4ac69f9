"""Recurrent layers over packed sequences: the ops that `nn.LSTM`, `nn.GRU` and `nn.RNN` are made of."""

import numpy as np

import tilewright as tw
from tilewright._functions import recurrent

from .opcase import A, OpCase, Raises, S


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def walk(step, projected, states, sizes, reverse):
    """`step(a row of projected, the states of its sequence)` gives new states; the first of them are the output."""
    states = [np.array(state) for state in states]
    starts = np.cumsum([0, *sizes])
    output = np.zeros((starts[-1], states[0].shape[1]))
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        for row in range(sizes[t]):
            new = step(projected[starts[t] + row], [state[row] for state in states])
            for state, value in zip(states, new, strict=True):
                state[row] = value
            output[starts[t] + row] = new[0]
    return output, *states


def affine(x, weight, bias):
    return x @ weight.T + (0 if bias is None else bias)


def rnn(x, h, weight_ih, weight_hh, bias_ih, bias_hh, sizes, reverse, nonlinearity):
    f = np.tanh if nonlinearity == "tanh" else lambda z: np.maximum(z, 0)
    projected = affine(x, weight_ih, bias_ih)
    return walk(lambda row, s: [f(row + affine(s[0], weight_hh, bias_hh))], projected, [h], sizes, reverse)


def gru(x, h, weight_ih, weight_hh, bias_ih, bias_hh, sizes, reverse, reset_after):
    size = h.shape[1]
    bias = np.zeros(3 * size) if bias_hh is None else bias_hh

    def step(row, states):
        (h,) = states
        r, z = np.split(sigmoid(row[: 2 * size] + weight_hh[: 2 * size] @ h + bias[: 2 * size]), 2)
        last = weight_hh[2 * size :]
        of_h = r * (last @ h + bias[2 * size :]) if reset_after else last @ (r * h) + bias[2 * size :]
        return [(1 - z) * np.tanh(row[2 * size :] + of_h) + z * h]

    return walk(step, affine(x, weight_ih, bias_ih), [h], sizes, reverse)


def lstm(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, peephole, sizes, reverse):
    p = np.zeros((3, c.shape[1])) if peephole is None else peephole

    def step(row, states):
        h, c = states
        i, f, g, o = np.split(row + affine(h, weight_hh, bias_hh), 4)
        c = sigmoid(f + p[1] * c) * c + sigmoid(i + p[0] * c) * np.tanh(g)
        h = sigmoid(o + p[2] * c) * np.tanh(c)
        return [h if weight_hr is None else weight_hr @ h, c]

    return walk(step, affine(x, weight_ih, bias_ih), [h, c], sizes, reverse)


def arrays(gates, sizes, inputs, hidden, sequences=None, output=None, bias=(True, True)):
    """x, h, weights and biases for packed sequences; between the first two and the others stands an LSTM's c."""
    output = output or hidden
    sequences = sizes[0] if sequences is None else sequences
    biases = [A((gates * hidden,), -1, 1) if there else None for there in bias]
    states = A((sum(sizes), inputs), -1, 1), A((sequences, output), -1, 1)
    most = min(1.0, 2 / output**0.5)  # errors of a step must not grow with each
    weights = A((gates * hidden, inputs), -1, 1), A((gates * hidden, output), -most, most)
    return states, (*weights, *biases)


def of_rnn(nonlinearity, sizes, inputs, hidden, reverse=False, **more):
    states, others = arrays(1, sizes, inputs, hidden, **more)
    return S(*states, *others, sizes, reverse, nonlinearity)


def of_gru(reset_after, sizes, inputs, hidden, reverse=False, **more):
    states, others = arrays(3, sizes, inputs, hidden, **more)
    return S(*states, *others, sizes, reverse, reset_after)


def of_lstm(sizes, inputs, hidden, reverse=False, peephole=False, **more):
    states, others = arrays(4, sizes, inputs, hidden, **more)
    c = A((states[1].shape[0], hidden), -1, 1)
    output = more.get("output")
    weight_hr = A((output, hidden), -1, 1) if output else None
    looks = A((3, hidden), -1, 1) if peephole else None
    return S(*states, c, *others, weight_hr, looks, sizes, reverse)


NONE = (False, False)
PACKED = (3, 2, 2, 1)
LEVELS = {"rnn": 1, "gru": 3, "lstm": 4}


def shapes(op, **changed):
    """Arguments of an op for three sequences of two steps, 2 -> 4, with other shapes for some."""
    gates = LEVELS[op]
    given = {"x": (6, 2), "h": (3, 4), "c": (3, 4), "weight_ih": (gates * 4, 2), "weight_hh": (gates * 4, 4)}
    given |= {"bias_ih": (gates * 4,), "bias_hh": (gates * 4,), "weight_hr": None, "weight_peephole": None}
    sizes = changed.pop("sizes", (3, 3))
    given |= changed
    if op != "lstm":
        del given["c"], given["weight_hr"], given["weight_peephole"]
    last = {"rnn": ("tanh",), "gru": (True,), "lstm": ()}[op]
    return [None if shape is None else tw.zeros(shape) for shape in given.values()], (sizes, False, *last)


def refused(message, op="lstm", error=ValueError, **changed):
    def call():
        tensors, statics = shapes(op, **changed)
        getattr(recurrent, op)(*tensors, *statics)

    return Raises(error, message, call)


ERRORS = (
    refused(r"^lstm: x has shape \(6,\), but must be \(rows of all steps, input size\)", x=(6,)),
    refused(r"^gru: h has shape \(1, 3, 4\), but must be", "gru", h=(1, 3, 4)),
    refused(r"^lstm: weight_ih has shape \(15, 2\), but needs 4 rows for each hidden unit", weight_ih=(15, 2)),
    refused(r"^rnn: x has shape \(6, 3\), 3 features, but weight_ih \(4, 2\) takes 2", "rnn", x=(6, 3)),
    refused(r"^lstm: h has shape \(3, 5\), but weight_ih .* has 4 hidden units, so h needs \(3, 4\)", h=(3, 5)),
    refused(r"^gru: weight_hh has shape \(12, 3\), but .* needs \(12, 4\)", "gru", weight_hh=(12, 3)),
    refused(r"^lstm: bias_ih has shape \(4,\), but .* needs \(16,\)", bias_ih=(4,)),
    refused(r"^rnn: bias_hh has shape \(1, 4\), but .* needs \(4,\)", "rnn", bias_hh=(1, 4)),
    refused(r"^lstm: c has shape \(2, 4\), but .* needs \(3, 4\)", c=(2, 4)),
    refused(r"^lstm: weight_hr has shape \(2, 3\), but .* needs \(2, 4\)", h=(3, 2), weight_hr=(2, 3)),
    refused(r"^lstm: weight_peephole has shape \(4,\), but .* needs \(3, 4\)", weight_peephole=(4,)),
    refused(r"^lstm: batch_sizes sum to 5, but x has 6 rows", sizes=(3, 2)),
    refused(r"^gru: batch_sizes\[1\] is 3, more than the 2 before it, but they must never", "gru", sizes=(2, 3, 1)),
    refused(r"^rnn: batch_sizes\[0\] is 4, but h has 3 rows, one for each sequence", "rnn", sizes=(4, 2)),
    refused(r"^lstm: batch_sizes\[1\] is -1, but must be at least 0", sizes=(3, -1)),
    Raises(
        ValueError,
        "^rnn: nonlinearity is 'sin', but must be 'tanh' or 'relu'",
        lambda: recurrent.rnn(*shapes("rnn")[0], (3, 3), False, "sin"),
    ),
    Raises(
        TypeError,
        "^lstm: x is complex64, but must be real",
        lambda: recurrent.lstm(
            *[None if x is None else x.astype("complex64") for x in shapes("lstm")[0]], (3, 3), False
        ),
    ),
)

CASES = (
    OpCase(
        "rnn[packed]",
        rnn,
        (
            of_rnn("tanh", PACKED, 2, 3),
            of_rnn("tanh", PACKED, 3, 2, True, bias=(True, False)),
            of_rnn("tanh", (2, 2, 2), 2, 5, sequences=3, bias=NONE),
            of_rnn("relu", (3, 3, 2), 4, 3, bias=(False, True)),
            of_rnn("tanh", (3,), 2, 4),
            of_rnn("tanh", (), 2, 4, sequences=2),
            of_rnn("tanh", (0, 0), 2, 4, sequences=0),
            of_rnn("relu", (2, 1), 0, 3),
            of_rnn("tanh", (1, 1), 1, 1),
        ),
        fn=recurrent.rnn,
        tolerance=32,
        products=True,
        lengths=lambda n: of_rnn("tanh", (3, 2, 1), 3, n),
        large=of_rnn("tanh", (60, 60, 41, 9), 70, 90),
        errors=ERRORS,
    ),
    OpCase(
        "gru[packed]",
        gru,
        (
            of_gru(True, PACKED, 2, 3),
            of_gru(True, PACKED, 3, 2, True, bias=(True, False)),
            of_gru(True, (3, 3, 2), 2, 2, bias=NONE),
            of_gru(False, (3, 3, 2), 2, 2, bias=NONE),
            of_gru(False, PACKED, 2, 3, True),
            of_gru(False, (3,), 2, 4, bias=(False, True)),
            of_gru(True, (3,), 2, 4),
            of_gru(True, (), 2, 4, sequences=2),
            of_gru(True, (0,), 2, 4, sequences=0),
            of_gru(False, (2, 1), 1, 1, sequences=3),
        ),
        fn=recurrent.gru,
        tolerance=32,
        products=True,
        lengths=lambda n: of_gru(n % 2 == 0, (3, 2, 1), 3, n),
        large=of_gru(True, (60, 60, 41, 9), 70, 90, True),
    ),
    OpCase(
        "lstm[packed]",
        lstm,
        (
            of_lstm(PACKED, 2, 3),
            of_lstm(PACKED, 3, 2, True, bias=(True, False)),
            of_lstm((3, 3, 2), 2, 2, peephole=True),
            of_lstm((3, 3, 2), 2, 3, True, peephole=True, output=2, bias=NONE),
            of_lstm((3, 3), 2, 2, output=3, bias=(False, True)),
            of_lstm((3,), 2, 3),
            of_lstm((2, 2), 2, 3, sequences=4),
            of_lstm((), 2, 4, sequences=2),
            of_lstm((0, 0), 2, 4, sequences=0),
            of_lstm((1, 1), 1, 1),
        ),
        fn=recurrent.lstm,
        tolerance=32,
        products=True,
        lengths=lambda n: of_lstm((3, 2, 1), 3, n, peephole=n % 2 == 0),
        large=of_lstm((60, 60, 41, 9), 70, 90),
    ),
    OpCase(
        "lstm[many sequences]",
        lstm,
        (of_lstm((13, 13, 12), 2, 3),),
        fn=recurrent.lstm,
        tolerance=32,
        products=True,
        lengths=lambda n: of_lstm((n + 12, n, n), 3, 5),
        large=of_lstm((120, 100, 33, 33, 2), 33, 70, True, peephole=True, sequences=130),
    ),
    OpCase(
        "lstm[few sequences]",
        lstm,
        (of_lstm((2, 1, 1), 2, 3),),
        fn=recurrent.lstm,
        tolerance=32,
        products=True,
        lengths=lambda n: of_lstm((1, 1, 1), n, 3),
        large=of_lstm((5, 5, 4, 1), 40, 200, sequences=6),
    ),
    OpCase(
        "lstm[projected]",
        lstm,
        (of_lstm((3, 2), 2, 3, output=2),),
        fn=recurrent.lstm,
        tolerance=32,
        products=True,
        large=of_lstm((60, 60, 41), 40, 70, output=30, peephole=True),
    ),
    OpCase(
        "gru[few sequences]",
        gru,
        (of_gru(True, (2, 1, 1), 2, 3),),
        fn=recurrent.gru,
        tolerance=32,
        products=True,
        large=of_gru(True, (1, 1, 1), 40, 200),
    ),
    OpCase(
        "gru[reset first]",
        gru,
        (of_gru(False, (2, 1, 1), 2, 3),),
        fn=recurrent.gru,
        tolerance=32,
        products=True,
        large=of_gru(False, (60, 60, 41), 40, 70),
    ),
)
