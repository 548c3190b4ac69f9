"""The public namespace: every op has a case, a gradient or none by declaration, and a whole docstring; examples run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import warnings
from pathlib import Path

import pytest

import tilewright as tw
from cases import CASES
from cases.opcase import public
from tilewright import _vjps
from tilewright._engine import registry

# All tables of gradients, which are else loaded when they are needed.
for _table in pkgutil.iter_modules(_vjps.__path__, "tilewright._vjps."):
    importlib.import_module(_table.name)

MODULES = sorted(
    name
    for _, name, _ in pkgutil.walk_packages(tw.__path__, "tilewright.")
    if not name.endswith(("__main__", "._core"))
)
# Public modules under `tilewright`, the shortest names first; "" is the package itself.
NAMESPACES = sorted(
    ["", *(name.removeprefix("tilewright.") for name in MODULES if not re.search(r"\._", name))],
    key=lambda name: (name.count(".") + bool(name), name),
)
# Modules whose functions are no ops on arrays: they have tests of their own.
NO_OPS_IN = {
    "autograd", "data", "diagnose", "io", "memory", "models", "nn.init", "nn.utils", "numpy", "optim", "plot",
    "random", "sklearn", "testing", "train",
}  # fmt: skip
# Single functions that are none.
NOT_OPS = {
    # conversion, and memory without contents
    "asarray", "from_dlpack", "empty", "empty_like",
    # random
    "nn.functional.dropout", "nn.functional.dropout1d", "nn.functional.dropout2d", "nn.functional.dropout3d",
    "nn.functional.alpha_dropout", "nn.functional.feature_alpha_dropout", "multinomial",
    # models
    "nn.compress",
    "nn.fuse",
    # autograd
    "no_grad", "enable_grad", "grad", "value_and_grad",
    # dtypes and the machine
    "promote_types", "can_cast", "isdtype", "result_type", "__array_namespace_info__",
    "get_num_threads", "set_num_threads", "show_config", "explain",
}  # fmt: skip


def module_of(space):
    """The module of that name; not by attributes, since `nn.functional.linear` is a function, too."""
    return importlib.import_module(f"tilewright.{space}" if space else "tilewright")


def public_things():
    """Public functions and classes of all public modules by dotted name, each once, under its shortest name."""
    seen = set()
    for space in NAMESPACES:
        module = module_of(space)
        for name in module.__all__:
            thing = getattr(module, name)
            if (inspect.isroutine(thing) or inspect.isclass(thing)) and id(thing) not in seen:
                seen.add(id(thing))
                yield space, f"{space}.{name}" if space else name, thing


OPS = {
    name: thing
    for space, name, thing in public_things()
    if inspect.isroutine(thing)
    and name not in NOT_OPS
    and not any(space == other or space.startswith(f"{other}.") for other in NO_OPS_IN)
}


@pytest.mark.parametrize("space", NAMESPACES)
def test_public_modules_say_what_is_public(space):
    module = module_of(space)
    assert module.__all__ and all(hasattr(module, name) for name in module.__all__)
    assert module.__doc__


def test_every_exception_exists():
    for name in NOT_OPS:
        public(name)
    assert set(NAMESPACES) >= NO_OPS_IN


@pytest.mark.parametrize("name", OPS)
def test_every_op_has_a_case(name):
    tested = {c.name for c in CASES} | {id(public(c.name)) for c in CASES if c.fn is None}
    assert name in tested or id(OPS[name]) in tested, f"{name}: add an OpCase to tests/cases"


def kernels_called_as_ops():
    """Names of the ops that the package declares and that have results."""
    declared = {name for name, module in registry.DECLARED_IN.items() if module.startswith("tilewright.")}
    return sorted(name for name in declared if registry.OPS[name].results)


def test_sources_declare_ops():
    assert len(kernels_called_as_ops()) > 80


@pytest.mark.parametrize("name", kernels_called_as_ops())
def test_every_op_has_a_gradient_or_declares_none(name):
    has, declares = name in registry.VJPS or name in registry.DEFINITIONS, name in registry.NONDIFFERENTIABLE
    assert has or declares, f"{name}: add a rule to VJPS, composed= to the op, or its name to NONDIFFERENTIABLE"
    assert not (has and declares)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.grad == 0 and c.fn is None and c.name in registry.NONDIFFERENTIABLE], ids=str
)
def test_nondifferentiable_ops_cut_the_tape(case):
    x = tw.ones(3, dtype=case.dtypes[0])
    if not x.dtype.is_floating:
        return
    x.requires_grad = True
    assert not case.function(*[x] * len(case.samples[0].args)).requires_grad


def test_nothing_is_left_in_the_table():
    """Every rule belongs to a kernel."""
    assert {name for name in registry.VJPS if not hasattr(tw._core, name)} <= set(kernels_called_as_ops())


# ---- docstrings ------------------------------------------------------------------------------------------------------


def sections(doc: str) -> dict[str, str]:
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(doc), flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


@pytest.mark.parametrize(("name", "thing"), [pytest.param(n, t, id=n) for _, n, t in public_things()])
def test_docstrings_are_whole(name, thing):
    """A summary; each parameter; what comes back; for functions an example."""
    doc = inspect.getdoc(thing)
    assert doc, f"{name} has no docstring"
    parts = sections(doc)
    summary = parts[""].strip().splitlines()[0]
    assert summary.endswith((".", ":")), f"{name}: the summary is one sentence on one line, got {summary!r}"
    is_class = inspect.isclass(thing)
    if is_class and thing.__init__ in (object.__init__, Exception.__init__):
        return
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except ValueError:
        return
    named = [p.name for p in parameters if p.name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    text = parts.get("Parameters", "") + parts.get("Attributes", "")
    heads = {
        n.strip().lstrip("*")
        for line in re.findall(r"^\S.*$", text, re.MULTILINE)
        for n in line.split(":")[0].split(",")
    }
    missing = [p for p in named if p not in heads]
    assert not missing, f"{name}: undocumented parameters {missing}"
    if is_class:
        return
    returns_nothing = inspect.signature(thing).return_annotation in (None, "None")
    assert returns_nothing or {"Returns", "Yields"} & set(parts), f"{name}: no Returns section"
    assert "Examples" in parts, f"{name}: no Examples section"


@pytest.mark.parametrize("name", ["tilewright", *MODULES])
def test_doctests(name, tmp_path, monkeypatch):
    """The examples of every docstring give what they say."""
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    threads = tw.get_num_threads()
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    report: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
            runner.run(test, out=report.append)
    tw.set_num_threads(threads)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


def test_readme_examples():
    """The Python blocks of README.md run and print what they show."""
    readme = Path(__file__).parent.parent / "README.md"
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, {}, "README.md", str(readme), 0)
            report: list[str] = []
            runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
            runner.run(test, out=report.append)
            assert runner.summarize(verbose=False).failed == 0, "".join(report)
        else:
            exec(compile(block, str(readme), "exec"), {})
