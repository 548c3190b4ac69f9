"""Vocabularies, tokens, and what language models read."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import tilewright as tw
from tilewright.data import DataLoader, Subset, random_split
from tilewright.data.text import TextStreams, TextWindows, Vocabulary, characters, words

# ---- tokens ----------------------------------------------------------------------------------------------------------


def test_characters_keep_everything():
    text = "Ça va?\n\tOui — 3²."
    assert characters(text) == list(text) and "".join(characters(text)) == text
    assert characters("") == []


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        (" \n", []),
        ("Hello, world", ["Hello", ",", "world"]),
        ("don't 'quote' it", ["don't", "'", "quote", "'", "it"]),
        ("l’eau", ["l’eau"]),
        ("well-known", ["well", "-", "known"]),
        ("a_b 12.5", ["a_b", "12", ".", "5"]),
        ("Où, здесь", ["Où", ",", "здесь"]),
        ("<eos>", ["<", "eos", ">"]),
        ("...", [".", ".", "."]),
    ],
)
def test_words(text, tokens):
    assert words(text) == tokens
    assert words(text, lower=True) == [token.lower() for token in tokens]


@pytest.mark.parametrize("function", [characters, words])
def test_only_text_is_cut(function):
    with pytest.raises(TypeError, match=rf"{function.__name__}: text is a bytes, but must be a str"):
        function(b"abc")


# ---- vocabulary ------------------------------------------------------------------------------------------------------


def test_order_is_by_count_then_first_appearance():
    assert Vocabulary("cabbac").tokens == ["c", "a", "b"]
    assert Vocabulary("bbaacc" * 3 + "d").tokens == ["b", "a", "c", "d"]
    rng = np.random.default_rng(0)
    text = [f"w{i}" for i in rng.zipf(1.5, 2000)]
    expected = sorted(set(text), key=lambda token: (-text.count(token), text.index(token)))
    assert Vocabulary(text).tokens == expected == Vocabulary(iter(text)).tokens


def test_specials_come_first_and_are_not_counted():
    made = Vocabulary(["a", "<pad>", "b", "b", "<pad>", "<pad>"], specials=["<pad>", "<eos>"], unknown="<unk>")
    assert made.tokens == ["<unk>", "<pad>", "<eos>", "b", "a"]
    assert Vocabulary("ab", specials=["<pad>", "<unk>"], unknown="<unk>").tokens == ["<pad>", "<unk>", "a", "b"]
    assert Vocabulary("abc", unknown="b").tokens == ["b", "a", "c"]


def test_rare_tokens_are_left_out():
    text = "aaaabbbccd"
    assert Vocabulary(text, min_count=2).tokens == ["a", "b", "c"]
    assert Vocabulary(text, max_size=2).tokens == ["a", "b"]
    assert Vocabulary(text, ["<s>"], "<u>", max_size=3, min_count=4).tokens == ["<u>", "<s>", "a"]
    assert Vocabulary(text, ["<s>"], max_size=1).tokens == ["<s>"]
    assert Vocabulary("").tokens == [] and len(Vocabulary("")) == 0


def test_encode_and_decode():
    made = Vocabulary("hello world", unknown="?")
    numbers = made.encode("hold")
    assert numbers.dtype == tw.int64 and numbers.tolist() == [made["h"], made["o"], made["l"], made["d"]]
    assert (
        made.decode(numbers) == list("hold") == made.decode(np.asarray(numbers, "uint8")) == made.decode(list(numbers))
    )
    assert made.decode(made.encode(["x", "h"])) == ["?", "h"] and made["x"] == 0
    assert made.encode([]).shape == (0,) and made.encode([]).dtype == tw.int64 and made.decode([]) == []
    assert "h" in made and "x" not in made and 3 not in made
    assert list(made) == made.tokens and len(made) == 9


def test_unknown_tokens_are_errors_without_a_token_for_them():
    made = Vocabulary(["a", "b"])
    with pytest.raises(ValueError, match=r"Vocabulary.encode: 'c' is not in the vocabulary; give it an unknown token"):
        made.encode(["a", "c", "d"])
    with pytest.raises(ValueError, match="Vocabulary: 'c' is not in the vocabulary"):
        made["c"]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Vocabulary([["a", "b"]]), TypeError, "an entry of tokens is a list, .* a str; chain the tokens"),
        (lambda: Vocabulary(3), TypeError, "tokens is 3, but must be a str or an iterable of str"),
        (lambda: Vocabulary(b"ab"), TypeError, "tokens is a bytes, but must be"),
        (lambda: Vocabulary("a", ["<s>", "<s>"]), ValueError, "the token '<s>' is there twice"),
        (lambda: Vocabulary("a", [1]), TypeError, "an entry of specials is 1"),
        (lambda: Vocabulary("a", unknown=1), TypeError, "unknown is 1, but must be a str or None"),
        (lambda: Vocabulary("a", min_count=0), ValueError, "min_count is 0, but must be at least 1"),
        (lambda: Vocabulary("a", ["<s>", "<t>"], max_size=1), ValueError, "max_size is 1, but there are 2 special"),
        (lambda: Vocabulary("ab").encode([1]), TypeError, "Vocabulary.encode: an entry of tokens is 1"),
        (lambda: Vocabulary("ab").decode([0, 2]), ValueError, "Vocabulary.decode: got 2, .* numbers below 2"),
        (lambda: Vocabulary("ab").decode([-1]), ValueError, "Vocabulary.decode: got -1"),
        (lambda: Vocabulary("ab").decode([[0]]), ValueError, r"indices have shape \(1, 1\), but must be 1-D"),
        (lambda: Vocabulary("ab").decode([0.0]), TypeError, "indices have dtype float32, but must be integers"),
        (lambda: Vocabulary("ab")[0], TypeError, "Vocabulary: token is 0, but must be a str"),
    ],
)
def test_what_a_vocabulary_refuses(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_saved_as_plain_json(tmp_path):
    path = tmp_path / "words.json"
    made = Vocabulary(["é", "\n", '"', "\ud800", "a b"], ["<pad>"], "<unk>")
    made.save(path)
    assert json.loads(path.read_text()) == {"tokens": made.tokens, "unknown": "<unk>"}
    back = Vocabulary.load(path)
    assert back == made and back["é"] == made["é"] and back["zz"] == 0
    Vocabulary("ab").save(path)
    assert Vocabulary.load(path).unknown is None != back and [p.name for p in tmp_path.iterdir()] == ["words.json"]


def test_what_is_no_vocabulary_does_not_load(tmp_path):
    path = tmp_path / "bad.json"
    for text in ("", "[1, 2]", '{"tokens": [1]}', '{"tokens": "ab"}', "{}", "[" * 100_000, '{"tokens": ["a"]', "\xff"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(ValueError, match=r"Vocabulary.load: .*bad.json' is not JSON of the form"):
            Vocabulary.load(path)
    path.write_text('{"tokens": ["a", "a"], "unknown": null}')
    with pytest.raises(ValueError, match="'a' is there twice"):
        Vocabulary.load(path)
    for unknown in ('"b"', "1", "[]"):
        path.write_text(f'{{"tokens": ["a"], "unknown": {unknown}}}')
        with pytest.raises(ValueError, match="which is not among its tokens"):
            Vocabulary.load(path)
    with pytest.raises(FileNotFoundError):
        Vocabulary.load(tmp_path / "none.json")
    with pytest.raises(TypeError, match=r"Vocabulary.load: path is 3"):
        Vocabulary.load(3)
    with pytest.raises(IsADirectoryError, match=r"Vocabulary.save"):
        Vocabulary("a").save(tmp_path)


# ---- windows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "length", "stride"), [(10, 3, None), (10, 3, 1), (10, 3, 5), (4, 3, None), (20, 1, 2)])
@pytest.mark.parametrize("batch_first", [False, True])
def test_windows(n, length, stride, batch_first):
    text = np.random.default_rng(0).integers(0, 50, n)
    windows = TextWindows(text, length, stride, batch_first=batch_first)
    starts = list(range(0, n - length, stride or length))
    assert len(windows) == len(starts)
    for i, start in enumerate(starts):
        inputs, targets = windows[i]
        assert inputs.tolist() == text[start : start + length].tolist()
        assert targets.tolist() == text[start + 1 : start + length + 1].tolist()
    for index in (slice(None), tw.arange(len(starts)), [len(starts) - 1, 0]):
        inputs, targets = (np.asarray(t) if batch_first else np.asarray(t).T for t in windows[index])
        chosen = np.asarray(starts)[np.asarray(index) if not isinstance(index, slice) else index]
        assert (inputs == text[chosen[:, None] + np.arange(length)]).all()
        assert (targets == text[chosen[:, None] + np.arange(length) + 1]).all()
    assert windows[-1][1].tolist() == text[starts[-1] + 1 :][:length].tolist()
    with pytest.raises(IndexError):
        windows[len(starts)]


def test_windows_are_shuffled_by_the_loader():
    windows = TextWindows(tw.arange(101), 5)
    loader = DataLoader(windows, batch_size=6, shuffle=True, generator=tw.random.Generator(0))
    firsts = [inputs[0].tolist() for inputs, targets in loader]
    seen = [start for batch in firsts for start in batch]
    assert [len(batch) for batch in firsts] == [6, 6, 6, 2] and sorted(seen) == list(range(0, 100, 5)) != seen
    for inputs, targets in loader:
        assert inputs.shape == targets.shape and inputs.shape[0] == 5 and (targets == inputs + 1).all()
    train, valid = random_split(windows, [0.75, 0.25])
    assert len(train) == 15 and len(valid[:][0][0]) == 5
    assert Subset(windows, [3])[0][0].tolist() == [15, 16, 17, 18, 19]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(("n", "size", "length"), [(11, 2, 2), (100, 7, 4), (50, 1, 49), (8, 7, 3), (101, 4, 5)])
def test_streams_go_through_the_text_in_order(n, size, length, drop_last, batch_first):
    text = np.random.default_rng(1).integers(0, 50, n)
    streams = TextStreams(text, size, length, drop_last=drop_last, batch_first=batch_first)
    batches = [tuple(np.asarray(t) if batch_first else np.asarray(t).T for t in batch) for batch in streams]
    steps = (n - 1) // size
    assert len(batches) == len(streams) == (steps // length if drop_last else -(-steps // length))
    if not batches:
        return
    assert all(inputs.shape == targets.shape == (size, length) for inputs, targets in batches[:-1])
    inputs, targets = (np.concatenate(parts, axis=1) for parts in zip(*batches, strict=True))
    read = steps // length * length if drop_last else steps
    for b in range(size):
        assert (inputs[b] == text[b * steps : b * steps + read]).all()
        assert (targets[b] == text[b * steps + 1 : b * steps + read + 1]).all()
    assert len(list(streams)) == len(batches)  # a second pass


def test_booleans_are_numbers_of_windows_as_of_lists():
    windows = TextWindows([0, 1, 2, 3], 1)
    assert windows[True][0].tolist() == windows[1][0].tolist() == [1]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: TextWindows([1, 2, 3], 3), ValueError, "the text has 3 tokens, but a window of 3 .* need 4"),
        (lambda: TextWindows([], 1), ValueError, "TextWindows: the text has 0 tokens"),
        (lambda: TextWindows([1, 2, 3], 0), ValueError, "TextWindows: length is 0, but must be at least 1"),
        (lambda: TextWindows([1, 2, 3], 1, 0), ValueError, "TextWindows: stride is 0"),
        (lambda: TextWindows([1.0, 2.0], 1), TypeError, "indices have dtype float32, but must be integers"),
        (lambda: TextWindows("text", 1), TypeError, "TextWindows: indices is 'text', but must be array-like"),
        (lambda: TextWindows([[1, 2, 3]], 1), ValueError, r"indices have shape \(1, 3\), but must be 1-D"),
        (lambda: TextWindows([1, 2, 3], 1)[[[0]]], ValueError, r"TextWindows: index has shape \(1, 1\)"),
        (lambda: TextStreams([1, 2, 3], 3, 1), ValueError, "the text has 3 tokens, but 3 streams need 4"),
        (lambda: TextStreams([], 1, 1), ValueError, "TextStreams: the text has 0 tokens"),
        (lambda: TextStreams([1, 2], 0, 1), ValueError, "TextStreams: batch_size is 0"),
        (lambda: TextStreams([1, 2], 1, 0), ValueError, "TextStreams: length is 0"),
        (lambda: TextStreams([0.5, 2], 1, 1), TypeError, "TextStreams: indices have dtype float32"),
        (lambda: TextStreams([1, 2], 1, 1, drop_last=2), TypeError, "TextStreams: drop_last is 2"),
    ],
)
def test_what_windows_and_streams_refuse(make, error, message):
    with pytest.raises(error, match=message):
        make()


# ---- tokenizers of trained models ------------------------------------------------------------------------------------


def test_tokenizers(tmp_path, monkeypatch):
    library = pytest.importorskip("tokenizers")
    made = library.Tokenizer(library.models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")]))
    made.save(str(tmp_path / "tokenizer.json"))
    tokenizer = tw.data.text.load_tokenizer(tmp_path / "tokenizer.json")
    ids = tokenizer.encode("abba").ids
    assert ids == [2, 1, 0]
    assert tokenizer.decode(ids) == "ab b a"
    with pytest.raises(FileNotFoundError):
        tw.data.text.load_tokenizer(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ValueError, match=r"load_tokenizer: '.*bad.json' is not a tokenizer's file"):
        tw.data.text.load_tokenizer(str(tmp_path / "bad.json"))
    with pytest.raises(TypeError, match=r"load_tokenizer: path is 3, but must be a str, bytes or os\.PathLike"):
        tw.data.text.load_tokenizer(3)
    with pytest.raises(ValueError, match=r"load_tokenizer: path is 'a\\x00b', but no path has a zero in it"):
        tw.data.text.load_tokenizer("a\0b")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(
        ImportError, match=r"load_tokenizer: needs the tokenizers package: pip install 'tilewright\[text\]'"
    ):
        tw.data.text.load_tokenizer(tmp_path / "tokenizer.json")
