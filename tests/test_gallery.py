"""The gallery: its pages run in their quick form and draw, and what is committed is what they say."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

for needed in ("sklearn", "matplotlib"):
    pytest.importorskip(needed)

FOLDER = Path(__file__).parent.parent / "docs" / "gallery"
LONGEST = 80  # lines of code


def load():
    spec = importlib.util.spec_from_file_location("gallery_build", FOLDER / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILD = load()
PAGES = [name for names in BUILD.TOPICS.values() for name in names]


@pytest.fixture(scope="module")
def built(request, tmp_path_factory):
    """The run and the folder that a page is in: every CPU builds a share of the collected ones in one process."""
    asked = [i.callspec.params["name"] for i in request.session.items if i.function is test_runs_and_draws]
    processes = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(processes) as pool:
        runs = {}
        for share in filter(None, (asked[k::processes] for k in range(processes))):
            out = tmp_path_factory.mktemp("gallery")
            command = [sys.executable, FOLDER / "build.py", "--quick", "--out", out, *share]
            done = pool.submit(subprocess.run, command, capture_output=True, text=True, timeout=900)
            runs |= dict.fromkeys(share, (done, out))
        yield runs


@pytest.mark.parametrize("name", PAGES)
def test_runs_and_draws(name, built):
    from matplotlib import image

    done, out = built[name]
    result = done.result()
    made = re.search(rf"^{name}: (\d+) pictures, ([\d.]+) s$", result.stdout, re.M)
    assert made, result.stderr[-3000:]
    pictures = [out / "images" / f"{name}_{k + 1}.png" for k in range(int(made[1]))]
    assert pictures, "a page without a picture"
    for picture in pictures:
        pixels = image.imread(picture)[..., :3]
        assert min(pixels.shape[:2]) >= 200 and pixels.std() > 0.02
    assert f"images/{name}_1.png" in (out / f"{name}.md").read_text()


def told(text):
    """The text and code of a page's Markdown, without what was printed and drawn."""
    return re.sub(r"^```text\n.*?^```\n\n|^!\[[^\n]*\n\n", "", text, flags=re.M | re.S)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_committed_is_of_this_page(name):
    """Text and code; `python docs/gallery/build.py` writes them anew. Its pictures are there."""
    markdown = (FOLDER / f"{name}.md").read_text()
    parts = list(BUILD.cells((FOLDER / f"{name}.py").read_text()))
    written = "\n\n".join(text if kind == "markdown" else f"```python\n{text}\n```" for kind, text in parts)
    assert told(markdown).startswith(written)
    pictures = re.findall(r"\]\(images/(\S+?)\)", markdown)
    assert pictures and all((FOLDER / "images" / picture).exists() for picture in pictures)


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_short(name):
    lines = [
        line
        for kind, text in BUILD.cells((FOLDER / f"{name}.py").read_text())
        if kind == "code"
        for line in text.splitlines()
    ]
    assert len([line for line in lines if line.strip() and not line.lstrip().startswith("#")]) < LONGEST


def test_the_index_lists_every_page():
    assert {path.stem for path in FOLDER.glob("*.py")} == {*PAGES, "build", "shared"}
    assert (FOLDER / "README.md").read_text() == BUILD.index()
    drawn = {re.sub(r"_\d+$", "", path.stem) for path in (FOLDER / "images").glob("*.png")}
    assert drawn == set(PAGES)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (
            '"""# A\n\nb\n"""\n\n# %%\nx = 1\n\n# %% [markdown]\n# c\n# d\n',
            [("markdown", "# A\n\nb"), ("code", "x = 1"), ("markdown", "c\nd")],
        ),
        ('"""# A"""\n', [("markdown", "# A")]),
    ],
)
def test_cells(text, kinds):
    assert list(BUILD.cells(text)) == kinds


def test_an_unknown_page_is_named():
    done = subprocess.run([sys.executable, FOLDER / "build.py", "nothing"], capture_output=True, text=True)
    assert done.returncode == 2 and "no page nothing; there are perceptron" in done.stderr
