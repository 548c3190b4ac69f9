"""The tree is the architecture: dependencies go one way, files stay short, kernels keep to themselves."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tilewright import _core

ROOT = Path(__file__).parent.parent
CSRC = ROOT / "csrc"
PACKAGE = ROOT / "python" / "tilewright"
SOURCES = sorted(p for p in CSRC.rglob("*") if p.suffix in (".h", ".cpp", ".cu"))
KERNELS = [p for p in SOURCES if p.is_relative_to(CSRC / "kernels")]
PYTHON = sorted(PACKAGE.rglob("*.py"))

# What each folder of csrc/ may include from. core/ and kernels/ stand side by side: kernels see only core's dtypes.
MAY_INCLUDE = {
    "core": {"core"},
    "kernels": {"kernels"},
    "dispatch": {"dispatch", "kernels", "core"},
    "cuda": {"cuda", "kernels", "core"},
    "ops": {"ops", "dispatch", "cuda", "kernels", "core"},
    "bind": {"bind", "ops", "dispatch", "kernels", "core"},
}
# The layers of the Python package, lowest first. A module belongs to the first entry that names it.
LAYERS = [
    ("_core",),
    ("_engine", "_tensor", "memory"),
    ("_functions", "_vjps"),
    ("random", "autograd", "testing", "linalg", "fft"),
    ("nn",),
    ("optim", "data", "io"),
    ("models",),
]


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_includes_point_one_way(path):
    folder = path.relative_to(CSRC).parts[0]
    for header in includes(path):
        target = header.split("/")[0]
        if target not in MAY_INCLUDE or header == "core/dtype.h":
            continue
        assert target in MAY_INCLUDE[folder], f"{relative(path)} must not include {header}"


@pytest.mark.parametrize("path", KERNELS, ids=relative)
def test_kernels_include_no_standard_headers(path):
    """Inline functions of a standard header, compiled for AVX-512, could be the ones that the linker keeps for all."""
    for header in includes(path):
        known = header == "core/dtype.h" or header.startswith("kernels/") or header == "immintrin.h"
        assert known, f"{relative(path)} includes <{header}>"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name not in ("parallel.cpp", "parallel.h")], ids=relative)
def test_only_parallel_knows_openmp(path):
    text = path.read_text()
    assert "omp.h" not in includes(path)
    assert not re.search(r"#\s*pragma\s+omp|_Pragma\(\"omp|\bomp_\w+\(|std::thread\b", text)


@pytest.mark.parametrize("path", [*SOURCES, *PYTHON, *sorted((ROOT / "tests").rglob("*.cpp"))], ids=relative)
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
    for path in [ROOT / "CMakeLists.txt", ROOT / "pyproject.toml", *SOURCES]:
        assert not re.search(r"march=native|-mtune=native|-ffast-math|-Ofast|-flto", path.read_text()), relative(path)


# ---- Python ----------------------------------------------------------------------------------------------------------


def layer(module: str) -> int:
    """Rank of a module of the package, by the first part of its name under it."""
    head = module.split(".")[0]
    for rank, members in enumerate(LAYERS):
        if head in members:
            return rank
    raise AssertionError(f"LAYERS does not name {module}")


def imports(path: Path) -> list[str]:
    """Modules of the package that are imported when this one is; not those inside functions or for type checkers."""
    package = list(path.relative_to(PACKAGE).parent.parts)
    found = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - (node.level - 1)]
            if node.module:
                found.append(".".join([*base, node.module]))
            else:
                found += [".".join([*base, alias.name]) for alias in node.names]
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            found += [n.removeprefix("tilewright").removeprefix(".") for n in names if n.split(".")[0] == "tilewright"]
    return found


@pytest.mark.parametrize("path", [p for p in PYTHON if p != PACKAGE / "__init__.py"], ids=relative)
def test_imports_point_one_way(path):
    own = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
    for module in imports(path):
        if module:
            assert layer(module) <= layer(own), (
                f"{relative(path)} (layer {layer(own)}) imports {module} (layer {layer(module)})"
            )


@pytest.mark.parametrize("path", PYTHON, ids=relative)
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
