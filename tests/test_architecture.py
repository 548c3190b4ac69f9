"""The tree is the architecture: dependencies go one way, files stay short, kernels keep to themselves."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import tilewright as tw
from tilewright import _core

ROOT = Path(__file__).parent.parent
CSRC = ROOT / "csrc"
PACKAGE = ROOT / "python" / "tilewright"
SOURCES = sorted(p for p in CSRC.rglob("*") if p.suffix in (".h", ".cpp", ".cu"))
KERNELS = [p for p in SOURCES if p.is_relative_to(CSRC / "cpu" / "kernels")]
PYTHON = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(p for p in (ROOT / "tests").rglob("*") if p.suffix in (".h", ".cpp", ".py"))

# What each folder of csrc/ may include from. Devices know what they are given, and nothing of each other or of ops/.
MAY_INCLUDE = {
    "core": {"core"},
    "backend": {"backend", "core"},
    "ops": {"ops", "backend", "core"},
    "graph": {"graph", "ops", "backend", "core"},
    "cpu": {"cpu", "backend", "core"},
    "cuda": {"cuda", "backend", "core"},
    "bind": {"bind", "graph", "ops", "backend", "core"},
}
# The module starts the CPU, tells what it is made of, and has it run at its peak.
MAY_INCLUDE_CPU = {"bind/module.cpp": {"cpu/cpu.h", "cpu/dispatch/dispatch.h"}, "bind/probe.cpp": {"cpu/probe.h"}}
# The layers of the Python package, lowest first: each names the modules and packages that stand there, and imports from
# itself and from those below. `tilewright` itself joins them.
LAYERS = [
    {"_core"},
    {"_engine", "_tensor", "memory"},
    {"_functions", "_vjps"},
    {"_sampling", "autograd", "fft", "linalg", "numpy", "random", "testing"},
    {"nn"},
    {"data", "io", "optim"},
    {"models"},
    {"diagnose", "plot", "sklearn", "train"},
]
# They import libraries that import NumPy, and nothing else imports them.
ON_LIBRARIES = {"plot", "sklearn"}


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_includes_point_one_way(path):
    own = path.relative_to(CSRC)
    for header in includes(path):
        target = header.split("/")[0]
        if target not in MAY_INCLUDE or header in MAY_INCLUDE_CPU.get(str(own), ()):
            continue
        assert target in MAY_INCLUDE[own.parts[0]], f"{relative(path)} must not include {header}"


@pytest.mark.parametrize("path", KERNELS, ids=relative)
def test_kernels_include_no_standard_headers(path):
    """Inline functions of a standard header, compiled for AVX-512, could be the ones that the linker keeps for all."""
    for header in includes(path):
        known = header in ("core/dtype.h", "core/half.h", "immintrin.h") or header.startswith("cpu/kernels/")
        assert known or re.fullmatch(r"backend/\w+_problem\.h", header), f"{relative(path)} includes <{header}>"


@pytest.mark.parametrize("path", sorted((CSRC / "backend").glob("*_problem.h")), ids=relative)
def test_what_kernels_see_of_a_problem_is_plain(path):
    for header in includes(path):
        assert header == "core/dtype.h" or re.fullmatch(r"backend/\w+_problem\.h", header), relative(path)


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name not in ("parallel.cpp", "parallel.h")], ids=relative)
def test_only_parallel_knows_openmp(path):
    text = path.read_text()
    assert "omp.h" not in includes(path)
    assert not re.search(r"#\s*pragma\s+omp|_Pragma\(\"omp|\bomp_\w+\(|std::thread\b", text)


@pytest.mark.parametrize("path", [*SOURCES, *PYTHON, *TESTS], ids=relative)
def test_files_are_short(path):
    text = path.read_text()
    if path.is_relative_to(PACKAGE):  # docstrings are reference text, not code to follow
        text = without_docstrings(text)
    assert text.count("\n") <= 520, f"{relative(path)} has {text.count(chr(10))} lines; split it"


def without_docstrings(text: str) -> str:
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            doc = node.body[0]
            for i in range(doc.lineno - 1, doc.end_lineno):
                lines[i] = ""
    return "".join(lines)


def test_nothing_is_built_for_the_building_machine():
    for path in [ROOT / "CMakeLists.txt", ROOT / "csrc/CMakeLists.txt", ROOT / "pyproject.toml", *SOURCES]:
        assert not re.search(r"march=native|-mtune=native|-ffast-math|-Ofast|-flto", path.read_text()), relative(path)


# ---- Python ----------------------------------------------------------------------------------------------------------


def name_of(path: Path) -> str:
    """Of a module under `tilewright`; "" for the package itself."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


def layer(module: str) -> int:
    """Rank of a module, by the first part of its name."""
    if not module:
        return len(LAYERS)
    ranks = [rank for rank, members in enumerate(LAYERS) if module.split(".")[0] in members]
    assert ranks, f"no layer names tilewright.{module}: enter it in LAYERS"
    return ranks[0]


def resolved(name: str, package: str) -> str | None:
    """The name under `tilewright` of what `import name` finds in a package there; None for other packages."""
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return name.removeprefix("tilewright").removeprefix(".") if name.split(".")[0] == "tilewright" else None
    parents = package.split(".") if package else []
    return ".".join([*parents[: len(parents) - (dots - 1)], *filter(None, [name[dots:]])])


def beginning(expression: ast.expr, own: str) -> str:
    """The string that an expression gives, up to the last whole part of a module's name that can be read."""
    if isinstance(expression, ast.Constant):
        return expression.value
    text = ""
    for part in getattr(expression, "values", ()):
        if isinstance(part, ast.Constant):
            text += part.value
        elif isinstance(part, ast.FormattedValue) and ast.unparse(part.value) == "__name__":
            text += f"tilewright.{own}".rstrip(".")
        else:
            text = text.rpartition(".")[0]
            break
    assert text, f"tilewright.{own} imports {ast.unparse(expression)}, which cannot be read here"
    return text


def imports(path: Path) -> list[str]:
    """Modules of the package that one imports: at once, inside functions and by string; not for type checkers."""
    own = name_of(path)
    package = own if path.name == "__init__.py" else own.rpartition(".")[0]
    found: list[str | None] = []
    for node in running(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = resolved("." * node.level + (node.module or ""), package)
            found += [base] if node.module else [f"{base}.{alias.name}".lstrip(".") for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [resolved(alias.name, package) for alias in node.names]
        elif isinstance(node, ast.Call) and re.search(r"\b(import_module|__import__)$", ast.unparse(node.func)):
            found.append(resolved(beginning(node.args[0], own), package))
    return [module for module in found if module is not None]


def running(tree: ast.AST):
    """The nodes that run: all but those under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from running(node)


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_imports_point_one_way(path):
    own = name_of(path)
    for module in imports(path):
        assert layer(module) <= layer(own), (
            f"{relative(path)} (layer {layer(own)}) imports {module} (layer {layer(module)})"
        )


def test_what_is_loaded_late_has_a_layer():
    assert all(layer(name) < len(LAYERS) for name in tw._LAZY)


SAMPLE = """
from __future__ import annotations
from typing import TYPE_CHECKING
import numpy, tilewright.memory
from . import near
from .. import random, _core as core
from ..nn.module import Module
if TYPE_CHECKING:
    from .. import optim
def f(name):
    from .._functions import arithmetic
    import importlib
    importlib.import_module("tilewright.data")
    importlib.import_module(f"{__name__}.{name}")
    __import__("..io", 1)
"""


def test_every_kind_of_import_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("test_architecture.PACKAGE", tmp_path)
    path = tmp_path / "some" / "module.py"
    path.parent.mkdir()
    path.write_text(SAMPLE)
    assert imports(path) == [
        *("memory", "some.near", "random", "_core", "nn.module", "_functions", "data", "some.module", "io")
    ]
    path.write_text("import importlib\nfor name in dir(): importlib.import_module(name)")
    with pytest.raises(AssertionError, match=r"tilewright.some.module imports name, which cannot be read here"):
        imports(path)
    with pytest.raises(AssertionError, match=r"no layer names tilewright.some.module"):
        layer(name_of(path))


ALONE = """
import importlib, pkgutil, sys, types

package = types.ModuleType("tilewright")  # without what its __init__.py imports
package.__path__ = sys.argv[2:]
sys.modules["tilewright"] = package
name = f"tilewright.{sys.argv[1]}"
module = importlib.import_module(name)
for _, below, _ in pkgutil.walk_packages(getattr(module, "__path__", []), f"{name}."):
    importlib.import_module(below)
print(*(name.removeprefix("tilewright.") for name in sys.modules if name.startswith("tilewright.")))
"""


@pytest.mark.parametrize("name", [name for members in LAYERS for name in sorted(members)])
def test_each_layer_alone_loads_nothing_above_it(name, python):
    done = python(ALONE, name, *tw.__path__)
    assert done.returncode == 0, done.stderr
    above = [module for module in done.stdout.split() if layer(module) > layer(name)]
    assert name in done.stdout.split() and not above, f"tilewright.{name} loads {above}"


@pytest.mark.parametrize(
    "path", [path for path in PYTHON if name_of(path).split(".")[0] not in ON_LIBRARIES], ids=relative
)
def test_numpy_is_not_imported_with_the_package(path):
    for node in ast.parse(path.read_text()).body:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None) or ""]
        assert not any(n.split(".")[0] in ("numpy", "torch", "safetensors") for n in names), relative(path)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=relative)
def test_examples_use_only_the_public_api(path):
    assert not re.search(r"tw\._\w|tilewright\._|from tilewright import _", path.read_text())


# ---- the built library -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("nm") is None, reason="nm is not installed")
def test_kernels_export_nothing_weak():
    """Looks at the kernels' objects where a build tree is at hand: weak symbols belong to the level's namespace."""
    tree = Path(os.environ.get("TILEWRIGHT_BUILD_DIR", ROOT / "build"))
    objects = sorted(tree.rglob("*.o"))
    checked = 0
    for path in objects:
        level = re.search(r"tw_kernels_(\w+)\.dir", str(path))
        if not level:
            continue
        checked += 1
        listing = subprocess.run(["nm", "-C", str(path)], capture_output=True, text=True, check=True).stdout
        weak = [line[19:] for line in listing.splitlines() if line[17:18] in "WVuwv" and line[17:18].strip()]
        foreign = [name for name in weak if f"tw::{level[1]}::" not in name]
        assert not foreign, f"{path.name}: weak symbols outside tw::{level[1]}: {foreign}"
    if not checked:
        pytest.skip("no build tree with the kernels' objects")


@pytest.mark.skipif(shutil.which("nm") is None, reason="nm is not installed")
def test_the_module_exports_only_its_entry():
    """No symbol of ours, or of a template of the standard library, can be taken for another library's."""
    path = _core.__file__
    listing = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    assert {line.split()[-1] for line in listing.splitlines()} == {"PyInit__core"}


def test_no_static_constructors_in_kernels():
    for path in KERNELS:
        assert "__attribute__((constructor" not in path.read_text()
