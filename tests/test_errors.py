"""What the messages say, for what is no op case: arguments of every kind that are wrong, and nothing half done."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, "asarray: cannot make an array of a object", lambda: tw.asarray(object())),
        (TypeError, "asarray: |str", lambda: tw.asarray("text")),
        (ValueError, "(ragged|differ|inhomogeneous|length)", lambda: tw.asarray([[1, 2], [3]])),
        (TypeError, "dtype 'float8' is not one of bool", lambda: tw.asarray([1.0], dtype="float8")),
        (
            ValueError,
            "asarray: device is cuda:0, but this build and machine have only cpu",
            lambda: tw.asarray([1.0], device="cuda:0"),
        ),
        (ValueError, "asarray: copy=False", lambda: tw.asarray([1.0, 2.0], copy=False)),
        (
            ValueError,
            "copy=False, but dtype float32 has to become float64",
            lambda: tw.asarray(tw.ones(2), dtype="float64", copy=False),
        ),
        (TypeError, "Tensor cannot be called; use tilewright.asarray", lambda: tw.Tensor([1.0])),
        (TypeError, "requires_grad: dtype is int64", lambda: tw.asarray([1, 2], requires_grad=True)),
        (TypeError, "from_dlpack: a list has no __dlpack__", lambda: tw.from_dlpack([1.0])),
        (TypeError, "numpy: NumPy has no bfloat16", lambda: tw.ones(2, dtype="bfloat16").numpy()),
        (TypeError, "len: a 0-d array has no length", lambda: len(tw.ones(()))),
        (ValueError, r"item: .*\(2,\)|item: .*2", lambda: tw.ones(2).item()),
        (RuntimeError, "numpy: the tensor requires grad", lambda: tw.ones(2, requires_grad=True).numpy()),
        (RuntimeError, "backward: this tensor does not require grad", lambda: tw.ones(2).backward()),
        (
            RuntimeError,
            r"backward: a tensor of shape \(2,\) has no single gradient",
            lambda: (tw.ones(2, requires_grad=True) * 2).backward(),
        ),
        (ValueError, r"add: Python integer 300 is out of bounds for uint8", lambda: tw.ones(2, dtype="uint8") + 300),
        (
            ValueError,
            r"add: Python integer of about 1.18\d+e\+21 is out of bounds for int64",
            lambda: tw.arange(2) + 2**70,
        ),
        (TypeError, "cannot make an array of a str", lambda: tw.ones(2) + "text"),
        (TypeError, "matmul", lambda: tw.ones(2) @ None),
    ],
)
def test_message(error, message, call):
    with pytest.raises(error, match=message):
        call()


def test_axis_error_is_both_value_and_index_error():
    """As NumPy's."""
    assert issubclass(tw.AxisError, ValueError)
    assert issubclass(tw.AxisError, IndexError)
    for kind in (ValueError, IndexError):
        with pytest.raises(kind, match="sum: axis 3"):
            tw.ones((2, 2)).sum(axis=3)


def test_nothing_is_written_when_an_assignment_fails():
    x = tw.zeros((3, 4))
    for key, value in [
        ((slice(None), 9), 1.0),
        ((slice(None),), tw.ones((3, 5))),
        ((tw.asarray([0, 1, 7]),), 1.0),
        ((tw.asarray([0, 1]), tw.asarray([0, 9])), 1.0),
    ]:
        with pytest.raises((IndexError, ValueError)):
            x[key] = value
        assert float(x.abs().sum()) == 0.0


def test_read_only_memory_stays_as_it_is():
    source = np.arange(6.0, dtype=np.float32)
    source.flags.writeable = False
    x = tw.asarray(source)
    for write in (lambda: x.__setitem__(0, 5.0), lambda: x.fill_(1.0), lambda: x.__iadd__(1.0)):
        with pytest.raises(ValueError, match="read-only"):
            write()
    np.testing.assert_array_equal(source, np.arange(6.0))


def test_in_place_result_that_does_not_fit():
    x = tw.ones(3)
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3,\)|\(3,\).*\(2, 3\)"):
        x += tw.ones((2, 3))
    n = tw.ones(3, dtype="int32")
    with pytest.raises(TypeError, match="int32"):
        n += 0.5
    assert x.tolist() == [1, 1, 1]
    assert n.tolist() == [1, 1, 1]


def test_dimensions_have_a_limit_and_say_so():
    with pytest.raises(ValueError, match="dimensions"):
        tw.zeros((1,) * 40)


def test_none_is_not_an_operand():
    with pytest.raises(TypeError, match="add: an operand is None, but must be an array or a number"):
        tw.ones(2) + None
    with pytest.raises(TypeError, match="multiply: an operand is None"):
        tw.multiply(None, tw.ones(2))


def test_membership():
    assert 2 in tw.arange(3) and 3 not in tw.arange(3)
