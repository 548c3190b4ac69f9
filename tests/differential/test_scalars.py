"""Whatever has `__index__` is an integer and whatever has `__float__` a number: a call gives the same with either."""

from __future__ import annotations

import re
import warnings

import numpy as np

import tilewright as tw

from . import absurd
from .faults import Faults
from .good import X
from .surface import walk

# Parameters whose value is an array, or decides a dtype: there NumPy's scalars are arrays of their dtype.
ARRAYS = {
    "condition", "x", "x1", "x2", "data", "actual", "desired", "value", "gradient", "indices", "min", "max",
    "fill_value", "start", "stop", "step", "args", "kwargs", "keywords", "gradients", "target", "weight",
    "spec", "T", "key", "index", "a_min", "a_max", "input", "input1", "input2", "anchor", "positive", "negative", "var",
    "src", "loss", "default",
    "prepend", "append", "to_end", "interp.left", "interp.right", "base", "block.arrays", "q", "polyder.p", "polyint.p",
    "polyint.k", "where", "initial", "mean",
    "pgd.low", "pgd.high", "fgsm.low", "fgsm.high", "put.ind",
}  # fmt: skip
STATEFUL = ("set_num_threads", "memory.set_cache_limit", "show_config", "empty", "empty_like")
STATEFUL += ("numpy.empty", "numpy.empty_like")
# Named tuples, which hold what they are given, and what gives its default back as it is.
HOLDERS = (
    "UniqueAllResult",
    "diagnose.Landscape",
    "UniqueCountsResult",
    "UniqueInverseResult",
    "linalg.LstsqResult",
    "linalg.QRResult",
    "linalg.SlogdetResult",
    "nn.ParameterDict.get",
)
INTEGERS = ("np.int64({})", "np.int8({})", "np.array({})", "t('int64') * 0 + {}", "Index({})")
FLOATS = ("np.float64({})", "np.float32({})", "np.array({})", "t('float64') * 0 + {}", "Float({})")
FLAGS = ("np.bool_({})", "int({})", "np.int64({})")


class Index:
    def __init__(self, n):
        self.n = n

    def __index__(self):
        return self.n


class Float:
    def __init__(self, x):
        self.x = x

    def __float__(self):
        return self.x


def forms_of(text: str):
    """Other ways to write an integer, a tuple of them, a float or a flag."""
    if re.fullmatch(r"-?\d+", text):
        return [form.format(text) for form in INTEGERS if "int8" not in form or abs(int(text)) < 128]
    if re.fullmatch(r"[(\[](-?\d+, ?)*-?\d*[)\]]", text) and any(c.isdigit() for c in text):
        return [re.sub(r"-?\d+", r"np.int64(\g<0>)", text), re.sub(r"-?\d+", r"Index(\g<0>)", text)]
    if re.fullmatch(r"-?\d+\.\d*", text):
        return [form.format(text) for form in FLOATS]
    return [form.format(text) for form in FLAGS] if text in ("True", "False") else []


def as_number(value):
    """An attribute, whatever kind of number it was kept as."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return type(value).__name__


def result_of(text: str, scope):
    """What a call gives, as text; random numbers start at the same place."""
    tw.random.seed(5)
    tw.numpy.random.seed(5)
    try:
        result = eval(text, scope)
    except Exception as error:
        return type(error).__name__
    if isinstance(result, (tw.nn.Module, tw.optim.Optimizer)):
        arrays = result.state_dict() if isinstance(result, tw.nn.Module) else {}
        values = {name: as_number(value) for name, value in vars(result).items()}
        return f"{type(result).__name__} {values} {arrays}"
    text = repr(result)
    return re.sub(r" at 0x\w+", "", text)


def test_numbers_of_any_kind(tally, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope = {**absurd.SCOPE, "Index": Index, "Float": Float, "np": np}
    faults, count = Faults(), 0
    for target in walk():
        if target.by_field or target.name in STATEFUL + HOLDERS:
            continue
        for parameter in target.parameters:
            names = {parameter.name, f"{target.name.rpartition('.')[2]}.{parameter.name}"}
            if names & ARRAYS or parameter.good is X or parameter.several:
                continue
            for good in parameter.good:
                want = None
                for form in forms_of(good):
                    count += 1
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        want = want or result_of(with_argument(target, parameter, good), scope)
                        got = result_of(call := with_argument(target, parameter, form), scope)
                    if got != want:
                        kind = re.sub(r"-?[\d.]+\)", ")", form)
                        faults.add(
                            f"{target.name} {parameter.name} {kind[:12]}",
                            f"{call}: {got[:150]}, but with {good}: {want[:150]}",
                        )
    tally("calls with other forms of numbers", count)
    faults.report()


def with_argument(target, parameter, text: str) -> str:
    """The call with the first good arguments, but that one."""
    arguments = []
    by_name = False
    for p in target.parameters:
        if p is not parameter and (not p.required or p.several):
            by_name = by_name or not p.several
            continue
        given = text if p is parameter else p.good[0]
        by_name = by_name or p.keyword
        arguments.append(f"{p.name}={given}" if by_name else given)
    return target.text.format(target.instances[0] if target.instances else "", arguments=", ".join(arguments))
