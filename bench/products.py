"""Matrix products and linear layers: from `shapes` to pieces of work."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from . import shapes
from .shapes import label
from .work import Work, apply, operands, torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOLERANCES = {"float64": 1e-12, "float32": 1e-4, "complex64": 1e-4, "float16": 1e-2, "bfloat16": 3e-2}


def multiply() -> dict[str, Callable[..., Any]]:
    functions: dict[str, Callable[..., Any]] = {"tilewright": tw.matmul, "numpy": np.matmul}
    if torch:
        functions["pytorch"] = torch.matmul
    return functions


def squares() -> Iterator[Work]:
    for n, with_one, with_more in shapes.SQUARES:
        share = with_one if tw.get_num_threads() == 1 else with_more
        goal = None if share is None else ("peak", share)
        work = apply(multiply(), operands((n, n), (n, n)))
        yield Work("matmul", label("matmul", (n, n, n)), work, flops=2.0 * n**3, goal=goal, tolerance=1e-4)


def products() -> Iterator[Work]:
    for dtype, batch, m, k, n, goal in shapes.PRODUCTS:
        lead = (batch,) if batch > 1 else ()
        args = operands((*lead, m, k), (*lead, k, n), dtype=dtype)
        if dtype == "float16":
            del args["numpy"]  # a loop without a kernel: minutes
        cost: dict[str, Any] = {"flops": 2.0 * batch * m * k * n, "peak": 1.0}
        if dtype == "float64":
            cost["peak"] = 2.0
        if dtype == "complex64":
            cost["flops"] *= 4
        if min(m, n) == 1:
            cost = {"nbytes": 4.0 * k * max(m, n), "reads": True}
        name = label("matmul", (*lead, m, k, n), "" if dtype == "float32" else dtype).strip()
        yield Work("matmul", name, apply(multiply(), args), goal=goal, tolerance=TOLERANCES[dtype], **cost)


def bytes_() -> Iterator[Work]:
    """Products of bytes with sums in int32. NumPy has no kernel for them and is left out."""
    for n in shapes.BYTES:
        rng = np.random.default_rng(0)
        values = [rng.integers(-128, 128, (n, n), np.int8) for _ in range(2)]
        functions = {"tilewright": lambda a, b: tw.matmul(a, b, dtype="int32")}
        args = {"tilewright": [tw.asarray(v) for v in values]}
        if torch:
            functions["pytorch"] = torch._int_mm
            args["pytorch"] = [torch.tensor(v) for v in values]
        yield Work("matmul", label("matmul", (n, n, n), "int8"), apply(functions, args), flops=2.0 * n**3)


def layers() -> Iterator[Work]:
    """Linear layers with bias, without gradients."""
    for m, k, n in shapes.LAYERS:
        args = operands((m, k), (n, k), (n,))
        functions: dict[str, Callable[..., Any]] = {
            "tilewright": without_gradient(tw, tw.nn.functional.linear),
            "numpy": lambda x, w, b: x @ w.T + b,
        }
        if torch:
            functions["pytorch"] = without_gradient(torch, torch.nn.functional.linear)
        cost = 2.0 * m * k * n
        yield Work("linear", label("linear", (m, k, n)), apply(functions, args), flops=cost, tolerance=1e-4)


def without_gradient(library: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        with library.no_grad():
            return function(*args)

    return run


def layers_backward() -> Iterator[Work]:
    """The same through `nn.Linear`, and back to input, weight and bias."""
    for m, k, n in shapes.LAYERS:
        calls = {}
        for name, (x, weight, bias, g) in operands((m, k), (n, k), (n,), (m, n)).items():
            if name != "numpy":
                calls[name] = there_and_back(tw if name == "tilewright" else torch, x, weight, bias, g)
        name = label("linear", (m, k, n), "and back")
        yield Work("linear and back", name, calls, flops=6.0 * m * k * n, tolerance=1e-4)


def there_and_back(library: Any, x: Any, weight: Any, bias: Any, g: Any) -> Callable[[], Any]:
    layer = library.nn.Linear(weight.shape[1], weight.shape[0])
    layer.load_state_dict({"weight": weight, "bias": bias})
    x.requires_grad = True

    def run() -> Any:
        x.grad = layer.weight.grad = layer.bias.grad = None
        layer(x).backward(g)
        return layer.weight.grad

    return run


def sample() -> Iterator[Work]:
    """Products of all sorts of shapes, in the four transpositions."""
    rng = random.Random(shapes.SAMPLE_SEED)
    for _ in range(shapes.SAMPLE_COUNT):
        m, n, k = (rng.choice(shapes.SAMPLE_SIZES) for _ in range(3))
        turned = [rng.random() < 0.5 for _ in range(2)]
        args = operands((k, m) if turned[0] else (m, k), (n, k) if turned[1] else (k, n))
        args = {name: [v.T if t else v for v, t in zip(vs, turned, strict=True)] for name, vs in args.items()}
        name = label("matmul", (m, k, n), "".join("T" if t else "N" for t in turned))
        yield Work("sample", name, apply(multiply(), args), flops=2.0 * m * k * n, tolerance=1e-4)
