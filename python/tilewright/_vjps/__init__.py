"""THE tables: op -> vjp, a file for each family under the name that it has in `_functions/`.

For an op `f(x1, x2, ..; statics)` with result y there is one rule per array input, or None where there is no gradient.
A rule takes the cotangent g of y (c, where an input is called g), then whatever it names: inputs (`x1`), their shapes
and dtypes (`x1_shape`, `x1_dtype`), static parameters, the result `y` (of an op with several, each by its name), and
what the kernel keeps for the rules. Other names are refused when the table is loaded. Only what the rules of the inputs
that want gradients name is kept for backward. Of an op with several results, g is a tuple in their order, with None
where nothing arrived. Of an op on a sequence there is one rule, which gives the cotangents of all entries; shapes and
dtypes (`arrays_shape`) are tuples then. An input that the kernel writes has None for a rule, and none can name it.

Over complex numbers the cotangent of y is dL/dRe(y) + i dL/dIm(y) for a real L, and a rule multiplies it by the
conjugate of the derivative: `COMPLEX_VJPS` has what differs for that. Real operands of complex ops were converted by an
op of their own, `astype`, which gives the real part back.

Where the gradients of several inputs share work, there is a class instead that makes the whole plan: `LinearPlan`.

Rules are written in ops, so that gradients can be differentiated; an op's rule may be another op. `FUSED_VJPS` has
those for where the backward pass is not recorded, which need not be. Where it is, an op's rules in `VJPS` are taken,
or, where it has none, its definition (`composed=`) is differentiated; so it is where an input that wants a gradient has
no rule at all. No rule asks whether the pass is recorded.

The engine undoes broadcasting: a rule may return a cotangent of any shape that its input broadcasts to.
"""

from .._engine.registry import set_table_loader

_FAMILIES = __name__.replace("_vjps", "_functions")


def load(module: str) -> None:
    """Import the table of the family that a module declares; other modules enter their rules themselves."""
    package, _, family = module.rpartition(".")
    if package == _FAMILIES:
        import importlib

        importlib.import_module(f"{__name__}.{family}")


set_table_loader(load)
