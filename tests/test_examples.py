"""The examples but the first, in their quick form: what they print, and that they draw what they say."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import tilewright as tw

for needed in ("sklearn", "tqdm", "matplotlib", "safetensors", "PIL"):
    pytest.importorskip(needed)

FOLDER = Path(__file__).parent.parent / "examples"
# The options beside --quick, the files made, and what is printed.
EXAMPLES = {
    "adversarial": ((), ("adversarial.png",), r"trained on PGD +PGD +[\d.]+% +[\d.]+%\n"),
    "attention_costs": ((), ("attention_costs.png",), r"attention +[\d,]+ +1 +1 +\d+\.\d\d\n"),
    "batch_norm_gradient_flow": ((), ("batch_norm_gradient_flow.png",), r"batch norm .* test accuracy [\d.]+%\n"),
    "captions": ((), ("captions.png",), r"[\d.]+% of 100 captions are true, beam of 3\n"),
    "chatbot": (("--ask", "Hello"), ("chatbot.png",), r"rephrased: [\d.]+% of 15 answers are right\n(.*\n)*hello +-> "),
    "character_gpt": ((), ("character_gpt.png",), r"GPT : \d\.\d+ bits per character after \d+\.\d s of training\n"),
    "character_model": ((), ("character_model.png",), r"lstm: \d\.\d+ bits per character, n-grams \d\.\d+\n"),
    "cnn_digits": ((), ("cnn_digits.png", "cnn_digits.safetensors"), r"test accuracy [\d.]+%, standard deviation"),
    "deep_belief": (
        (),
        ("deep_belief.png",),
        r"pre-training gains [+-][\d.]+ ± [\d.]+ points; it is better in \d of 2",
    ),
    "digits_by_row": (
        (),
        ("digits_by_row.png",),
        r"pixels: plain, ReLU.* test accuracy [\d.]+%\n",
    ),
    "edge_filters": (("--photograph", "flower"), ("edge_filters.png",), r"Laplacian of Gaussian +-\d\.\d+ +\d\.\d+"),
    "hidden_units": ((), ("hidden_units.png",), r"ring, points on the right side by hidden units: 1: [\d.]+%, 2: "),
    "masked_language_model": (
        (),
        ("masked_language_model.png",),
        r"pre-trained +test accuracy [\d.]+% of \d+, 3 modules\nfrom scratch +test accuracy [\d.]+% of ",
    ),
    "memory_problems": ((), ("memory_problems.png",), r"copying problem, .*\n +1 +4\n( +\w+ +\d\.\d+ +\d\.\d+\n){4}"),
    "pixel_digits": ((), ("pixel_digits.png",), r"Transformer +: \d\.\d+ bits per pixel, [\d,]+ parameters\n"),
    "plain_vs_residual": ((), ("plain_vs_residual.png",), r"residual, 14 layers *: training loss \d\.\d+"),
    "spiking_digits": ((), ("spiking_digits.png",), r"arctan +: test accuracy [\d.]+%\n(.*\n)*steps +1 +2 +4 "),
    "sentiment_reader": ((), ("sentiment_reader.png",), r"passes +accuracy +plain .*\n1 +[\d.]+% .*\n2 +[\d.]+% "),
    "sentence_similarity": (
        (),
        ("sentence_similarity.png",),
        r"of the same group for \d+% of 15\n(.*\n)*.*shutil.rmtree: ",
    ),
    "translate_dates": ((), ("translate_dates.png",), r"test accuracy [\d.]+% of whole dates, beam of 5\n"),
    "translate_dates_transformer": (
        (),
        ("translate_dates_transformer.png",),
        r"accuracy [\d.]+% of whole dates, greedy\n.*accuracy [\d.]+% of whole dates, beam of 5\n",
    ),
    "progressive_learning": ((), ("progressive_learning.png",), r"short first +: \d\.\d+; (\d+|-)\n"),
    "vanishing_gradients": ((), ("vanishing_gradients.png",), r"r = 4.0: \|dx_60 / dx_0\| is about 10\^1\d\n"),
    "vit_digits": ((), ("vit_digits.png",), r"CNN +: +[\d,]+ parameters, test accuracy [\d.]+%\n"),
    "what_filters_learn": ((), ("filters.png", "what_it_looks_at.png"), r"Grad-CAM +[\d.]+% +[\d.]+% +[\d.]+%\n"),
    "word_vectors": ((), ("word_vectors.png",), r"mean vector by idf +[\d.]+% +[\d.]+% +[\d.]+%\n"),
}


def run(name, *options, **environment):
    return subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), *map(str, options)],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | environment,
    )


@pytest.fixture(scope="module")
def quick(request, tmp_path_factory):
    """Result and folder of an example's quick run, each made once: one on each CPU, those collected ahead."""
    drawn = [item for item in request.session.items if item.function is test_runs_and_draws]
    runs = {}
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:

        def start(name):
            if name not in runs:
                out = tmp_path_factory.mktemp(name)
                options = ("--quick", "--threads", 1, *EXAMPLES[name][0], "--out", out)
                runs[name] = pool.submit(run, name, *options), out
            return runs[name]

        def get(name):
            result, out = start(name)
            return result.result(), out

        for item in drawn:
            start(item.callspec.params["name"])
        yield get
        pool.shutdown(cancel_futures=True)


def test_every_example_is_tested():
    assert {path.stem for path in FOLDER.glob("*.py")} == {*EXAMPLES, "digits", "common", "sequences", "texts"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_runs_and_draws(name, quick):
    from matplotlib import image

    (_, files, printed), (result, out) = EXAMPLES[name], quick(name)
    assert result.returncode == 0, result.stderr
    if result.stdout.startswith("skipped: "):
        assert name == "sentence_similarity" and result.stdout.count("\n") == 1
        pytest.skip(result.stdout.strip())
    assert re.search(printed, result.stdout), result.stdout
    assert sorted(path.name for path in out.iterdir()) == sorted(files)
    for file in files:
        assert f"wrote {out / file}\n" in result.stdout
        if file.endswith(".png"):
            picture = image.imread(out / file)[..., :3]
            assert min(picture.shape[:2]) >= 400 and picture.std() > 0.05


def test_the_cnn_learns_digits(quick):
    result, out = quick("cnn_digits")
    accuracies = [float(text) for text in re.findall(r"^seed \d: test accuracy ([\d.]+)%", result.stdout, re.M)]
    assert len(accuracies) == 2 and min(accuracies) > 60
    state = tw.io.load(out / "cnn_digits.safetensors")
    assert state["0.weight"].shape == (32, 1, 3, 3) and state["15.weight"].shape == (10, 64)


def test_attacks_deceive(quick):
    """Within 0.1 of each pixel, both methods find images that the network without training against them mistakes."""
    lines = re.findall(r"trained on (.*?) +(FGSM|PGD) +([\d.]+)% +([\d.]+)%", quick("adversarial")[0].stdout)
    rows = {(name, attack): (float(clean), float(attacked)) for name, attack, clean, attacked in lines}
    assert len(rows) == 6
    for attack in ("FGSM", "PGD"):
        clean, attacked = rows["plain digits", attack]
        assert attacked < clean - 10


def test_batch_norm_keeps_gradients_alive(quick):
    lines = re.findall(
        r"^(.+?) +: gradient's norm (\S+) in the first", quick("batch_norm_gradient_flow")[0].stdout, re.M
    )
    first = {name: float(norm) for name, norm in lines}
    assert first["batch norm"] > 100 * first["PyTorch's initialisation"] > 0


def test_gates_and_radii_decide_how_far_gradients_reach(quick):
    text = quick("vanishing_gradients")[0].stdout
    lines = re.findall(r"^(.+?) +: gradient's norm (\S+) at the last state, (\S+) at the first", text, re.M)
    ratio = {name: float(first) / float(last) for name, last, first in lines}
    assert ratio["radius 0.5"] < 1e-6 < 1e-3 < ratio["radius 1.0"] < 1 < ratio["radius 2.0"]
    assert 1e3 * ratio["LSTM, forget bias 0"] < ratio["LSTM, forget bias 1"] < 0.1 * ratio["LSTM, forget bias 4"]
    losses = dict(re.findall(r"^(not clipped|clipped to 0.5) +: .* ends with a loss of (\S+)$", text, re.M))
    assert float(losses["clipped to 0.5"]) < 0.05 < float(losses["not clipped"])


def test_networks_remember_short_sequences(quick):
    """All losses are below those of answers without memory, within a run of seconds."""
    text = quick("memory_problems")[0].stdout
    for problem, blind in (("adding", 1 / 6), ("copying", 1.3863)):
        table = re.search(rf"{problem} problem.*\n.*\n((?: +\w+ .*\n)+)", text)[1]
        losses = [float(line.split()[1]) for line in table.splitlines()]
        assert len(losses) == 4 and max(losses) < blind


def test_the_character_model_learns(quick):
    """The network gets better than the counts of single characters, longer n-grams are better than shorter ones."""
    text = quick("character_model")[0].stdout
    counts = re.findall(r"^modified Kneser-Ney +([\d. ]+)$", text, re.M)[0].split()
    assert len(counts) == 4 and sorted(counts, reverse=True) == counts
    bits = [float(number) for number in re.findall(r"^step +\d+: ([\d.]+) bits", text, re.M)]
    assert len(bits) == 8 and bits[-1] < float(counts[0]) < bits[0]
    assert text.count("Return ") == 8 + 3


def test_the_character_gpt_learns(quick):
    """It and an LSTM with as many parameters get better, and better than single characters tell."""
    text = quick("character_gpt")[0].stdout
    sizes = [int(number.replace(",", "")) for number in re.findall(r"^\w+: ([\d,]+) parameters$", text, re.M)]
    assert len(sizes) == 2 and abs(sizes[1] / sizes[0] - 1) < 0.05
    for name in ("GPT", "LSTM"):
        bits = [float(number) for number in re.findall(rf"^{name} step +\d+: ([\d.]+) bits", text, re.M)]
        assert len(bits) == 8 and bits[-1] < min(bits[0] - 0.2, 4.7)
    assert text.count("Return ") == 2 * (8 + 3)


def test_digits_are_drawn_pixel_by_pixel(quick):
    """Within an epoch both know more than nothing, the convolutions as much as the levels at each place."""
    text = quick("pixel_digits")[0].stdout
    equal = float(re.findall(r"of equal levels ([\d.]+)$", text, re.M)[0])
    bits = dict(re.findall(r"^(\S.*?) *: ([\d.]+) bits per pixel", text, re.M))
    blind, convolutions, transformer = (
        float(bits[name]) for name in ("pixels by themselves", "masked convolutions", "Transformer")
    )
    assert 1 < convolutions < blind + 0.2 and 1 < transformer < equal - 1


def test_costs_are_those_of_the_paper(quick):
    """Of 512 steps of 128 numbers: 8, 3 and 4 matrices of d x d for each step, and scores and sums of n x n."""
    text, n, d = quick("attention_costs")[0].stdout, 512, 128
    rows = re.findall(r"^(\S.*?) +([\d,]+) +([\d,]+) +([\d,]+) +\d+\.\d\d$", text, re.M)
    found = [(name, *(int(number.replace(",", "")) for number in numbers)) for name, *numbers in rows]
    assert found == [
        ("LSTM", 8 * n * d * d, n, n),
        ("convolution of 3", 3 * n * d * d, 1, n - 1),
        ("attention", 4 * n * d * d + 2 * n * n * d, 1, 1),
    ]
    assert "counts more multiply-adds than the LSTM: from 512 steps on" in text  # 256 cost the same


def test_sentences_without_weights(monkeypatch, capsys, tmp_path):
    monkeypatch.syspath_prepend(FOLDER)
    import sentence_similarity

    monkeypatch.setattr(sentence_similarity, "folder_of_weights", lambda: None)
    monkeypatch.setattr(sys, "argv", ["sentence_similarity.py", "--threads", "1", "--out", str(tmp_path)])
    sentence_similarity.main()
    assert capsys.readouterr().out.startswith("skipped: the weights or the tokenizers package are missing")
    assert not list(tmp_path.iterdir())


def test_docstrings_are_found_by_their_words(quick):
    rows = dict(re.findall(r"^(\S.*?) +([\d.]+)% +[\d.]+% +[\d.]+%$", quick("word_vectors")[0].stdout, re.M))
    assert float(rows["tf-idf"]) > float(rows["words in common"]) > 10 and float(rows["mean vector by idf"]) > 3


def test_texts_of_the_examples(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(FOLDER)
    import texts

    found = list(texts.docstrings(20_000))
    assert found == list(texts.docstrings(20_000)) and sum(len(text) for _, text in found) >= 20_000
    assert all(text.isascii() and text == text.strip() for _, text in found)
    monkeypatch.setattr(texts, "LIBRARY", tmp_path)
    assert texts.licence() == "" and list(texts.docstrings(1)) == []


def called(name, monkeypatch, capsys, *options):
    """Exit code, standard output and standard error of an example's main(), which is to exit before it starts."""
    monkeypatch.syspath_prepend(FOLDER)  # beside it is what examples share
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *options])
    spec = importlib.util.spec_from_file_location(f"{name}_example", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(SystemExit) as exit:
        module.main()
    return exit.value.code, *capsys.readouterr()


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_and_wrong_options(name, monkeypatch, capsys):
    code, text, _ = called(name, monkeypatch, capsys, "--help")
    assert code == 0
    for option in ("--quick", "--seed", "--threads", "--out"):
        assert option in text
    code, *texts = called(name, monkeypatch, capsys, "--threads", "0")
    assert code == 2 and texts == ["", f"{name}.py: error: argument --threads: invalid count value: '0'\n"]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("plain_vs_residual", ("--depths", "9"), "argument --depths: invalid number_of_layers value: '9'"),
        ("adversarial", ("--epsilon", "1"), "argument --epsilon: 1.0 is not between 0 and 1"),
        ("chatbot", ("--own", "2"), "argument --own: invalid probability value: '2'"),
        ("memory_problems", ("--adding", "1"), "argument --adding: sequences must have at least 2 steps"),
        ("progressive_learning", ("--start", "1"), "argument --start: 1 is not between 2 and --length"),
        ("vanishing_gradients", ("--max-norm", "0"), "argument --max-norm: 0.0 is not above 0"),
        ("cnn_digits", ("--seed", "-1"), "argument --seed: -1 is not between 0 and 2**64 - 1"),
        ("edge_filters", ("--photograph", "cat"), "argument --photograph: invalid choice: 'cat'"),
        ("attention_costs", ("--width", "6"), "argument --width: 6 is not a multiple of 4"),
        ("character_gpt", ("--width", "70"), "argument --width: 70 is not a multiple of 4"),
        ("character_model", ("--cell", "cnn"), "argument --cell: invalid choice: 'cnn'"),
    ],
)
def test_wrong_values(name, options, message, monkeypatch, capsys):
    code, out, err = called(name, monkeypatch, capsys, *options)
    assert (code, out) == (2, "") and err.startswith(f"{name}.py: error: {message}") and err.count("\n") == 1


def test_the_same_seed_gives_the_same_bits_at_any_number_of_threads(tmp_path):
    files, texts = [], []
    for threads in (1, 2):
        out = tmp_path / str(threads)
        result = run("cnn_digits", "--seeds", 1, "--epochs", 1, "--threads", threads, "--seed", 7, "--out", out)
        assert result.returncode == 0, result.stderr
        files.append((out / "cnn_digits.safetensors").read_bytes())
        texts.append(result.stdout.partition("wrote")[0])
    assert files[0] == files[1] and texts[0] == texts[1]
