"""`tilewright.explain` tells which algorithm ran."""

import pytest

import tilewright as tw


def taken(capsys, a, b):
    tw.explain(tw.matmul, tw.ones(a), tw.ones(b))
    return capsys.readouterr().out.splitlines()


def test_names_what_was_taken_and_why_not_the_others(capsys):
    small = taken(capsys, (64, 3), (3, 5))
    assert small[0] == "gemm: (64, 3) x (3, 5) float32 -> direct"
    assert small[1:4] == [
        "    not packed: x2 is not packed",
        "    not slices: the depth is short",
        "    not gemv: neither operand is a vector",
    ]
    assert taken(capsys, (300,), (300, 7))[0] == "gemm: (1, 300) x (300, 7) float32 -> gemv"
    sliced = taken(capsys, (2_000_000,), (2_000_000,))
    assert sliced[0] == "gemm: (1, 2000000) x (2000000, 1) float32 -> slices"
    assert sliced[2] == "gemm: (1, 125000) x (125000, 1) float32, batch (16,) -> gemv"
    assert taken(capsys, (2, 600), (600, 700))[0] == "gemm: (2, 600) x (600, 700) float32 -> slices"
    large = taken(capsys, (900, 900), (900, 900))
    assert large[0].endswith("-> blocked") and "    not direct: large enough for packing to pay" in large


def test_returns_the_result_and_forgets_on_error(capsys):
    assert tw.explain(tw.add, 1.0, tw.ones(2)).tolist() == [2.0, 2.0]
    assert capsys.readouterr().out == "no op with a choice of algorithms was called\n"
    with pytest.raises(ValueError, match="matmul"):
        tw.explain(tw.matmul, tw.ones((2, 3)), tw.ones((4, 5)))
    assert capsys.readouterr().out == ""
    tw.matmul(tw.ones((2, 3)), tw.ones((3, 4)))
    assert capsys.readouterr().out == ""
