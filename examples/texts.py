"""Text that comes with Python: its licence, and the docstrings of its standard library."""

import ast
import os
import pathlib
import sys
import warnings

import tilewright as tw

LIBRARY = pathlib.Path(os.__file__).parent
LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "site-packages", "__phello__", "pydoc_data"}


def licence():
    """Where `license()` looks for it; "" where a distribution leaves it out."""
    for folder in (LIBRARY.parent, LIBRARY):
        for name in ("LICENSE.txt", "LICENSE"):
            if (folder / name).is_file():
                return (folder / name).read_text(encoding="utf-8", errors="replace")
    return ""


def sources():
    """Files of the standard library, in order of their modules' names."""
    for module in sorted(sys.stdlib_module_names - LEFT_OUT):
        if (LIBRARY / f"{module}.py").is_file():
            yield LIBRARY / f"{module}.py"
        for path in sorted((LIBRARY / module).rglob("*.py")):
            if not LEFT_OUT.intersection(path.relative_to(LIBRARY).parts):
                yield path


def docstrings(characters):
    """Names and texts of different docstrings, in order, until there are so many characters. No module is imported."""
    seen, total = set(), 0
    for path in sources():
        module = ".".join(path.relative_to(LIBRARY).with_suffix("").parts).removesuffix(".__init__")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the library's sources may hold
            tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                continue
            text = (ast.get_docstring(node) or "").strip()
            if text.isascii() and text not in seen and text:
                seen.add(text)
                total += len(text)
                yield f"{module}.{node.name}" if hasattr(node, "name") else module, text
        if total >= characters:
            return


def load(characters):
    """The vocabulary, and training and validation text as numbers: every tenth docstring is for validation."""
    found = [text for _, text in docstrings(characters)]
    training = "\n\n".join([licence(), *[text for i, text in enumerate(found) if i % 10]])
    validation = "\n\n".join(found[::10])
    vocabulary = tw.data.text.Vocabulary(training, unknown="\N{REPLACEMENT CHARACTER}")
    return vocabulary, vocabulary.encode(training), vocabulary.encode(validation)
