"""Writing to arrays: when it is recorded, when it is refused, and when backward notices."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

import tilewright as tw
from tilewright.autograd import gradients, no_grad


def array(*values: float, dtype: str = "float64") -> tw.Tensor:
    return tw.asarray(list(values), dtype=dtype)


def leaf(*values: float, dtype: str = "float64") -> tw.Tensor:
    return tw.asarray(list(values), dtype=dtype, requires_grad=True)


def close(actual, desired):
    np.testing.assert_allclose(tw.asarray(actual).detach().numpy(), desired, rtol=1e-12, atol=1e-12)


def here(offset: int = 0) -> str:
    frame = sys._getframe(1)
    return f"{frame.f_code.co_filename}:{frame.f_lineno + offset}"


# ---- not recorded ----------------------------------------------------------------------------------------------------


def test_plain_writes_go_through_views():
    x = tw.zeros((2, 3))
    row = x[1]
    row += 2.0
    x[0, 1:] = [5.0, 6.0]
    x.T[0] = 9.0
    x[:, 2] *= 10
    close(x, [[9, 5, 60], [9, 2, 20]])
    assert not x.requires_grad


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda x: x.__iadd__(2), [3, 4]),
        (lambda x: x.__isub__(array(1, 2)), [0, 0]),
        (lambda x: x.__imul__([3.0, 4.0]), [3, 8]),
        (lambda x: x.__itruediv__(2), [0.5, 1]),
        (lambda x: x.__ipow__(2), [1, 4]),
        (lambda x: x.copy_([7, 8]), [7, 8]),
        (lambda x: x.fill_(5), [5, 5]),
        (lambda x: x.zero_(), [0, 0]),
    ],
)
def test_plain_methods_return_the_tensor(write, expected):
    x = array(1, 2)
    assert write(x) is x
    close(x, expected)


def test_leaf_may_be_written_under_no_grad():
    w = leaf(1, 2)
    with no_grad():
        w -= 0.5
        w[0] = 7.0
        w.copy_(w * 2)
    close(w, [14, 3])
    assert w.is_leaf
    (w * w).sum().backward()
    close(w.grad, [28, 6])


# ---- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "write"),
    [
        ("add", lambda w: w.__iadd__(1)),
        ("multiply", lambda w: w.__imul__(2)),
        ("setitem", lambda w: w.__setitem__(0, 1)),
        ("copy_", lambda w: w.copy_(0)),
        ("copy_", lambda w: w.zero_()),
    ],
)
def test_leaf_is_not_written_while_recording(op, write):
    w = leaf(1, 2)
    with pytest.raises(
        RuntimeError, match=rf"{op}: in-place write to a leaf of shape \(2,\) that requires grad.*no_grad"
    ):
        write(w)
    close(w, [1, 2])


def test_views_are_not_written_while_recording():
    x = leaf(1, 2, 3)
    h = x * 2
    view = h[1:]
    for write in (h.__iadd__, lambda value: h.__setitem__(0, value), view.__imul__, view.fill_):
        with pytest.raises(RuntimeError, match=r"shares its memory with another one .* write to x\.copy\(\)"):
            write(1)
    close(h, [2, 4, 6])
    del view, write
    h += 1
    h.sum().backward()
    close(x.grad, [2, 2, 2])


def test_tracked_value_into_a_view_of_an_untracked_array():
    buffer, x = tw.zeros((2, 2), dtype="float64"), leaf(1, 2)
    row = buffer[0]
    with pytest.raises(RuntimeError, match="shares its memory"):
        row[:] = x
    with pytest.raises(RuntimeError, match=r"write x\[key\] = x\[key\] \+ value for x\[key\] \+= value"):
        buffer[0] += x
    del row
    buffer[0] = buffer[0] + x
    (buffer * 3).sum().backward()
    close(x.grad, [3, 3])


def test_integer_target_of_a_tracked_value():
    counts = tw.zeros(2, dtype="int64")
    with pytest.raises(TypeError, match="setitem: the target has dtype int64, which carries no gradient"):
        counts[0] = leaf(1)[0]


def test_result_that_does_not_fit():
    x = leaf(1, 2)
    h = x * 1.0
    with pytest.raises(ValueError, match=r"add: in-place target has shape \(2,\), but the result has \(3, 2\)"):
        h += tw.ones((3, 2), dtype="float64")
    close(h, [1, 2])


# ---- recorded --------------------------------------------------------------------------------------------------------


def test_augmented_assignment_is_recorded():
    x, v = leaf(1, 2), leaf(3, 5)
    h = x * 1.0
    same = h
    h += v
    h *= v
    h /= 2
    h -= x
    assert same is h
    close(h, [(1 + 3) * 3 / 2 - 1, (2 + 5) * 5 / 2 - 2])
    h.sum().backward()
    close(x.grad, [3 / 2 - 1, 5 / 2 - 1])
    close(v.grad, [(1 + 2 * 3) / 2, (2 + 2 * 5) / 2])


def test_augmented_assignment_keeps_what_the_op_saved():
    x = leaf(3)
    h = x * 1.0
    h *= h
    h **= 2.0
    h.sum().backward()
    close(x.grad, [4 * 27])
    a, v = array(2), leaf(5)
    a *= v  # an untracked target becomes tracked
    assert a.requires_grad
    a.sum().backward()
    close(v.grad, [2])


def test_augmented_assignment_casts_as_the_target():
    x, v = leaf(1, 2, dtype="float32"), leaf(3, 4)
    h = x * 1.0
    h += v
    assert h.dtype.name == "float32"
    h.sum().backward()
    assert x.grad.dtype.name == "float32"
    assert v.grad.dtype.name == "float64"


def test_retain_grad_follows_the_tensor():
    x = leaf(1, 2)
    h = x * 1.0
    h.retain_grad()
    h *= 3.0
    h[0] = 0.0
    (h * 5).sum().backward()
    close(h.grad, [5, 5])
    close(x.grad, [0, 15])


def test_writes_reach_the_same_memory():
    x = leaf(1, 2)
    h = x * 1.0
    shadow = h.detach()
    h += 1
    h[0] = 9.0
    close(shadow, [9, 3])


def test_setitem_is_recorded():
    x, v = leaf(1, 2, 3), leaf(10, 20)
    h = x * x
    h[1:] = v * 3
    close(h, [1, 30, 60])
    (h * h).sum().backward()
    close(x.grad, [4, 0, 0])
    close(v.grad, [180, 360])


def test_setitem_fills_a_buffer():
    out = tw.zeros((3, 2), dtype="float64")
    x = leaf(1, 2)
    for i in range(3):
        out[i] = x * float(i)
    out[:, 0] = 5.0
    close(out, [[5, 0], [5, 2], [5, 4]])
    out.sum().backward()
    close(x.grad, [0, 3])


def test_setitem_broadcasts_masks_and_casts():
    x, s = leaf(1, 2, 3, dtype="float32"), tw.asarray(4.0, dtype="float64", requires_grad=True)
    h = x * 2
    h[h > 3] = s
    close(h, [2, 4, 4])
    h.sum().backward()
    close(x.grad, [2, 0, 0])
    close(s.grad, 2)
    assert s.grad.dtype.name == "float64"


def test_copy_is_recorded():
    x, v = leaf(1, 2), leaf(3, 4)
    h = x * 2
    h.copy_(v * v)
    h.sum().backward()
    close(v.grad, [6, 8])
    close(x.grad, [0, 0])


def test_recorded_writes_twice_differentiable():
    def fill(x, v):
        h = x * x
        h[0] = tw.exp(v)
        h *= v
        return h * h

    tw.testing.check_grads(fill, array(1, 2, 3), tw.asarray(0.5, dtype="float64"), order=2)


def test_result_of_a_piecewise_constant_function():
    x = leaf(1.5, 2.5)
    h = x * 1.0
    h //= 1.0
    close(h, [1, 2])
    h.sum().backward()
    close(x.grad, [0, 0])


# ---- noticed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("multiply", lambda h, w: h * w),  # saved as an input
        ("exp", lambda h, w: h),  # saved as the result
        ("matmul", lambda h, w: h @ w),
    ],
)
def test_backward_refuses_saved_values_that_were_written(name, record):
    x, w = leaf(1, 2), leaf(3, 4)
    h = tw.exp(x)
    y = record(h, w)
    with no_grad():
        place = here(1)
        h[0] = 5.0
    with pytest.raises(RuntimeError) as error:
        y.backward(tw.ones(y.shape, dtype="float64"))
    text = str(error.value)
    assert text.startswith(f"backward: {name} (recorded at ")
    assert "needs a tensor of shape (2,) that was written in place since" in text
    assert place in text


def test_both_lines_are_named():
    x = leaf(1, 2)
    recorded = here(1)
    h = tw.exp(x)
    y = h.sum()
    written = here(1)
    h += 1
    with pytest.raises(RuntimeError, match=rf"exp \(recorded at {re.escape(recorded)}\).*at {re.escape(written)};"):
        (y + h.sum()).backward()


def test_write_through_a_view_or_an_alias_is_noticed():
    x = leaf(1, 2)
    for write in (lambda h: h.detach()[1:].zero_(), lambda h: h.detach().__iadd__(1)):
        h = x * 1.0
        y = h * h
        write(h)
        with pytest.raises(RuntimeError, match=r"multiply .* was written in place since"):
            y.sum().backward()


def test_writes_that_do_not_matter_are_not_refused():
    x, w, c = leaf(1, 2), leaf(3, 4), array(5, 6)
    y = (x + w) * c
    with no_grad():
        x += 1  # add saved nothing
        w *= 2
    c_before = c.copy()
    y.sum().backward()
    close(x.grad, [5, 6])
    c += 1
    close(c_before, [5, 6])
    z = (x * c).sum()  # recorded after the write
    x.grad = None
    z.backward()
    close(x.grad, [6, 7])


def test_optimiser_step_between_backwards_is_noticed():
    w = leaf(2)
    y = (w * w).sum()
    y.backward(retain_graph=True)
    with no_grad():
        w -= 0.1 * w.grad
    with pytest.raises(RuntimeError, match=r"multiply .* was written in place since"):
        y.backward()


def test_error_of_a_refused_backward_leaves_gradients_alone():
    x = leaf(1, 2)
    h = tw.exp(x)
    y = (h * 2).sum() + (x * 3).sum()
    with no_grad():
        h.zero_()
    with pytest.raises(RuntimeError):
        y.backward()
    assert x.grad is None


def test_gradients_of_a_written_tensor_are_those_of_its_new_value():
    x = leaf(1, 2)
    h = x * 2
    old = h * 1.0
    h += x
    (g,) = gradients((h * 5).sum(), [h], retain_graph=True)
    close(g, [5, 5])
    old.sum().backward()
    close(x.grad, [2, 2])
