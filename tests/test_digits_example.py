"""The example that the README starts with: what it reaches, prints and writes, and how it fails."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tilewright as tw

for needed in ("sklearn", "tqdm", "matplotlib", "safetensors"):
    pytest.importorskip(needed)

SCRIPT = Path(__file__).parent.parent / "examples" / "digits.py"


def run(*options, **environment):
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, options)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
    )


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    out = tmp_path_factory.mktemp("digits")
    return run("--out", out), out


@pytest.fixture(scope="module")
def example():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPT.parent)  # beside it is what examples share
        yield load()


def load():
    spec = importlib.util.spec_from_file_location("digits_example", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reaches_its_goal(default):
    result, _ = default
    assert result.returncode == 0, result.stderr
    accuracy = float(re.search(r"test accuracy ([\d.]+)%", result.stdout)[1])
    assert accuracy >= 97


def test_prints_a_table_of_layers_epochs_and_a_confusion_matrix(default):
    result, _ = default
    assert "6,570 parameters" in result.stdout
    epochs = re.findall(
        r"^epoch +(\d+): training loss \d+\.\d+, accuracy [\d.]+%; validation loss", result.stdout, re.M
    )
    assert [int(e) for e in epochs] == list(range(1, len(epochs) + 1)) and len(epochs) > 10
    assert "batch/s" in result.stderr  # the progress bar
    rows = result.stdout.partition("taken for\n")[2].splitlines()
    assert rows[0].split() == list("0123456789")
    confusion = np.array([row.split() for row in rows[1:11]], int)
    assert (confusion[:, 0] == range(10)).all()
    counts = confusion[:, 1:]
    accuracy = float(re.search(r"test accuracy ([\d.]+)%", result.stdout)[1])
    assert 200 < counts.sum() < 400 and abs(100 * np.trace(counts) / counts.sum() - accuracy) < 0.01


def test_stops_early(default):
    """The validation loss of the weights that are kept is the lowest, and no better one came in ten epochs."""
    result, _ = default
    losses = [float(v) for v in re.findall(r"validation loss (\d+\.\d+)", result.stdout)]
    kept = int(re.search(r"kept the weights of epoch (\d+)", result.stdout)[1])
    assert losses[kept - 1] == min(losses)
    assert len(losses) == kept + 10 < 100


def test_writes_weights_that_load(default):
    _, out = default
    state = tw.io.load(out / "digits.safetensors")
    relu = tw.nn.ReLU()
    net = tw.nn.Sequential(tw.nn.Linear(64, 64), relu, tw.nn.Linear(64, 32), relu, tw.nn.Linear(32, 10))
    assert net.load_state_dict(state) == ([], [])


def test_writes_a_picture(default):
    from matplotlib import image

    _, out = default
    picture = image.imread(out / "digits.png")
    height, width, _ = picture.shape
    assert height >= 600 and width >= 1200
    red = (picture[..., 0] > 0.8) & (picture[..., 1] < 0.2) & (picture[..., 2] < 0.4)
    assert red.sum() > 500  # the frames of the wrong ones


def test_the_same_seed_gives_the_same_bits_at_any_number_of_threads(tmp_path):
    files, texts = [], []
    options = ("--epochs", 2, "--lr", 0.01, "--hidden", 48, "--seed", 5)
    for i, threads in enumerate((1, 2, 7)):
        result = run(*options, "--threads", threads, "--out", tmp_path / str(i))
        assert result.returncode == 0, result.stderr
        files.append((tmp_path / str(i) / "digits.safetensors").read_bytes())
        texts.append(result.stdout.rpartition("\nwrote")[0])
    assert files[0] == files[1] == files[2]
    assert texts[0] == texts[1] == texts[2]
    assert tw.io.load(tmp_path / "0" / "digits.safetensors")["2.weight"].shape == (10, 48)


def test_other_seeds_give_other_bits(example):
    networks = []
    for seed in (0, 1):
        tw.random.seed(seed)
        networks.append(example.make_network([8]).state_dict()["0.weight"].tolist())
    assert networks[0] != networks[1]


def test_a_loss_that_is_nan_is_no_crash(example, capsys):
    tw.random.seed(0)
    training, validation, _ = example.load_data()
    curves, best = example.train(example.make_network([8]), training, validation, epochs=2, lr=1e30)
    assert len(curves) == 2 and best == 0


# ---- options ---------------------------------------------------------------------------------------------------------


def call(example, monkeypatch, capsys, *options):
    """Exit code, standard output and standard error of the example's main() up to where it exits."""
    monkeypatch.setattr(sys, "argv", ["digits.py", *options])
    monkeypatch.setattr(example, "load_data", lambda: pytest.fail("training started"))
    with pytest.raises(SystemExit) as exit:
        example.main()
    return exit.value.code, *capsys.readouterr()


def test_help_names_every_option(example, monkeypatch, capsys):
    code, text, _ = call(example, monkeypatch, capsys, "--help")
    assert code == 0
    for option in ("--epochs", "--lr", "--hidden", "--seed", "--threads", "--out", "--help"):
        assert option in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "argument --epochs: invalid count value: '0'"),
        (["--epochs", "many"], "argument --epochs: invalid count value: 'many'"),
        (["--lr", "-1"], "argument --lr: -1.0 is not a positive number"),
        (["--lr", "nan"], "argument --lr: nan is not a positive number"),
        (["--hidden", "64", "-3"], "argument --hidden: invalid count value: '-3'"),
        (["--seed", "-1"], "argument --seed: -1 is not between"),
        (["--threads", "0"], "argument --threads: invalid count value: '0'"),
        (["--colour", "red"], "unrecognized arguments: --colour red"),
        (["--out", "/dev/null"], "argument --out: cannot write to '/dev/null': File exists"),
        (["--out", "/proc/nowhere"], "argument --out: cannot write to '/proc/nowhere'"),
    ],
)
def test_wrong_options_fail_in_one_line_before_training(example, monkeypatch, capsys, options, message):
    code, out, err = call(example, monkeypatch, capsys, *options)
    assert code == 2 and out == ""
    assert err.startswith(f"digits.py: error: {message}") and err.count("\n") == 1


def test_wrong_options_from_the_shell():
    result = run("--epochs", "0")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "digits.py: error: argument --epochs: invalid count value: '0'\n"


def test_is_short():
    assert SCRIPT.read_text().count("\n") < 150
