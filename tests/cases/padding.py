"""Padding: NumPy's and PyTorch's widths."""

import numpy as np

import tilewright as tw

from .opcase import ALL, FLOATS, A, OpCase, Raises, S

F = tw.nn.functional
MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def numpys(x, pad_width, mode="constant", constant_values=0):
    return np.pad(x, pad_width, mode, **({"constant_values": constant_values} if mode == "constant" else {}))


def torchs(x, pad, mode="constant", value=0):
    """PyTorch's widths in NumPy: what is left out goes first."""
    pairs = [(0, 0)] * (x.ndim - len(pad) // 2) + list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    more = [(max(a, 0), max(b, 0)) for a, b in pairs]
    if mode == "reflect":  # at the end that the axis had
        y = numpys(x, more, "reflect")
        return y[tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(pairs, y.shape, strict=True))]
    kept = x[tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(pairs, x.shape, strict=True))]
    return numpys(kept, more, MODES[mode], value)


def refused(error, message, *args, **kwargs):
    return Raises(error, message, lambda: tw.pad(*args, **kwargs))


def refused_by_torchs(error, message, *args, **kwargs):
    return Raises(error, message, lambda: F.pad(*args, **kwargs))


X = tw.ones((2, 3))

CASES = (
    OpCase(
        "pad",
        numpys,
        (
            S(A((3, 4)), ((1, 2), (0, 3))),
            S(A((3, 4)), 2, constant_values=1),
            S(A((2, 3, 2)), (1, 2), "edge"),
            S(A((2, 3, 4)), ((0, 0), (2, 1), (0, 0)), "reflect"),
            S(A((2, 3)), ((5, 0), (2, 7)), "reflect"),
            S(A((2, 3)), ((5, 0), (2, 7)), "symmetric"),
            S(A((2, 3)), ((5, 0), (2, 7)), "wrap"),
            S(A((1, 3)), ((2, 2), (0, 0)), "reflect"),
            S(A((3, 2)), ((1, 2), (3, 1)), constant_values=((1, 0), (0, 1))),
            S(A((3, 2)), [[1], [2]], constant_values=(1, 0)),
            S(A((3, 2, 4)), {0: 1, -1: (0, 2)}, "edge"),
            S(A((0, 2)), ((0, 0), (1, 1)), "wrap"),
            S(A((0, 2)), 1),
            S(A(()), 3),
            S(A((3,)), 0, "edge"),
        ),
        dtypes=ALL,
        tolerance=0,
        lengths=lambda n: S(A((2, n)), ((1, 0), (2, 3)), "symmetric"),
        large=S(A((301, 402)), ((1, 1), (3, 2)), "reflect"),
        errors=(
            refused(ValueError, "pad: pad_width has -1, but must not be negative", X, (-1, 1)),
            refused(ValueError, r"pad: pad_width has 3 pairs, but x \(2, 3\) has 2 axes", X, ((1, 1),) * 3),
            refused(ValueError, "pad: an entry of pad_width has 3 numbers", X, (1, 2, 3)),
            refused(TypeError, "pad: an entry of pad_width is 1.5, but must be an integer", X, 1.5),
            refused(tw.AxisError, "pad: axis 2 is out of bounds", X, {2: 1}),
            refused(ValueError, "pad: mode is 'mean', but must be", X, 1, "mean"),
            refused(ValueError, 'pad: constant_values is given, but mode is "edge"', X, 1, "edge", constant_values=2),
            refused(ValueError, r"pad: axis 0 of x \(0, 3\) is empty: mode edge", tw.ones((0, 3)), 1, "edge"),
            refused(TypeError, "pad: constant_values is 'a', but must be a number", X, 1, constant_values="a"),
            refused(ValueError, "pad: Python float 1.5 is not", tw.asarray([1]), 1, constant_values=1.5),
            refused(TypeError, "pad: a complex number cannot become float32", X, 1, constant_values=1j),
        ),
    ),
    *(
        OpCase(
            f"nn.functional.pad[{mode}]",
            torchs,
            samples,
            fn=F.pad,
            dtypes=ALL if mode == "constant" else FLOATS,
            tolerance=0,
            lengths=lambda n, mode=mode: S(A((2, n + 2)), (2, 1), mode),
        )
        for mode, samples in {
            "constant": (
                S(A((2, 3, 4)), (1, 2, 0, 1)),
                S(A((3, 4)), (-1, 2, 3, -2), "constant", 1),
                S(A((0, 3)), (1, 1)),
            ),
            "reflect": (
                *(S(A((2, 3, 4)), (3, 2, 1, 2), "reflect"), S(A((2, 2, 3, 4)), (1, -2, 0, 1, 1, 0), "reflect")),
                *(S(A((4, 5)), (-1, 3), "reflect"), S(A((0, 3)), (1, 1), "reflect")),
            ),
            "replicate": (S(A((2, 3, 4)), (5, 2, 1, 2), "replicate"), S(A((3, 4)), (-1, 2, 3, -2), "replicate")),
            "circular": (S(A((2, 3, 4)), (4, 2, 1, 3), "circular"), S(A((3, 4)), (-1, 2, 1, -2), "circular")),
        }.items()
    ),
    OpCase(
        "nn.functional.pad",
        torchs,
        (S(A((3, 4)), (1, 2), "constant", 1), S(A((3, 4)), ())),
        dtypes=ALL,
        tolerance=0,
        errors=(
            refused_by_torchs(ValueError, "pad: pad has 3 entries, but must have pairs", X, (1, 2, 3)),
            refused_by_torchs(ValueError, r"pad: pad has 3 pairs, but input \(2, 3\) has 2 axes", X, (1,) * 6),
            refused_by_torchs(ValueError, r"pad: 3 elements at an end of axis 1 of .* at most 2", X, (3, 0), "reflect"),
            refused_by_torchs(ValueError, "pad: 4 elements at an end of axis 1 .* most 3", X, (0, 4), "circular"),
            refused_by_torchs(ValueError, "pad: 3 elements at an end of axis 1 .* most 2", X, (-1, 3), "circular"),
            refused_by_torchs(ValueError, "pad: axis 1 of x .* widths -2 and -2 leave -1", X, (-2, -2)),
            refused_by_torchs(ValueError, 'pad: value is 1, but mode "reflect" takes none', X, (1, 1), "reflect", 1),
            refused_by_torchs(ValueError, "pad: mode is 'edge', but must be", X, (1, 1), "edge"),
            refused_by_torchs(ValueError, "pad: axis 0 of x .* empty: mode edge", tw.ones(0), (1, 1), "replicate"),
            refused_by_torchs(TypeError, "pad: an entry of pad is 1.5, but must be an integer", X, (1.5, 1)),
        ),
    ),
)
