"""Builds the gallery: runs each page, and writes its text, code, output and pictures as Markdown.

A page is a Python file in the percent format, which editors and Jupyter open as a notebook: a docstring with the title
and what the page is about, then cells of code (`# %%`) and of text (`# %% [markdown]`, each line a comment). Figures
that a cell leaves open become pictures below it. TOPICS lists the pages in the order of the index.

python docs/gallery/build.py             all pages and the index, in place
python docs/gallery/build.py perceptron  one page
"""

import argparse
import contextlib
import io
import os
import re
import sys
import time
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

FOLDER = Path(__file__).parent
TOPICS = {
    "First neurons": ("perceptron", "linear_regression", "logistic_regression", "mlp_xor", "backpropagation"),
    "Parts of a network": ("activations", "losses", "initialisation", "batch_norm", "residuals"),
    "Optimisation": (
        "gradient_descent",
        "momentum_to_adam",
        "second_order",
        "schedules",
        "optimiser_paths",
        "weight_symmetry",
    ),
    "Generalisation": (
        "overfitting",
        "regularisation",
        "dropout",
        "early_stopping",
        "augmentation",
        "adversarial",
        "hyperparameter_search",
        "double_descent",
        "against_svm",
    ),
    "Images": ("convolution", "cnn_digits", "what_cnns_see"),
    "Sequences": ("recurrent", "truncated_bptt", "language_models", "word_embeddings", "seq2seq_attention"),
    "Transformers": ("transformer", "bert_gpt", "linear_attention"),
    "Without labels, with spikes, by reward": ("pretraining", "spiking", "kinds_of_learning"),
}
WIDTH, DPI = 100, 80  # characters of a line of output; dots per inch of a picture


def cells(source):
    """Kind ("markdown" or "code") and text of each cell of a page."""
    head, *rest = re.split(r"^# %%", source, flags=re.M)
    yield "markdown", head.strip().strip('"').strip()
    for cell in rest:
        marker, _, body = cell.partition("\n")
        if marker.strip() == "[markdown]":
            yield "markdown", re.sub(r"^# ?", "", body, flags=re.M).strip()
        else:
            yield "code", body.strip()


def title(name):
    return next(cells((FOLDER / f"{name}.py").read_text()))[1].splitlines()[0].lstrip("# ")


def run(code, name, line, namespace):
    """What the cell prints; the lines of its traceback are those of the page."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * line + code, FOLDER / f"{name}.py", "exec"), namespace)
    return printed.getvalue().rstrip()


def build(name, out):
    """Run a page; its Markdown, and how many pictures it has, which lie in `out`."""
    source = (FOLDER / f"{name}.py").read_text()
    namespace, parts, pictures = {"__name__": "__main__"}, [], 0
    for kind, text in cells(source):
        if kind == "markdown":
            parts.append(text)
            continue
        printed = run(text, name, source[: source.index(text)].count("\n"), namespace)
        parts.append(f"```python\n{text}\n```")
        if printed:
            parts.append(f"```text\n{printed}\n```")
        for number in plt.get_fignums():
            pictures += 1
            picture = f"{name}_{pictures}.png"
            plt.figure(number).savefig(out / "images" / picture, dpi=DPI, bbox_inches="tight")
            parts.append(f"![{title(name)}, picture {pictures}](images/{picture})")
        plt.close("all")
    parts.append(f"[The page as a script]({name}.py). [All pages](README.md).")
    return "\n\n".join(parts) + "\n", pictures


def index():
    lines = [
        "# Gallery",
        "One page for each topic of a course on neural networks: what it is about, code that runs, and what it draws. "
        "`python docs/gallery/build.py` runs all pages and writes them anew; it needs the extra `examples`. The last "
        "digits of the numbers depend on the level of the kernels.",
    ]
    for topic, names in TOPICS.items():
        lines += [f"## {topic}", "\n".join(f"- [{title(name)}]({name}.md)" for name in names)]
    return "\n\n".join(lines) + "\n"


def main():
    pages = [name for names in TOPICS.values() for name in names]
    parser = argparse.ArgumentParser(description="Runs the pages of the gallery and writes them as Markdown.")
    parser.add_argument("pages", nargs="*", metavar="page", help="all of them where none is named")
    parser.add_argument("--quick", action="store_true", help="runs of seconds, to see that the pages work")
    parser.add_argument("--out", type=Path, default=FOLDER, help="directory for the Markdown and the pictures")
    args = parser.parse_args()
    if unknown := [name for name in args.pages if name not in pages]:
        parser.error(f"no page {', '.join(unknown)}; there are {', '.join(pages)}")
    os.environ["GALLERY_QUICK"] = "1" if args.quick else ""
    sys.path.insert(0, str(FOLDER))  # beside the pages is what they share
    (args.out / "images").mkdir(parents=True, exist_ok=True)
    for name in args.pages or pages:
        start = time.perf_counter()
        text, pictures = build(name, args.out)
        (args.out / f"{name}.md").write_text(text)
        print(f"{name}: {pictures} pictures, {time.perf_counter() - start:.1f} s", flush=True)
    if not args.pages:
        (args.out / "README.md").write_text(index())


if __name__ == "__main__":
    main()
