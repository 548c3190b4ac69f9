"""Rows of a table by their numbers, and bags of them."""

import itertools

import numpy as np

import tilewright as tw

from .opcase import ALL, FLOATS, A, OpCase, Raises, S

F = tw.nn.functional
TABLE, OFFSETS = tw.ones((5, 3)), [0, 2, 2]


def numbers(shape, rows):
    return A(shape, 0, rows - 1, dtype="int64")


def bag(input, weight, offsets=None, mode="mean", per_sample_weights=None, include_last_offset=False, padding_idx=None):
    """One bag after another, entry by entry."""
    if offsets is None:
        bags = [np.arange(len(row)) + i * len(row) for i, row in enumerate(input)]
    else:
        ends = [*offsets, len(input)][: len(offsets) + 1 - include_last_offset]
        bags = [np.arange(a, b) for a, b in itertools.pairwise(ends)]
    flat, sums = np.ravel(input), []
    for entries in bags:
        entries = [i for i in entries if flat[i] != padding_idx]
        rows = weight[flat[entries]]
        if per_sample_weights is not None:
            rows = rows * np.ravel(per_sample_weights)[entries][:, None]
        sums.append(getattr(rows, mode)(0) if entries else np.zeros(weight.shape[1]))
    return np.reshape(sums, (len(bags), weight.shape[1]))


def refuses(error, message, *args, **options):
    return Raises(error, message, lambda: F.embedding(*args, **options))


def refuses_bag(error, message, *args, **options):
    return Raises(error, f"embedding_bag: {message}", lambda: F.embedding_bag(*args, **options))


CASES = (
    OpCase(
        "nn.functional.embedding",
        lambda input, weight, padding_idx=None, scale_grad_by_freq=False: weight[input],
        (
            S(numbers((4, 5), 7), A((7, 3))),
            S(numbers((6,), 3), A((4, 70)), padding_idx=-1),
            S(numbers((), 4), A((4, 2)), scale_grad_by_freq=True),
            S(A((3, 2), 0, 4, dtype="uint8"), A((5, 33))),
            S(A((0, 2), dtype="int32", values=np.zeros((0, 2))), A((5, 3))),
            S(A((0,), dtype="int64", values=[]), A((0, 3))),
        ),
        dtypes=ALL,
        tolerance=0,
        lengths=lambda n: S(numbers((9,), 5), A((5, n))),
        large=S(numbers((60, 40), 500), A((500, 64))),
        errors=(
            refuses(
                IndexError, r"embedding: index 5 is out of bounds, for weight \(5, 3\) has 5 rows", [[0, 5]], TABLE
            ),
            refuses(IndexError, "embedding: index -1 is out of bounds", tw.asarray([-1, 0]), TABLE),
            refuses(IndexError, "embedding: index -128 is", tw.asarray([-128], dtype="int8"), TABLE),
            refuses(IndexError, "embedding: index 255 is", tw.asarray([255], dtype="uint8"), TABLE),
            refuses(IndexError, f"embedding: index {2**64 - 1} is", tw.asarray(2**64 - 1, dtype="uint64"), TABLE),
            refuses(IndexError, r"embedding: index 0 is .* \(0, 3\) has 0 rows", [0], tw.ones((0, 3))),
            refuses(TypeError, "embedding: input has dtype float32", [0.5], TABLE),
            refuses(TypeError, "embedding: input has dtype bool", [True], TABLE),
            refuses(ValueError, r"embedding: weight has shape \(3,\)", [0], tw.ones(3)),
            refuses(ValueError, "embedding: padding_idx is 5, but weight", [0], TABLE, 5),
            refuses(ValueError, "embedding: padding_idx is -6", [0], TABLE, -6),
            refuses(TypeError, "embedding: padding_idx is 0.5", [0], TABLE, 0.5),
            refuses(ValueError, "embedding: max_norm is -1", [0], TABLE, max_norm=-1.0),
            refuses(ValueError, "embedding: norm_type is 0", [0], TABLE, max_norm=1.0, norm_type=0),
            refuses(TypeError, "embedding: weight is a list, but max_norm writes to it", [0], [[1.0]], max_norm=1.0),
            refuses(TypeError, "embedding: weight is int64, but", [0], tw.asarray([[1]]), max_norm=1.0),
            refuses(TypeError, "embedding: sparse is 'yes'", [0], TABLE, sparse="yes"),
        ),
    ),
    OpCase(
        "nn.functional.embedding_bag",
        bag,
        (
            S(numbers((4, 5), 7), A((7, 3))),
            S(numbers((4, 5), 7), A((7, 3)), None, mode="max"),
            S(numbers((6,), 3), A((3, 70)), [0, 2, 2, 5], mode="sum"),
            S(numbers((6,), 3), A((3, 4)), [0, 2, 2, 6], include_last_offset=True),
            S(numbers((6,), 3), A((3, 4)), [0, 1, 1, 6], mode="max", padding_idx=1),
            S(numbers((6,), 2), A((2, 4)), [0, 1, 4], mode="mean", padding_idx=1),
            S(numbers((3, 0), 2), A((2, 4)), None, mode="max"),
            S(numbers((0,), 2), A((2, 4)), []),
        ),
        dtypes=FLOATS,
        tolerance=32,
        lengths=lambda n: S(numbers((9,), 5), A((5, n)), [0, 4]),
        large=S(numbers((90, 40), 500), A((500, 64))),
        errors=(
            refuses_bag(ValueError, r"input has shape \(\), but must be 1-D or 2-D", 0, TABLE),
            refuses_bag(TypeError, "input is None, but must be array-like", None, TABLE),
            refuses_bag(TypeError, "offsets is 'ab', but must be array-like", [0, 1], TABLE, "ab"),
            refuses_bag(ValueError, r"input \(2,\) is 1-D, so offsets must say", [0, 1], TABLE),
            refuses_bag(ValueError, r"input \(1, 2\) is 2-D, .* offsets must be None", [[0, 1]], TABLE, [0]),
            refuses_bag(ValueError, r"offsets\[0\] is 1, but the first must be 0", [0, 1], TABLE, [1]),
            refuses_bag(ValueError, r"offsets\[1\] is 3, but input has 2 entries", [0, 1], TABLE, [0, 3]),
            refuses_bag(ValueError, r"offsets\[1\] is 2, but the next is smaller: they must", [0, 1], TABLE, [0, 2, 1]),
            refuses_bag(
                ValueError,
                r"offsets\[1\] is 1, but the last must be where input ends, 2",
                [0, 1],
                TABLE,
                [0, 1],
                include_last_offset=True,
            ),
            refuses_bag(ValueError, r"offsets have shape \(1, 1\)", [0, 1], TABLE, [[0]]),
            refuses_bag(TypeError, "offsets have dtype float32", [0, 1], TABLE, [0.0]),
            refuses_bag(ValueError, "mode is 'min'", [[0]], TABLE, mode="min"),
            refuses_bag(ValueError, "scale_grad_by_freq", [[0]], TABLE, mode="max", scale_grad_by_freq=True),
            refuses_bag(ValueError, "per_sample_weights go with", [[0]], TABLE, per_sample_weights=[[1.0]]),
            refuses_bag(
                ValueError,
                r"per_sample_weights have shape \(1,\)",
                [[0]],
                TABLE,
                mode="sum",
                per_sample_weights=[1.0],
            ),
            refuses_bag(TypeError, "weight has dtype int64", [[0]], [[1]]),
            Raises(IndexError, "embedding: index 9 is", lambda: F.embedding_bag([[9]], TABLE, mode="max")),
            Raises(IndexError, "embedding: index -1 is", lambda: F.embedding_bag([[-1]], TABLE)),
        ),
    ),
    OpCase(
        "embedding_bag[weighted]",
        lambda input, weight, factors: bag(input, weight, [0, 2, 5], "sum", factors),
        (S(numbers((7,), 4), A((4, 3)), A((7,))),),
        fn=lambda input, weight, factors: F.embedding_bag(
            input, weight, [0, 2, 5], mode="sum", per_sample_weights=factors
        ),
        tolerance=32,
    ),
)
