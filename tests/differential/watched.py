"""Runs in a process of its own: calls everything, and judges each call. A line of JSON for each fault.

Usage: python -m differential.watched <first seed> <number of seeds> <seconds> <first target> <file for the last call>
       [<seconds per call> <expression> ...]
"""

from __future__ import annotations

import ast
import contextlib
import faulthandler
import io
import json
import os
import pathlib
import random
import re
import resource
import signal
import sys
import time
import traceback
import warnings

import numpy as np

import tilewright as tw

from . import absurd
from .surface import Target, walk

SECONDS_PER_CALL = 10
MEMORY = 1 << 30  # that a call may take
WHOLE = 1 << 20  # bytes of an argument that are compared

ALLOWED = (TypeError, ValueError, IndexError, KeyError, RuntimeError, NotImplementedError, MemoryError, OSError)
ALLOWED += (FloatingPointError, BufferError)
# Where functions are called that were handed over: those written in C have no frame of their own.
CALLS_OF_USERS = ("fun(*", "function(*", "forward(*", "function(module)", "hook.function(")
CALLS_OF_USERS += ("function(self.last_epoch)", "_scale_fn_custom(x)", "loss()", "loss = closure()")
CALLS_OF_USERS += ("self.transform(batch[0])",)
CALLS_OF_USERS += ("func1d(moved", "piece(flat", "self.pyfunc(*", "func(x, where)", "mask_func(ones(")
SCENARIOS = ("<call>", absurd.__file__)
# Exceptions beside those, by what was called, each for a reason.
INTENDED = {
    "testing.assert_allclose": (AssertionError,),  # that is what it is for
    "testing.check_grads": (AssertionError,),
    # As a dict's: unknown names, and those that cannot be any.
    "operator.getitem(nn.ModuleDict(dict(a=nn.ReLU())), {name})": (KeyError, TypeError),
    "operator.contains(nn.ModuleDict(), {name})": (TypeError,),
    "nn.ModuleDict.pop": (TypeError,),
    "nn.ParameterDict.pop": (TypeError,),
    "nn.ParameterDict.get": (TypeError,),
    # As of a missing attribute.
    **dict.fromkeys(
        (f"nn.Module.{name}" for name in ("get_submodule", "set_submodule", "get_parameter", "get_buffer")),
        (AttributeError,),
    ),
}
# Python's own words about a call that does not fit a signature, or a protocol.
PYTHONS = re.compile(
    r"[\w.<>]+\(\) (missing \d|takes |got (an unexpected|multiple|some positional)|argument after)|"
    r"__\w+__|.*object is not iterable$|.*(object is not a mapping|argument of type)"
)
OF_PYTHON = re.compile(
    r"slice (indices must be|step cannot be)|(float|int)\(\) argument must be|unhashable type: 'slice'|"
    r"__index__ returned non-int|"
    # of operators whose other operand has them and does not know tensors
    r"unsupported operand type\(s\) for |'[<>]=?' not supported between instances of '"
)
# Who speaks: an op, a class, or what all functions share and reports in its own words.
NAMED = re.compile(
    r"[A-Za-z_][\w.]*: |[A-Z]\w+ (cannot|has no)|cannot allocate \d|dtype .* is not one of|"
    r"tilewright._core.DType cannot be called"
)
PACKAGE = os.path.dirname(tw.__file__)


def tensors_in(value, seen=None):
    """All arrays that a value holds, through containers, modules and optimisers."""
    seen = {} if seen is None else seen
    if id(value) in seen or len(seen) > 200:
        return []
    seen[id(value)] = value
    if isinstance(value, (tw.Tensor, np.ndarray)):
        return [value]
    if isinstance(value, (list, tuple)):
        inner = list(value)
    elif isinstance(value, dict):
        inner = list(value.values())
    elif isinstance(value, (tw.nn.Module, tw.optim.Optimizer)):
        inner = list(vars(value).values())
    else:
        return []
    return [x for v in inner for x in tensors_in(v, seen)]


def content(x):
    """The bytes of an array."""
    if isinstance(x, tw.Tensor):
        x = x.detach()
        x = (x.astype("float32") if x.dtype == tw.bfloat16 else x).numpy()
    return x.tobytes() if x.nbytes <= WHOLE and not x.dtype.hasobject else b""


def judge(name: str, error: BaseException) -> str | None:
    """What is wrong with an exception, or None."""
    if isinstance(error, (absurd.Hostile, *INTENDED.get(name, ()))):
        return None
    kind = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    line = next(
        (f"{f.filename.removeprefix(PACKAGE)}: {f.line}" for f in reversed(frames) if PACKAGE in f.filename), ""
    )
    where = f" in {line}" if line else ""
    if frames[-1].filename in SCENARIOS and (line or isinstance(error, AttributeError)):
        return None  # raised by a function that was handed over, or by what an expression makes of a result
    if any(call in line for call in CALLS_OF_USERS) and "is not callable" not in str(error):
        return None  # raised by one that is written in C
    if not isinstance(error, ALLOWED) or isinstance(error, RecursionError):
        return f"raises {kind}{where}"
    message = str(error.args[0]) if error.args else ""
    if isinstance(error, BufferError):
        return None  # in the words of the other library
    if isinstance(error, OSError) and len(error.args) > 1:
        message = str(error.args[1])
        if isinstance(error.filename, (str, bytes)):
            return None  # the operating system's words about a file
    if "incompatible function arguments" in message or "Unable to cast Python" in message:
        return f"raises pybind11's dump{where}"
    if not line and message.startswith("unhashable type"):
        return None  # of a dict that the expression makes
    if not line and message.startswith("Cannot compare structured or void"):
        return None  # NumPy's words, before it asks the tensor
    own = message.startswith(name.rpartition(".")[2] + "()")
    if NAMED.match(message) or OF_PYTHON.match(message) or ((own or not line) and PYTHONS.match(message)):
        return None
    return f"raises a {kind} that does not name the function{where}"


def descriptors() -> list[str]:
    return os.listdir("/proc/self/fd")


def run(target, text: str, scope: dict, limit: int) -> str | None:
    """Evaluate the expression; what is wrong with how that went, or None."""
    recorded = tw.autograd.is_grad_enabled()
    opened = descriptors() if "tw.io." in text else None
    problem = None
    signal.alarm(limit)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            evaluate(text, scope)
    except Exception as error:
        problem = judge(target.name, error)
        if problem:
            problem += f": {str(error)[:300]!r}"
        changed = [x for x, before in scope["_held"] if content(x) != before]
        if problem is None and changed:
            problem = f"raised {type(error).__name__}, and had written to an argument of shape {changed[0].shape}"
    finally:
        signal.alarm(0)
    if tw.autograd.is_grad_enabled() is not recorded:
        return "left recording off"
    if opened is not None and descriptors() != opened:
        return "closed a file that was not its own, or left one open"
    return problem


class Keep(ast.NodeTransformer):
    """Has every argument of every call in an expression pass through `_keep`, and what a method is called on."""

    def visit_Call(self, node):
        self.generic_visit(node)
        node.args = [self.kept(a) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self.kept(keyword.value)
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.kept(node.func.value)
        return node

    def visit_Lambda(self, node):
        return node

    def kept(self, node):
        if isinstance(node, (ast.Constant, ast.Name, ast.Attribute, ast.Starred, ast.Lambda)):
            return node
        return ast.Call(ast.Name("_keep", ast.Load()), [node], [])


def evaluate(text: str, scope: dict) -> None:
    """Evaluate the call; `_held` has the arrays that were handed over, and their content before."""
    held = scope["_held"] = []

    def keep(value):
        held.extend((x, content(x)) for x in tensors_in(value))
        return value

    scope["_keep"] = keep
    tree = ast.fix_missing_locations(Keep().visit(ast.parse(text, mode="eval")))
    result = eval(compile(tree, "<call>", "eval"), scope)
    if isinstance(result, tw.Tensor):
        repr(result)


def main() -> None:
    first, count, seconds, start, last_call = *map(float, sys.argv[1:5]), sys.argv[5]
    limit, expressions = int((sys.argv[6:] or [SECONDS_PER_CALL])[0]), sys.argv[7:]
    warnings.simplefilter("ignore")
    faulthandler.enable()
    faulthandler.register(signal.SIGALRM, chain=True)  # prints where it hangs, then dies
    log = os.open(last_call, os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 300)
    os.dup2(1, 301)
    report = os.fdopen(301, "w", buffering=1)
    used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    targets = [Target(text, text, ()) for text in expressions] or walk()
    end = time.monotonic() + seconds
    seed, calls = int(first), 0
    scope = dict(absurd.SCOPE)
    while seed < first + count or time.monotonic() < end:
        for number, target in enumerate(targets):
            if seed == first and number < start:
                continue
            text = target.call(random.Random(f"{seed} {target.name}"))
            os.ftruncate(300, 0)
            os.pwrite(300, f"{seed} {number} {calls} {text}".encode("utf-8", "backslashreplace"), 0)
            calls += 1
            problem = run(target, text, scope, limit)
            if problem:
                json.dump({"name": target.name, "call": text, "problem": problem}, report)
                report.write("\n")
        tw.set_num_threads(2)
        tw.memory.set_cache_limit(2**24)
        seed += 1
    json.dump({"calls": calls}, report)
    report.write("\n")


if __name__ == "__main__":
    main()
