"""Vectors of words from Python's own documentation (GloVe): neighbours, a picture, and docstrings found by first lines.

GloVe: J. Pennington, R. Socher, C. Manning, GloVe: Global Vectors for Word Representation, EMNLP 2014.
tf-idf: G. Salton, C. Buckley, Term-weighting Approaches in Automatic Text Retrieval, 1988.

python examples/word_vectors.py
"""

import common
import texts
from tqdm import tqdm

import tilewright as tw

WORDS = {  # those of the picture, by subject
    "files": ("file", "path", "directory", "filename", "folder", "stream", "open", "read", "write"),
    "networks": ("socket", "server", "client", "address", "port", "host", "connection", "http", "url"),
    "numbers": ("integer", "float", "decimal", "number", "digits", "fraction", "exponent", "infinity"),
    "text": ("string", "text", "character", "characters", "bytes", "encoding", "unicode", "line"),
    "threads": ("thread", "threads", "lock", "process", "event", "queue", "task", "loop"),
    "containers": ("list", "tuple", "dict", "dictionary", "mapping", "sequence", "set", "key"),
}
NEAREST = ("file", "server", "integer", "string", "thread", "list", "raises", "returns")


def arguments():
    parser = common.options(__doc__, "word_vectors.png")
    common.add_quick(parser)
    parser.add_argument("--characters", type=common.count, default=1_600_000, help="of docstrings")
    parser.add_argument("--dim", type=common.count, default=64, help="length of the vectors")
    parser.add_argument("--window", type=common.count, default=8, help="words to each side")
    parser.add_argument("--epochs", type=common.count, default=15, help="passes through the pairs of words")
    args = common.read(parser)
    args.batch = 2048
    if args.quick:
        args.characters, args.dim, args.window, args.epochs, args.batch = 150_000, 24, 5, 4, 512
    return args


def train(args, texts, size):
    """Vectors of words, (V, dim)."""
    pairs = tw.models.cooccurrences(*texts, vocab_size=size, window=args.window)
    model = tw.models.GloVe(size, args.dim, x_max=30)
    with tqdm(range(args.epochs), unit="epoch", desc=f"{len(pairs.counts):,} pairs", leave=False) as bar:
        for _ in bar:
            (loss,) = model.fit(pairs, 1, lr=0.1, batch_size=args.batch)
            bar.set_postfix(loss=f"{loss:.4f}")
    print(f"GloVe: {len(pairs.counts):,} pairs, loss {loss:.4f}")
    return model


def rows_of_length_one(x):
    return x / tw.maximum(tw.sqrt((x**2).sum(axis=1, keepdims=True)), 1e-12)


def counted(texts, size):
    """How often each word is in each text: (N, V)."""
    counts = [tw.scatter_add(tw.zeros(size), 0, text, tw.ones(text.size)) for text in texts]
    return tw.concatenate([row[None] for row in counts])


def search(vectors, queries, documents):
    """For each method the similarities of queries and documents, (Q, D)."""
    size = len(vectors)
    of_queries, of_documents = counted(queries, size), counted(documents, size)
    idf = tw.log((1 + len(documents)) / (1 + (of_documents > 0).astype("float32").sum(axis=0)))
    directions = rows_of_length_one(vectors - vectors.mean(axis=0))
    ways = {
        "words in common": lambda counts: (counts > 0).astype("float32"),
        "tf-idf": lambda counts: tw.log1p(counts) * idf,
        "mean vector": lambda counts: counts @ directions,
        "mean vector by idf": lambda counts: (counts * idf) @ directions,
    }
    return {
        name: rows_of_length_one(way(of_queries)) @ rows_of_length_one(way(of_documents)).T
        for name, way in ways.items()
    }


def summaries(vocabulary, docstrings, at_most):
    """Docstrings whose first line says something and is followed by more: names, first lines, the rest."""
    found = []
    for name, text in docstrings:
        first, _, rest = text.partition("\n")
        query, document = (words_of(vocabulary, part) for part in (first, rest))
        if query.size >= 4 and document.size >= 20:
            found.append((name, query, document))
    return list(zip(*found[:: -(-len(found) // at_most)]))


def words_of(vocabulary, text):
    """The numbers of the words of a text that are in the vocabulary."""
    return vocabulary.encode([word for word in tw.data.text.words(text, lower=True) if word in vocabulary])


def ranks(similarities):
    """How many documents come before the right one, query by query."""
    right = tw.take_along_axis(similarities, tw.arange(len(similarities))[:, None], axis=1)
    return (similarities > right).sum(axis=1)


def plot(args, vocabulary, model):
    """The words' vectors on the two axes along which they vary most."""
    figure = common.make_figure(9, 7)
    axes = figure.subplots()
    groups = {subject: [word for word in words if word in vocabulary] for subject, words in WORDS.items()}
    chosen = [word for words in groups.values() for word in words]
    vectors = rows_of_length_one(model.vectors[vocabulary.encode(chosen)])
    subjects = [subject for subject, words in groups.items() for _ in words]
    tw.plot.embeddings(vectors, subjects, axes, names=chosen)
    axes.set_title("GloVe on the docstrings of Python's standard library, two principal axes")
    common.save(figure, args, "word_vectors.png")


def main():
    args = arguments()
    docstrings = list(texts.docstrings(args.characters))
    words = [tw.data.text.words(text, lower=True) for _, text in docstrings]
    vocabulary = tw.data.text.Vocabulary(
        [word for text in words for word in text if word.isalpha()], min_count=3 if args.quick else 8
    )
    print(f"{len(docstrings):,} docstrings, {sum(map(len, words)):,} words, {len(vocabulary):,} different ones kept")
    model = train(args, [words_of(vocabulary, text) for _, text in docstrings], len(vocabulary))

    print("\nnearest words")
    for word in NEAREST:
        if word in vocabulary:
            numbers, cosines = model.nearest(vocabulary[word], 6)
            near = (f"{other} {cosine:.2f}" for other, cosine in zip(vocabulary.decode(numbers), cosines.tolist()))
            print(f"{word:10}", ", ".join(near))

    names, queries, documents = summaries(vocabulary, docstrings, 100 if args.quick else 1000)
    print(f"\nwhich of {len(names)} docstrings a first line belongs to: the right one is among the first")
    print(f"{'':20}", *(f"{n:6}" for n in (1, 5, 10)))
    for name, similarities in search(model.vectors, queries, documents).items():
        before = ranks(similarities)
        print(f"{name:20}", *(f"{(before < n).mean().item():6.1%}" for n in (1, 5, 10)))
    plot(args, vocabulary, model)


if __name__ == "__main__":
    main()
