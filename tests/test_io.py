"""safetensors files: round trips, other people's files, hostile files, and a process killed while it saves."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pytest

import tilewright as tw
from tilewright import io, nn

pytest.importorskip("safetensors")

DTYPES = [*(f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)), "bool", "float16", "bfloat16"]
DTYPES += ["float32", "float64", "complex64"]


def same(a, b):
    a, b = (t.detach().astype("float32") if t.dtype == tw.bfloat16 else t.detach() for t in (a, b))
    return a.shape == b.shape and a.dtype == b.dtype and a.numpy().tobytes() == b.numpy().tobytes()


def test_round_trip_of_every_dtype(tmp_path):
    path = tmp_path / "x.safetensors"
    values = np.random.default_rng(0).integers(0, 2, (3, 5))
    tensors = {name: tw.asarray(values, dtype=name) for name in DTYPES}
    io.save(path, tensors)
    loaded = io.load(path)
    assert list(loaded) == sorted(tensors)
    for name, t in tensors.items():
        assert same(loaded[name], t), name


def test_round_trip_of_every_layout(tmp_path):
    path = str(tmp_path / "x.safetensors")
    x = tw.asarray(np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32))
    tensors = {
        "view": x[1:, ::2],
        "transposed": x.T,
        "reversed": x[::-1],
        "0-d": tw.asarray(3.5),
        "empty": tw.zeros((0, 3)),
    }
    tensors |= {"odd name ü.1": tw.ones(1), "numpy": np.arange(3), "nan": tw.asarray([np.nan, np.inf, -0.0])}
    io.save(path, tensors)
    loaded = io.load(path)
    for name, t in tensors.items():
        assert same(loaded[name], tw.asarray(t)), name
    assert loaded["view"].requires_grad is False


def test_modules(tmp_path):
    path = tmp_path / "net.safetensors"
    net = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.Linear(3, 2)))
    net[0].weight.requires_grad = True
    io.save(path, net)
    twin = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.Linear(3, 2)))
    twin.load_state_dict(io.load(path))
    for (name, a), (_, b) in zip(net.named_parameters(), twin.named_parameters(), strict=True):
        assert same(a, b), name


def test_metadata(tmp_path):
    path = tmp_path / "x.safetensors"
    io.save(path, {"x": tw.ones(1)}, metadata={"made by": "a test"})
    assert io.metadata(path) == {"made by": "a test"}
    io.save(path, {})
    assert io.metadata(path) == {} and io.load(path) == {}
    with pytest.raises(TypeError, match="save: metadata is"):
        io.save(path, {}, metadata={"epoch": 3})


def test_the_same_tensors_give_the_same_bytes(tmp_path):
    tensors = {f"t{i}": tw.ones((i, 3)) for i in range(20)}
    io.save(tmp_path / "a", tensors)
    io.save(tmp_path / "b", dict(reversed(tensors.items())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_files_of_pytorch_and_for_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    path = tmp_path / "net.safetensors"
    theirs = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    ours = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    save_file(theirs.state_dict(), path)
    ours.load_state_dict(io.load(path))
    for (name, a), (other, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == other
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    io.save(path, {"half": tw.asarray([1.5, -2.0], dtype="bfloat16"), **ours.state_dict()})
    loaded = load_file(path)
    assert loaded.pop("half").tolist() == [1.5, -2.0]
    theirs.load_state_dict(loaded)


# ---- errors ----------------------------------------------------------------------------------------------------------


def header_of(entries, size=8):
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + bytes(size)


X = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
HOSTILE = {
    "empty": b"",
    "short": b"\x08\x00",
    "not safetensors": b"PK\x03\x04" + bytes(500),
    "huge header": struct.pack("<Q", 2**62) + b"{}",
    "no JSON": struct.pack("<Q", 4) + b"{{{{",
    "truncated": header_of({"x": X})[:-1],
    "too long": header_of({"x": X}) + b"\0",
    "offsets outside": header_of({"x": X | {"data_offsets": [0, 80]}}),
    "offsets backwards": header_of({"x": X | {"data_offsets": [8, 0]}}),
    "offsets overlap": header_of({"x": X, "y": X}),
    "shape too large": header_of({"x": X | {"shape": [2**40, 2**40]}}),
    "negative shape": header_of({"x": X | {"shape": [-2]}}),
    "wrong shape": header_of({"x": X | {"shape": [3]}}),
    "unknown dtype": header_of({"x": X | {"dtype": "F31"}}),
    "foreign dtype": header_of({"x": X | {"dtype": "F8_E4M3", "shape": [8]}}),
    "deep": struct.pack("<Q", 200_000) + b'{"x":' + b"[" * 199_995,
    "too many axes": header_of({"x": X | {"shape": [2] + [1] * 40}}),
    "empty with an impossible shape": header_of({"x": X | {"shape": [0, 2**62, 2**62], "data_offsets": [0, 0]}}, 0),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(io.FormatError, match=r"load: .*bad\.safetensors"):
        io.load(path)


def test_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "x.safetensors"
    io.save(path, {"x": tw.ones(4), "y": tw.zeros(3)}, metadata={"a": "b"})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        for read in (io.load, io.metadata):
            with pytest.raises(io.FormatError):
                read(path)


def test_bytes_that_are_no_bools(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(header_of({"x": {"dtype": "BOOL", "shape": [4], "data_offsets": [0, 4]}}, 0) + b"\x00\x01\x02\xff")
    x = io.load(path)["x"]
    assert x.tolist() == [False, True, True, True] and x.astype("int64").tolist() == [0, 1, 1, 1]


def test_missing_files_and_folders(tmp_path):
    for read in (io.load, io.metadata):
        with pytest.raises(FileNotFoundError, match=r"nothing\.safetensors"):
            read(tmp_path / "nothing.safetensors")
        with pytest.raises(IsADirectoryError):
            read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nowhere/x\.safetensors"):
        io.save(tmp_path / "nowhere" / "x.safetensors", {"x": tw.ones(1)})
    with pytest.raises(IsADirectoryError, match="is a directory"):
        io.save(tmp_path, {"x": tw.ones(1)})
    with pytest.raises(NotADirectoryError):
        io.save("/dev/null/x.safetensors", {"x": tw.ones(1)})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(PermissionError, match=r"x\.safetensors"):
        io.save(tmp_path / "x.safetensors", {"x": tw.ones(1)})


def test_what_cannot_be_saved(tmp_path):
    path = tmp_path / "x.safetensors"
    for wrong, message in (
        (tw.ones(3), "got a Tensor"),
        ([tw.ones(3)], "got a list"),
        ({3: tw.ones(1)}, "name 3 is not a str"),
    ):
        with pytest.raises(TypeError, match=f"save: .*{message}"):
            io.save(path, wrong)
    with pytest.raises(TypeError):
        io.save(path, {"x": object()})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "x.safetensors"
    io.save(path, {"x": tw.ones(3)})
    before = path.read_bytes()

    def fail(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="No space left"):
            io.save(path, {"x": tw.zeros(3)})
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            io.save(path, {"x": tw.zeros(3)})
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]


def test_permissions_and_links_stay_usual(tmp_path):
    path, link = tmp_path / "x.safetensors", tmp_path / "link.safetensors"
    mask = os.umask(0o022)
    try:
        io.save(path, {"x": tw.ones(1)})
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o644
    link.symlink_to(path)
    io.save(link, {"x": tw.zeros(2)})
    assert link.is_symlink() and io.load(path)["x"].shape == (2,)


def test_killed_while_saving(tmp_path):
    """Whenever the process dies, the file is whole: the old one or the new one."""
    path = tmp_path / "x.safetensors"
    code = (
        "import sys, tilewright as tw\n"
        "from tilewright import io\n"
        "values = [tw.full((1000, 1000), float(i)) for i in range(4)]\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for x in values:\n"
        "        io.save(sys.argv[1], {'x': x, 'y': x})\n"
    )
    io.save(path, {"x": tw.full((1000, 1000), 9.0), "y": tw.full((1000, 1000), 9.0)})
    interrupted = 0
    for attempt in range(60):
        process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.007 * attempt % 0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        loaded = io.load(path)
        values = {loaded[name].min().item() for name in "xy"} | {loaded[name].max().item() for name in "xy"}
        assert len(values) == 1 and values <= {0.0, 1.0, 2.0, 3.0, 9.0}
        leftovers = [p for p in tmp_path.iterdir() if p != path]
        assert all(p.name.startswith(".x.safetensors.") and p.name.endswith(".tmp") for p in leftovers)
        interrupted += len(leftovers)
        for p in leftovers:
            p.unlink()
        if attempt >= 5 and interrupted:
            break
    assert interrupted, "no save was interrupted; the test proves nothing"


def test_without_the_library(python):
    code = "import sys; sys.modules['safetensors'] = None; import tilewright as tw; tw.io.save('x', {})"
    result = python(code)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "ImportError: tilewright.io: saving and loading need the safetensors package: pip install 'tilewright[io]'"
    )
