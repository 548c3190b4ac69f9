"""Layers and networks: from a `LayerCase` to a piece of work."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from . import inference
from .contenders import Contenders, torch
from .work import Work, flat

if TYPE_CHECKING:
    from collections.abc import Callable

    from .layer_cases import LayerCase

# What NumPy does for a class of `nn`, given its weights, without gradients.
NUMPY: dict[str, Callable[..., np.ndarray]] = {
    "Linear": lambda state, x: x @ state["weight"].T + state["bias"],
}


def layer(case: LayerCase) -> Work:
    suffix = {"forward": "", "fused": ", fused", "both": " and back"}[case.passes]
    make = functools.partial(contenders, case)
    costs = {"flops": case.flops, "nbytes": case.nbytes}
    return Work(case.group + suffix, case.name + suffix, make, **costs, goal=case.goal, tolerance=case.tolerance)


def contenders(case: LayerCase) -> Contenders:
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(shape, dtype=np.float32) for shape in case.inputs]
    state = weights(lambda: build(tw, case))
    if case.passes == "both":
        run = functools.partial(there_and_back, case=case, state=state, inputs=inputs)
        calls, left_out = {"tilewright": run(tw)}, {}
    else:
        run = functools.partial(there, case=case, state=state, inputs=inputs)
        calls, left_out = inference.contenders(evaluating(loaded(tw, build(tw, case), state)), inputs)
        calls["tilewright"] = run(tw, fused=case.passes == "fused")
        if case.module in NUMPY:
            calls["numpy"] = functools.partial(NUMPY[case.module], state, *inputs)
    if torch:
        calls["pytorch"] = run(torch)
    return Contenders(calls, run(torch or tw, dtype="float64"), left_out)


def build(library: Any, case: LayerCase) -> Any:
    make = case.module if callable(case.module) else lambda nn, *args: getattr(nn, case.module)(*args)
    return make(library.nn, *case.arguments)


def weights(make: Callable[[], Any]) -> dict[str, np.ndarray]:
    """tilewright's starting weights, drawn with a fixed seed; vectors are moved a little, so that no bias is zero."""
    tw.random.seed(2)
    module = make()
    rng = np.random.default_rng(2)
    state = {name: value.numpy().copy() for name, value in module.state_dict().items()} if stateful(module) else {}
    for value in state.values():
        if value.dtype == np.float32 and value.ndim == 1:
            value += 0.1 * rng.standard_normal(value.shape, dtype=np.float32)
    return state


def stateful(module: Any) -> bool:
    """Whether it is a module, and not a function of the inputs."""
    return hasattr(module, "state_dict")


def evaluating(module: Any) -> Any:
    return module.eval() if stateful(module) else module


def loaded(library: Any, module: Any, state: dict[str, np.ndarray], dtype: str = "float32") -> Any:
    """The module with these weights, in this dtype, in memory of its own."""
    if stateful(module):
        if dtype == "float64":
            module.double()
        module.load_state_dict({name: library.asarray(value.copy()) for name, value in state.items()})
    return module


def tensors(library: Any, arrays: list[np.ndarray], dtype: str) -> list[Any]:
    return [library.asarray(array.astype(dtype)) for array in arrays]


def there(
    library: Any,
    *,
    case: LayerCase,
    state: dict[str, np.ndarray],
    inputs: list[np.ndarray],
    dtype: str = "float32",
    fused: bool = False,
) -> Callable[[], Any]:
    """Inference."""
    module = evaluating(loaded(library, build(library, case), state, dtype))
    xs = tensors(library, inputs, dtype)
    if fused:
        module = tw.nn.fuse(module, *xs)

    def run() -> Any:
        with library.no_grad():
            return module(*xs)

    return run


def there_and_back(
    library: Any, *, case: LayerCase, state: dict[str, np.ndarray], inputs: list[np.ndarray], dtype: str = "float32"
) -> Callable[[], Any]:
    """The (first) result, and its gradient with respect to inputs and parameters for a random cotangent."""
    module = loaded(library, build(library, case), state, dtype)
    xs = tensors(library, inputs, dtype)
    for x in xs:
        x.requires_grad = True
    parameters = dict(module.named_parameters()) if stateful(module) else {}
    leaves = [*xs, *(parameters[name] for name in sorted(parameters))]
    with library.no_grad():
        shape = tuple(flat(module(*xs))[0].shape)
    (g,) = tensors(library, [np.random.default_rng(1).standard_normal(shape, dtype=np.float32)], dtype)

    def run() -> Any:
        for leaf in leaves:
            leaf.grad = None
        y = module(*xs)
        if isinstance(y, tuple):
            y = y[0]
        y.backward(g)
        return [y, *(leaf.grad for leaf in leaves)]

    return run
