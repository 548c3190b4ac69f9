"""Pooling. The oracle goes through the taps of all windows, on padded arrays."""

import itertools

import numpy as np

import tilewright as tw

from .opcase import FLOATS, A, OpCase, Raises, S

F = tw.nn.functional
MIXED = (*FLOATS, "int32")


def entries(value, axes):
    value = value if isinstance(value, (tuple, list)) else (value,)
    return tuple(value) * (axes if len(value) == 1 else 1)


def count(n, k, s, p, d, ceil_mode):
    """How many windows there are."""
    room = n + 2 * p - d * (k - 1) - 1
    m = (-(-room // s) if ceil_mode else room // s) + 1
    m -= ceil_mode and (m - 1) * s >= n + p
    if m < 1:
        raise ValueError(f"an axis of length {n} has no windows")
    return m


def taps(x, axes, kernel, stride, padding, dilation, ceil_mode, fill):
    """For each tap of a window, in C order, the elements of all windows, and their positions, -1 in the padding."""
    options = [entries(o, axes) for o in (kernel, kernel if stride is None else stride, padding, dilation)]
    spatial = x.shape[-axes:]
    positions = np.arange(np.prod(spatial)).reshape(spatial)
    along = []
    for n, k, s, p, d in zip(spatial, *options, strict=True):
        m = count(n, k, s, p, d, ceil_mode)
        along.append([np.arange(m) * s - p + t * d for t in range(k)])
    for starts in itertools.product(*along):
        ranges = zip(np.meshgrid(*starts, indexing="ij"), spatial, strict=True)
        inside = np.logical_and.reduce([(i >= 0) & (i < n) for i, n in ranges])
        at = np.ix_(*[np.clip(i, 0, n - 1) for i, n in zip(starts, spatial, strict=True)])
        yield np.where(inside, x[(..., *at)], fill), np.where(inside, positions[at], -1)


def max_pool(axes, indices=False):
    def oracle(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        best = where = None
        for values, at in taps(x, axes, kernel_size, stride, padding, dilation, ceil_mode, -np.inf):
            at = np.broadcast_to(at, values.shape)
            if best is None:
                best, where = values.copy(), at.copy()
                continue
            better = (at >= 0) & ((values > best) | np.isnan(values) | (where < 0))
            best, where = np.where(better, values, best), np.where(better, at, where)
        return (best, where) if indices or return_indices else best

    return oracle


def avg_pool(axes):
    def oracle(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
        total = sum(values for values, _ in taps(x, axes, kernel_size, stride, padding, 1, ceil_mode, 0.0))
        if divisor_override is not None:
            return total / divisor_override
        if not count_include_pad:
            return total / sum(
                (at >= 0) * 1.0 for _, at in taps(x, axes, kernel_size, stride, padding, 1, ceil_mode, 0.0)
            )
        sizes = []
        options = [entries(o, axes) for o in (kernel_size, stride or kernel_size, padding)]
        for n, k, s, p in zip(x.shape[-axes:], *options, strict=True):
            start = np.arange(count(n, k, s, p, 1, ceil_mode)) * s - p
            sizes.append(np.minimum(start + k, n + p) - start)
        return total / np.multiply.reduce(np.meshgrid(*sizes, indexing="ij"))

    return oracle


def lp_pool(axes):
    def oracle(x, norm_type, kernel_size, stride=None, ceil_mode=False):
        return sum(v**norm_type for v, _ in taps(x, axes, kernel_size, stride, 0, 1, ceil_mode, 0.0)) ** (1 / norm_type)

    return oracle


def adaptive(axes, reduced):
    """`reduced` of each window: (values of a window, their positions) -> numbers."""

    def oracle(x, output_size, *args):
        spatial = x.shape[-axes:]
        sizes = [n if m is None else m for n, m in zip(spatial, entries(output_size, axes), strict=True)]
        positions = np.arange(np.prod(spatial)).reshape(spatial)
        lead = x.shape[:-axes]
        results = [np.zeros((*lead, *sizes)) for _ in range(2)]
        for out in itertools.product(*map(range, sizes)):
            ends = [(i * n // m, -(-(i + 1) * n // m)) for i, n, m in zip(out, spatial, sizes, strict=True)]
            window = tuple(slice(*end) for end in ends)
            at = positions[window].ravel()
            values = reduced(x[(..., *window)].reshape(*lead, at.size), at)
            for result, value in zip(results, values, strict=True):
                result[(..., *out)] = value
        return (results[0], results[1].astype(np.int64)) if args and args[0] else results[0]

    return oracle


def largest(values, positions):
    return values.max(-1), positions[values.argmax(-1)]


def mean(values, positions):
    return values.mean(-1), 0


def max_unpool(axes):
    def oracle(x, indices, kernel_size, stride=None, padding=0, output_size=None):
        options = [entries(o, axes) for o in (kernel_size, stride or kernel_size, padding)]
        sizes = [(m - 1) * s - 2 * p + k for m, k, s, p in zip(x.shape[-axes:], *options, strict=True)]
        sizes = sizes if output_size is None else list(output_size)[-axes:]
        y = np.zeros((int(np.prod(x.shape[:-axes])), int(np.prod(sizes))))
        for row, numbers, places in zip(y, x.reshape(len(y), -1), indices.reshape(len(y), -1), strict=True):
            row[places] = numbers
        return y.reshape(*x.shape[:-axes], *sizes)

    return oracle


def message(error, text, name, *args, **kwargs):
    return Raises(error, text, lambda: getattr(F, name)(*args, **kwargs))


def shared_errors(name, axes, *args):
    """What all of them refuse: an empty axis, another number of axes, complex numbers are refused by a template."""
    full, empty = tw.ones((1,) * (axes + 3)), tw.ones((2,) * (axes + 1) + (0,))
    return (
        message(ValueError, rf"{name}: input has shape .*, but must be \(C, ", name, full, *args),
        message(ValueError, rf"{name}: input has shape .*an empty axis has no elements", name, empty, *args),
    )


SHAPES = {1: (2, 3, 11), 2: (2, 7, 9), 3: (2, 4, 5, 6)}
LARGE = {1: (40, 9000), 2: (96, 57, 56), 3: (24, 20, 21, 22)}
MAX = tuple(
    OpCase(
        f"nn.functional.max_pool{n}d",
        max_pool(n),
        (
            S(A(SHAPES[n]), 3, 2, 1),
            S(A(SHAPES[n]), 2),
            S(A(SHAPES[n]), 3, 1, 1),
            S(A(SHAPES[n]), 3, 1, 0, 2 if n < 3 else 1),
            S(A(SHAPES[n]), 3, 3, 1, ceil_mode=True),
            S(A((2, *SHAPES[n][1:])), (3, 2, 4)[3 - n :], (1, 2, 3)[3 - n :], (1, 1, 2)[3 - n :], 1, True),
            S(A(SHAPES[n]), (4,) * n, 1, 2),
            S(A(SHAPES[n]), 1, 3),
            S(A((0, *SHAPES[n])[: n + 2]), 2),
        ),
        dtypes=MIXED,
        result="floating",
        lengths=lambda m, n=n: S(A((2, *(4,) * (n - 1), m)), 3, 2, 1),
        large=S(A(LARGE[n]), 3, 2, 1),
        errors=(
            *shared_errors(f"max_pool{n}d", n, 2),
            message(
                ValueError,
                f"max_pool{n}d: padding 2 must be at most half of kernel_size 3",
                f"max_pool{n}d",
                tw.ones(SHAPES[n]),
                3,
                padding=2,
            ),
            message(
                ValueError,
                rf"max_pool{n}d: an axis of length \d+ gives 0 windows, floor\(\(\d+ \+ 2\*0 - 1\*\(99 - 1",
                f"max_pool{n}d",
                tw.ones(SHAPES[n]),
                99,
            ),
            message(ValueError, "kernel_size is 0, but must be at least 1", f"max_pool{n}d", tw.ones(SHAPES[n]), 0),
            message(ValueError, "stride is 0, but must", f"max_pool{n}d", tw.ones(SHAPES[n]), 2, 0),
            message(ValueError, "dilation is -1, but must", f"max_pool{n}d", tw.ones(SHAPES[n]), 2, 1, 0, -1),
            message(ValueError, "padding is -1, but must", f"max_pool{n}d", tw.ones(SHAPES[n]), 2, 1, -1),
            message(ValueError, "must be one number", f"max_pool{n}d", tw.ones(SHAPES[n]), (2,) * (n + 2)),
            message(TypeError, "ceil_mode is 'no'", f"max_pool{n}d", tw.ones(SHAPES[n]), 2, ceil_mode="no"),
            message(TypeError, f"max_pool{n}d: kernel_size is 1.5", f"max_pool{n}d", tw.ones(SHAPES[n]), 1.5),
        ),
    )
    for n in (1, 2, 3)
)
INDICES = tuple(
    OpCase(
        f"max_pool{n}d with indices",
        max_pool(n, indices=True),
        (
            S(A(SHAPES[n]), 3, 2, 1),
            S(A(SHAPES[n]), (3, 2, 4)[3 - n :], (1, 2, 3)[3 - n :], (1, 1, 2)[3 - n :], 1, True),
            S(A(SHAPES[n]), 2, 3),
            S(A((0, *SHAPES[n])[: n + 2]), 2),
        ),
        fn=lambda x, *args, n=n: getattr(F, f"max_pool{n}d")(x, *args, return_indices=True),
        result=("same", "int64"),
        lengths=lambda m, n=n: S(A((2, *(4,) * (n - 1), m)), 3, 2, 1),
        large=S(A(LARGE[n]), 3, 2, 1),
    )
    for n in (1, 2, 3)
)
OF_DIVISOR = {
    1: (),
    2: (S(A((2, 7, 9)), 3, 2, 1, True, True, 5),),
    3: (S(A((2, 4, 5, 6)), 2, 1, 0, divisor_override=-3),),
}
AVERAGE = tuple(
    OpCase(
        f"nn.functional.avg_pool{n}d",
        avg_pool(n),
        (
            S(A(SHAPES[n]), 3, 2, 1),
            S(A(SHAPES[n]), 2),
            S(A(SHAPES[n]), 3, 1, 1, False, False),
            S(A(SHAPES[n]), 3, 3, 1, True),
            S(A((2, *SHAPES[n][1:])), (3, 2, 4)[3 - n :], (1, 2, 3)[3 - n :], (1, 1, 2)[3 - n :], True, False),
            S(A(SHAPES[n]), (4,) * n, 1, 2),
            S(A(SHAPES[n]), 1, 3),
            *OF_DIVISOR[n],
            S(A((0, *SHAPES[n])[: n + 2]), 2),
        ),
        dtypes=MIXED,
        result="floating",
        tolerance=8,
        lengths=lambda m, n=n: S(A((2, *(4,) * (n - 1), m)), 3, 2, 1),
        large=S(A(LARGE[n]), 3, 2, 1),
        errors=(
            *shared_errors(f"avg_pool{n}d", n, 2),
            message(ValueError, "padding 2 must be at most", f"avg_pool{n}d", tw.ones(SHAPES[n]), 3, padding=2),
            *(
                message(ValueError, "divisor_override is 0", f"avg_pool{n}d", tw.ones(SHAPES[n]), 2, divisor_override=0)
                for _ in range(n > 1)
            ),
        ),
    )
    for n in (1, 2, 3)
)
LP = tuple(
    OpCase(
        f"nn.functional.lp_pool{n}d",
        lp_pool(n),
        (
            S(A(SHAPES[n], 0.5, 2.0), 2, 3, 2),
            S(A(SHAPES[n], 0.5, 2.0), 1.0, 2),
            S(A(SHAPES[n], 0.5, 2.0), 3.5, 2, 1, True),
            S(A(SHAPES[n]), 2.0, 3, 3, True),
            S(A((0, *SHAPES[n])[: n + 2]), 2, 2),
        ),
        result="floating",
        tolerance=32,
        lengths=lambda m, n=n: S(A((2, *(4,) * (n - 1), m)), 2, 1, 1),
        large=S(A(LARGE[n]), 2, 3, 2),
        errors=(
            *shared_errors(f"lp_pool{n}d", n, 2, 2),
            message(ValueError, f"lp_pool{n}d: an axis of length", f"lp_pool{n}d", tw.ones(SHAPES[n]), 2, 99),
            message(ValueError, f"lp_pool{n}d: norm_type is 0.0", f"lp_pool{n}d", tw.ones(SHAPES[n]), 0, 2),
        ),
    )
    for n in (1, 2, 3)
)
ADAPTIVE = tuple(
    OpCase(
        f"nn.functional.adaptive_{kind}_pool{n}d",
        adaptive(n, reduced),
        (
            S(A(SHAPES[n]), 3),
            S(A(SHAPES[n]), 1),
            S(A((2, *SHAPES[n][1:])), (2, None, 5)[3 - n :]),
            S(A(SHAPES[n]), 13),
            S(A((0, *SHAPES[n])[: n + 2]), 2),
        ),
        dtypes=MIXED,
        result="floating",
        tolerance=8,
        lengths=lambda m, n=n: S(A((2, *(4,) * (n - 1), m)), 3),
        large=S(A(LARGE[n]), 7),
        errors=(
            *shared_errors(f"adaptive_{kind}_pool{n}d", n, 1),
            message(
                ValueError,
                f"adaptive_{kind}_pool{n}d: output_size is -1",
                f"adaptive_{kind}_pool{n}d",
                tw.ones(SHAPES[n]),
                -1,
            ),
            message(TypeError, "output_size is 1.5", f"adaptive_{kind}_pool{n}d", tw.ones(SHAPES[n]), 1.5),
            message(ValueError, "must have 1 or", f"adaptive_{kind}_pool{n}d", tw.ones(SHAPES[n]), (2,) * (n + 2)),
        ),
    )
    for kind, reduced in (("max", largest), ("avg", mean))
    for n in (1, 2, 3)
)
ADAPTIVE_INDICES = tuple(
    OpCase(
        f"adaptive_max_pool{n}d with indices",
        adaptive(n, largest),
        (S(A(SHAPES[n]), 3, True), S(A(SHAPES[n]), 1, True)),
        fn=getattr(F, f"adaptive_max_pool{n}d"),
        result=("same", "int64"),
    )
    for n in (1, 2, 3)
)


def of_indices(values):
    return A(np.shape(values), dtype="int64", values=values)


IN_ROWS = of_indices([[[0, 3, 5], [1, 2, 4]]])
IN_PLANES = of_indices([[[0, 2], [13, 15]], [[5, 6], [8, 10]]])
IN_VOLUMES = of_indices([[[[0, 3], [8, 30]], [[32, 35], [63, 47]]]])
UNPOOL = (
    OpCase(
        "nn.functional.max_unpool1d",
        max_unpool(1),
        (S(A((1, 2, 3)), IN_ROWS, 2), S(A((1, 2, 3)), IN_ROWS, 2, 2, 0, (7,)), S(A((1, 2, 3)), IN_ROWS, 3, 2, 0)),
        errors=(
            message(IndexError, r"max_unpool1d: indices\[0, 1\] is 4, .* 3", "max_unpool1d", [[1.0, 2]], [[0, 4]], 2),
            message(IndexError, r"indices\[0, 0\] is -1, but", "max_unpool1d", [[1.0, 2]], [[-1, 3]], 2),
            message(ValueError, r"indices have shape \(1, 1\)", "max_unpool1d", [[1.0, 2]], [[1]], 2),
            message(TypeError, "indices are float32", "max_unpool1d", [[1.0, 2]], [[1.0, 2]], 2),
            message(TypeError, "input is int64", "max_unpool1d", [[1, 2]], [[1, 2]], 2),
            message(ValueError, r"output_size is \(9,\)", "max_unpool1d", [[1.0, 2]], [[1, 2]], 2, output_size=(9,)),
            message(ValueError, r"input has shape \(2,\)", "max_unpool1d", [1.0, 2], [1, 2], 2),
        ),
    ),
    OpCase(
        "nn.functional.max_unpool2d",
        max_unpool(2),
        (
            S(A((2, 2, 2)), IN_PLANES, 2),
            S(A((2, 2, 2)), IN_PLANES, 2, 2, 0, (2, 5, 4)),
            S(A((2, 2, 2)), IN_PLANES, 4, 3, 1),
        ),
        errors=(
            message(
                IndexError,
                r"max_unpool2d: indices\[0, 1, 0\] is 16",
                "max_unpool2d",
                tw.ones((1, 2, 1)),
                [[[0], [16]]],
                2,
            ),
        ),
    ),
    OpCase(
        "nn.functional.max_unpool3d",
        max_unpool(3),
        (S(A((1, 2, 2, 2)), IN_VOLUMES, 2), S(A((1, 2, 2, 2)), IN_VOLUMES, 2, None, 0, (4, 5, 5))),
        errors=(message(IndexError, r"max_unpool3d: .* is 99", "max_unpool3d", tw.ones((1, 1, 1, 1)), [[[[99]]]], 2),),
    ),
)

# Windows of more taps than a byte counts keep positions.
CASES = (
    *MAX,
    *INDICES,
    OpCase(
        "max_pool of large windows",
        max_pool(2),
        (S(A((3, 20, 20)), 17, 2), S(A((3, 20, 20)), (17, 18), 1, 8), S(A((1, 2, 5, 40)), (1, 39))),
        fn=F.max_pool2d,
        large=S(A((20, 80, 90)), 41, 20, 20),
    ),
    OpCase(
        "avg_pool of large windows",
        avg_pool(2),
        (S(A((3, 20, 20)), 17, 2), S(A((3, 20, 20)), (17, 18), 1, 8), S(A((1, 2, 5, 40)), (1, 39))),
        fn=F.avg_pool2d,
        tolerance=8,
        large=S(A((20, 80, 90)), 41, 20, 20),
    ),
    *AVERAGE,
    *LP,
    *ADAPTIVE,
    *ADAPTIVE_INDICES,
    *UNPOOL,
)
