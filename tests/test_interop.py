"""Arrays in and out: the buffer protocol, DLPack, Python sequences; lifetimes and read-only flags."""

import array as stdlib_array
import ctypes
import fractions
import gc
import hashlib
import io
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core

NUMPY_DTYPES = (
    *("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)


def address(x):
    return x.__array_interface__["data"][0]


class Owner(np.ndarray):
    """An array that can be watched: plain ndarrays take no weak references to their memory."""


# ---- buffers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", NUMPY_DTYPES)
def test_numpy_round_trip_shares_memory(dtype):
    x = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for view in (x, x.T, x[:, ::-1], x[..., ::2], x[0, 0, 0, ...], x[:0], np.broadcast_to(x, (5, 2, 3, 4))):
        t = tw.asarray(view)
        assert t.dtype.name == dtype and t.shape == view.shape
        back = np.asarray(t._array)
        assert back.dtype == view.dtype
        np.testing.assert_array_equal(back, view)
        if view.size:
            assert address(back) == address(view)
            assert back.strides == view.strides


def test_writes_go_through_both_ways():
    x = np.zeros((2, 3), np.float32)
    t = tw.asarray(x)
    t[1, 2] = 5.0
    assert x[1, 2] == 5
    t.numpy()[0, 0] = 7
    assert x[0, 0] == 7 and t[0, 0].item() == 7


def test_read_only_is_kept():
    x = np.arange(3.0)
    x.flags.writeable = False
    t = tw.asarray(x)
    assert not t.numpy().flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        t += 1.0
    assert memoryview(t._array).readonly
    with pytest.raises(TypeError, match="not writable"):
        (ctypes.c_char * 24).from_buffer(t._array)
    assert not np.asarray(tw.broadcast_to(tw.ones(1), (3,))._array).flags.writeable
    assert not tw.asarray(b"bytes, say").numpy().flags.writeable


@pytest.mark.parametrize("code", "bBhHiIlLqQfd")
def test_standard_arrays(code):
    source = stdlib_array.array(code, [1, 2, 3])
    t = tw.asarray(source)
    assert t.tolist() == [1, 2, 3] and t.itemsize == source.itemsize
    t[0] = 9
    assert source[0] == 9


def test_memoryviews_and_ctypes():
    assert tw.asarray(bytearray(b"\1\2")).tolist() == [1, 2]
    assert tw.asarray(memoryview(np.arange(6).reshape(2, 3))[::-1]).tolist() == [[3, 4, 5], [0, 1, 2]]
    assert tw.asarray((ctypes.c_float * 2)(1, 2)).dtype == tw.float32


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.arange(3, dtype=">i4"), "format '>i'"),
        (np.zeros(3, np.clongdouble), "format 'Zg' and 32 bytes"),
        (np.zeros(3, [("a", "f8"), ("b", "i4")]), "format 'T{"),
        (np.zeros(3, [("a", "f8"), ("b", "i4")])["a"], "format '=d' lie 12 bytes apart along axis 0"),
        (np.array(["ab"]), "format '2w'"),
        (3.0, "a float has no buffer protocol"),
    ],
    ids=str,
)
def test_unsupported_buffers(source, message):
    with pytest.raises(TypeError, match=message):
        _core.from_buffer(source)


def test_a_buffer_is_what_was_asked_for():
    t = tw.reshape(tw.arange(6.0), (2, 3))
    view = memoryview(t._array)
    assert (view.shape, view.strides, view.format, view.nbytes) == ((2, 3), (12, 4), "f", 24)
    assert hashlib.sha256(t._array).digest() == hashlib.sha256(t.numpy().tobytes()).digest()  # no shape, no strides
    assert io.BytesIO(bytes(24)).readinto(t._array) == 24 and not t.numpy().any()
    assert memoryview(t.T._array).f_contiguous and not memoryview(t.T._array).c_contiguous
    with pytest.raises(BufferError, match="not contiguous"):
        hashlib.sha256(t.T._array)
    with pytest.raises(BufferError, match="not contiguous"):
        hashlib.sha256(t[:, ::2]._array)
    held = t._array
    del t
    assert view.obj is held and view.tolist() == [[0.0] * 3] * 2


def test_copy():
    x = np.arange(6.0)[::2]
    t = _core.from_buffer(x, True)
    x[:] = 0
    assert _core.tolist(t) == [0, 2, 4] and t.is_contiguous


def test_bfloat16_does_not_pass_for_something_else():
    t = tw.ones(2, dtype="bfloat16")
    with pytest.raises(TypeError, match="astype"):
        np.asarray(t._array)
    with pytest.raises(BufferError):
        memoryview(t._array)
    with pytest.raises(TypeError, match="bfloat16"):
        t.numpy()


def test_lifetimes():
    source = np.arange(1000.0).view(Owner)
    gone = weakref.ref(source)
    t = tw.asarray(source)
    part = t[10:20]
    del source, t
    gc.collect()
    assert gone() is not None and part[0].item() == 10
    back = np.asarray(part._array)
    del part
    gc.collect()
    assert gone() is not None and back[-1] == 19
    del back
    gc.collect()
    assert gone() is None


def test_own_memory_outlives_the_tensor():
    t = tw.arange(1000)
    view = t.numpy()[::2]
    del t
    gc.collect()
    _core.memory_release_cached()
    np.testing.assert_array_equal(view, np.arange(0, 1000, 2))


def test_buffers_are_released_on_any_thread():
    source = np.arange(10.0).view(Owner)
    gone, held = weakref.ref(source), [tw.asarray(source)]
    del source
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    gc.collect()
    assert gone() is None


def test_exit_with_live_arrays():
    code = "import numpy as np, tilewright as tw; kept = tw.asarray(np.ones(3)); held = np.asarray(tw.ones(3)._array)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == ""


def test_nothing_leaks():
    x = np.arange(100.0)

    def round_trip():
        t = tw.asarray(x)
        np.asarray(t._array)
        np.from_dlpack(t)
        tw.from_dlpack(x)
        _core.to_dlpack(t._array, True)
        _core.to_dlpack(t._array, False)
        _core.tolist(_core.from_sequence([[1, 2.5], [True, 4]], None))
        for bad in ((lambda: _core.from_buffer(np.array(["a"]))), (lambda: tw.from_dlpack(3.0))):
            with pytest.raises(TypeError):
                bad()

    round_trip()
    gc.collect()
    before, in_use = sys.getrefcount(x), tw.memory.stats()["in_use"]
    for _ in range(200):
        round_trip()
    gc.collect()
    assert sys.getrefcount(x) == before
    assert tw.memory.stats()["in_use"] == in_use


# ---- DLPack ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", NUMPY_DTYPES)
def test_dlpack_with_numpy(dtype):
    x = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for view in (x, x.T, x[:, ::-1], x[..., 1::2], x[0, 0, 0, ...], x[:0]):
        t = tw.from_dlpack(view)
        assert t.dtype.name == dtype
        np.testing.assert_array_equal(t.numpy(), view)
        back = np.from_dlpack(t)
        np.testing.assert_array_equal(back, view)
        if view.size:
            assert address(back) == address(view) and back.strides == view.strides


@pytest.mark.parametrize("dtype", [*NUMPY_DTYPES, "bfloat16"])
def test_dlpack_with_torch(dtype):
    torch = pytest.importorskip("torch")
    x = torch.arange(24).reshape(2, 3, 4).to(getattr(torch, dtype))
    for view in (x, x.permute(2, 0, 1), x[..., 1::2], x[0, 0, 0, ...], x[:0]):
        t = tw.from_dlpack(view)
        assert t.dtype.name == dtype and t.shape == tuple(view.shape)
        assert t.tolist() == view.tolist()
        back = torch.from_dlpack(t)
        assert torch.equal(back, view) and back.dtype == view.dtype
        if view.numel():
            assert back.data_ptr() == view.data_ptr()


def test_dlpack_memory_is_shared_and_kept():
    torch = pytest.importorskip("torch")
    x = torch.zeros(1000)
    t = tw.from_dlpack(x)
    t[3] = 5.0
    assert x[3] == 5
    back = torch.from_dlpack(t[2:])
    del x, t
    gc.collect()
    assert back[1] == 5 and back.sum() == 5


def test_dlpack_lifetimes():
    source = np.arange(10.0).view(Owner)
    gone = weakref.ref(source)
    t = tw.from_dlpack(source)
    del source
    gc.collect()
    assert gone() is not None
    back = np.from_dlpack(t)
    del t
    gc.collect()
    assert gone() is not None and back[9] == 9
    del back
    gc.collect()
    assert gone() is None
    capsule = _core.to_dlpack(tw.asarray(np.arange(3.0).view(Owner))._array, True)
    del capsule  # never imported: frees itself


@pytest.mark.parametrize("versioned", [False, True])
def test_dlpack_capsules_are_used_once(versioned):
    x = tw.arange(4)
    capsule = _core.to_dlpack(x._array, versioned)
    name = "dltensor_versioned" if versioned else "dltensor"
    assert f'"{name}"' in repr(capsule)
    array = _core.from_dlpack(capsule)
    assert array.data_ptr == x._array.data_ptr
    assert f'"used_{name}"' in repr(capsule)
    with pytest.raises(ValueError, match="from_dlpack: the capsule has been used already"):
        _core.from_dlpack(capsule)


def test_dlpack_read_only():
    x = np.arange(3.0)
    x.flags.writeable = False
    t = tw.asarray(x)
    assert _core.from_dlpack(_core.to_dlpack(t._array, True)).readonly
    with pytest.raises(BufferError, match="to_dlpack: the array is read-only"):
        _core.to_dlpack(t._array, False)
    assert not np.from_dlpack(t).flags.writeable
    assert tw.from_dlpack(x)._array.readonly


def test_dlpack_protocol():
    x = tw.ones(3)
    assert x.__dlpack_device__() == (1, 0)
    assert '"dltensor"' in repr(x.__dlpack__())
    assert '"dltensor"' in repr(x.__dlpack__(max_version=(0, 8)))
    assert '"dltensor_versioned"' in repr(x.__dlpack__(max_version=(1, 0), dl_device=(1, 0)))
    copied = _core.from_dlpack(x.__dlpack__(max_version=(1, 0), copy=True))
    assert copied.data_ptr != x._array.data_ptr
    with pytest.raises(BufferError, match="device"):
        x.__dlpack__(dl_device=(2, 0))


class Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class Managed(ctypes.Structure):
    _fields_ = (("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p))


class ManagedVersioned(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    )


def foreign_capsule(values, *, version=None, flags=0, device=1, code=2, bits=32, lanes=1, byte_offset=0, shape=(2, 3)):
    """A hand-made capsule without strides, as a C producer would make it; returns what has to stay alive too."""
    shape = (ctypes.c_int64 * len(shape))(*shape)
    data = (ctypes.c_float * len(values))(*values)
    tensor = Tensor(ctypes.addressof(data), device, 0, len(shape), code, bits, lanes, shape, None, byte_offset)
    calls = []
    deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(calls.append)
    as_pointer = ctypes.cast(deleter, ctypes.c_void_p).value
    managed = (
        Managed(tensor, None, as_pointer)
        if version is None
        else ManagedVersioned(*version, None, as_pointer, flags, tensor)
    )
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    name = b"dltensor" if version is None else b"dltensor_versioned"
    return new(ctypes.addressof(managed), name, None), calls, (managed, data, shape, deleter, name)


@pytest.mark.parametrize("version", [None, (1, 0), (1, 7)])
def test_dlpack_from_c(version):
    capsule, calls, alive = foreign_capsule(range(7), version=version, byte_offset=4, flags=1)
    x = _core.from_dlpack(capsule)
    assert _core.tolist(x) == [[1, 2, 3], [4, 5, 6]]  # no strides: C order
    assert x.readonly == (version is not None)
    del capsule
    gc.collect()
    assert calls == []
    del x
    gc.collect()
    assert calls == [ctypes.addressof(alive[0])]  # once


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"device": 2}, BufferError, r"from_dlpack: the data is on DLPack device \(2, 0\), but must be on the CPU"),
        (
            {"code": 5, "bits": 32},
            TypeError,
            "from_dlpack: there is no dtype for elements of 32-bit complex and 1 lanes",
        ),
        ({"lanes": 4}, TypeError, "32-bit float and 4 lanes"),
        ({"bits": 8}, TypeError, "8-bit float"),
        ({"code": 77}, TypeError, "32-bit unknown kind"),
        ({"version": (2, 0)}, BufferError, r"from_dlpack: the capsule has DLPack version 2.0"),
        ({"shape": (-1, 3)}, ValueError, "negative"),
        ({"shape": (1,) * 33}, ValueError, "at most 32 dimensions"),
    ],
    ids=str,
)
def test_dlpack_refuses(options, error, message):
    capsule, calls, _alive = foreign_capsule(range(6), **options)
    with pytest.raises(error, match=message):
        _core.from_dlpack(capsule)
    assert '"dltensor' in repr(capsule) and calls == []  # still its producer's


def test_dlpack_refuses_other_things():
    with pytest.raises(TypeError, match="from_dlpack: expected a DLPack capsule, got a int"):
        _core.from_dlpack(3)
    with pytest.raises(TypeError, match="no __dlpack__"):
        tw.from_dlpack([1.0])


# ---- Python sequences ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "dtype", "shape"),
    [
        ([], "float32", (0,)),
        ([[], []], "float32", (2, 0)),
        ([True, False], "bool", (2,)),
        ([True, 2], "int64", (2,)),
        ([1, 2.5], "float32", (2,)),
        ([[1, 2], (3, 4)], "int64", (2, 2)),
        (range(3), "int64", (3,)),
        ([2**63], "uint64", (1,)),
        ([np.float64(1)], "float64", (1,)),
        ([np.float32(1), 2], "float32", (2,)),
        ([np.int8(1), 2], "int8", (2,)),
        ([np.int8(1), 2.5], "float32", (2,)),
        ([np.int8(1), np.uint8(2)], "int16", (2,)),
        ([fractions.Fraction(1, 2)], "float32", (1,)),
        ([[np.arange(3), np.ones(3)]], "float64", (1, 2, 3)),
        ([[[[1]]]], "int64", (1, 1, 1, 1)),
    ],
    ids=repr,
)
def test_sequences(data, dtype, shape):
    t = _core.from_sequence(data, None)
    assert (t.dtype.name, t.shape) == (dtype, shape)
    np.testing.assert_array_equal(np.asarray(t), np.asarray(list(data) if isinstance(data, range) else data, dtype))


@pytest.mark.parametrize("dtype", [*NUMPY_DTYPES, "bfloat16"])
def test_sequences_with_a_dtype(dtype):
    t = tw.asarray([[0, 1, 1], [1, 0, 1]], dtype=dtype)
    assert t.dtype.name == dtype and t.tolist() == [[0, 1, 1], [1, 0, 1]]


def test_sequences_of_tensors():
    x = tw.asarray([1.0, 2.0])
    assert tw.asarray([x, x]).tolist() == [[1, 2], [1, 2]]
    assert tw.asarray([x[0], 5]).tolist() == [1, 5]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([[1, 2], [3]], ValueError, r"asarray: ragged nesting: item \[1\] has 1 entries, .* has 2"),
        ([[[1], [2]], [[3], [4, 5]]], ValueError, r"ragged nesting: item \[1\]\[1\] has 2 entries"),
        ([[1, 2], 3], ValueError, r"ragged nesting: item \[1\] is a int, its neighbours are sequences"),
        ([1, [2]], ValueError, r"ragged nesting: item \[1\] is a sequence, its neighbours are not"),
        ([np.ones(2), np.ones(3)], ValueError, r"ragged nesting: item \[1\] has shape \(3,\)"),
        ([np.ones(2), 1.0], ValueError, "ragged nesting: some entries are numbers, others arrays"),
        ([1.0, "a"], TypeError, r"asarray: item \[1\] is a str, not a number"),
        ([None], TypeError, r"item \[0\] is a NoneType"),
        ([1, object()], TypeError, r"item \[1\] is a object, not a number"),
        ([2**64], ValueError, r"item \[0\] is a Python integer that does not fit 64 bits"),
    ],
    ids=str,
)
def test_bad_sequences(data, error, message):
    with pytest.raises(error, match=message):
        tw.asarray(data)


def test_endless_nesting():
    data = []
    data.append(data)
    with pytest.raises(ValueError, match="at most 32 dimensions"):
        tw.asarray(data)


def test_numbers_must_fit():
    with pytest.raises(ValueError, match="300 is out of bounds for uint8"):
        tw.asarray([1, 300], dtype="uint8")
    with pytest.raises(ValueError, match=r"asarray: Python float 1\.5 is not representable as int64"):
        tw.asarray([1.5], dtype="int64")


@pytest.mark.parametrize("dtype", [*NUMPY_DTYPES, "bfloat16"])
def test_back_to_python(dtype):
    x = np.array([[0, 1, 2], [3, 4, 100]]).astype("float32" if dtype == "bfloat16" else dtype)
    t = tw.asarray(x).astype(dtype)
    assert t.tolist() == x.tolist() and t[::-1, ::2].tolist() == x[::-1, ::2].tolist()
    assert type(t[1, 2].item()) is type(x[1, 2].item()) and t[1, 2].item() == x[1, 2].item()
    assert t[0, 0].tolist() == x[0, 0].tolist() and t[:0].tolist() == []


def test_item_of_several():
    with pytest.raises(ValueError, match=r"item: an array of shape \(2,\) has 2 elements, not one"):
        tw.ones(2).item()
    assert tw.ones((1, 1)).item() == 1
