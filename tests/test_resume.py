"""Checkpoints of a training run: it goes on bit for bit after a kill at any batch, and after Ctrl-C."""

from __future__ import annotations

import json
import os
import random
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tilewright as tw
from tilewright import nn, train
from tilewright.train._files import read, write

pytest.importorskip("safetensors", reason="checkpoints need the safetensors package")

PROGRAM = Path(__file__).parent / "resumed.py"
made = runpy.run_path(str(PROGRAM))["made"]
BATCHES, EPOCHS = 6, 3


class Killed(BaseException):
    """Stands for the end of a process."""


def bits(trainer):
    return {name: value.numpy().tobytes() for name, value in trainer.model.state_dict().items()}


def started(folder, *more, every=1000, **options):
    """A trainer that saves every so many batches, and its loaders."""
    folder.mkdir(exist_ok=True)
    trainer, *loaders = made(folder, *more, **options)
    trainer.callbacks[1].every = every
    trainer.callbacks[1].unit = "batch" if every < 1000 else "epoch"
    return trainer, *loaders


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run without interruption: its weights and its history."""
    trainer, loader, validation = started(tmp_path_factory.mktemp("whole"))
    trainer.fit(loader, validation, EPOCHS)
    assert trainer.batches == BATCHES * EPOCHS and trainer.step == 3 * EPOCHS
    return bits(trainer), trainer.history


def test_a_run_that_ends_at_any_batch_goes_on_bit_for_bit(tmp_path, whole):
    for end in range(1, BATCHES * EPOCHS + 1):
        prefetch = end % 3

        def kill(trainer, end=end):
            if trainer.batches == end:
                raise Killed

        folder = tmp_path / str(end)
        trainer, loader, validation = started(
            folder, train.Hooks(on_batch_end=kill), every=max(end - 1, 1), prefetch=prefetch
        )
        with pytest.raises(Killed):
            trainer.fit(loader, validation, EPOCHS)
        trainer, loader, validation = started(folder, train.Hooks(), prefetch=prefetch)
        if end > 1:
            trainer.load(folder / "last.safetensors")
            assert trainer.batches == end - 1  # Checkpoint saves when all callbacks had their turn
            tw.random.uniform(size=9)
        trainer.fit(loader, validation, EPOCHS)
        assert bits(trainer) == whole[0] and trainer.history == whole[1], f"killed at batch {end}"


def test_a_process_that_is_killed_goes_on_bit_for_bit(tmp_path, whole):
    kills = sorted(random.Random(7).sample(range(2, BATCHES * EPOCHS), 2))
    for kill_at in [*kills, 0]:
        done = subprocess.run(
            [sys.executable, str(PROGRAM), str(tmp_path), str(kill_at)], capture_output=True, text=True
        )
        assert done.returncode == (-signal.SIGKILL if kill_at else 0), done.stderr
    values = tw.io.load(tmp_path / "model.safetensors")
    assert {name: value.numpy().tobytes() for name, value in values.items()} == whole[0]
    assert (tmp_path / "history").read_text() == repr(whole[1])


def test_an_epoch_after_the_first_that_stopped_early_is_not_trained(tmp_path):
    trainer, loader, validation = started(tmp_path, every=999)
    trainer.callbacks[0].best = float("-inf")  # nothing is better
    trainer.callbacks[0].patience = 0
    trainer.fit(loader, validation, EPOCHS)
    assert trainer.epoch == 1 and trainer.stop
    again, loader, validation = started(tmp_path)
    again.load(tmp_path / "last.safetensors")
    again.fit(loader, validation, EPOCHS)
    assert again.epoch == 1 and bits(again) == bits(trainer)


@pytest.mark.parametrize("batch", [4, 6])
def test_ctrl_c_waits_for_the_batch_and_leaves_a_checkpoint(tmp_path, whole, batch):
    def interrupt(trainer):
        if trainer.batches == batch:
            os.kill(os.getpid(), signal.SIGINT)

    hook = train.Hooks(on_batch_end=interrupt)
    trainer, loader, validation = started(tmp_path, hook)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(loader, validation, EPOCHS)
    assert trainer.batches == batch and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    trainer, loader, validation = started(tmp_path, train.Hooks())
    trainer.load(tmp_path / "last.safetensors")
    trainer.fit(loader, validation, EPOCHS)
    assert bits(trainer) == whole[0] and trainer.history == whole[1]


def test_fit_goes_on_where_it_was_stopped(tmp_path, whole):
    def stop(trainer):
        trainer.stop = trainer.batches == 4

    trainer, loader, validation = started(tmp_path, train.Hooks(on_batch_end=stop))
    trainer.fit(loader, validation, EPOCHS)
    assert trainer.batches == 4
    trainer.stop = False
    trainer.fit(loader, validation, EPOCHS)
    assert bits(trainer) == whole[0] and trainer.history == whole[1]


def test_an_epoch_that_an_error_ended_starts_anew(tmp_path):
    def fail(trainer):
        if trainer.batches == 3:
            raise RuntimeError("broken")

    trainer, loader, validation = started(tmp_path, train.Hooks(on_batch_end=fail))
    with pytest.raises(RuntimeError, match="broken"):
        trainer.fit(loader, validation, 1)
    trainer.fit(loader, validation, 1)
    assert trainer.batches == 3 + BATCHES and (trainer.epoch, trainer.batch) == (1, 0)


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    def interrupt(trainer):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the second Ctrl-C was not heard")

    trainer, loader, validation = started(tmp_path, train.Hooks(on_batch_end=interrupt))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(loader, validation, EPOCHS)


def test_loaders_without_a_state_pass_over_what_was_seen(tmp_path):
    batches = [(tw.ones((2, 3)) * i, tw.ones((2, 1))) for i in range(4)]

    def trained(until):
        tw.random.seed(0)
        model = nn.Linear(3, 1, generator=tw.random.Generator(2))
        optimizer = tw.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        stop = train.Hooks(on_batch_end=lambda trainer: setattr(trainer, "stop", trainer.batches == until))
        return train.Trainer(model, nn.MSELoss(), optimizer, callbacks=[stop], progress=False)

    whole, first, rest = trained(None), trained(6), trained(None)
    whole.fit(batches, epochs=2)
    first.fit(batches, epochs=2)
    assert (first.epoch, first.batch) == (1, 2)
    first.stop = False
    first.save(tmp_path / "c.safetensors")
    rest.load(tmp_path / "c.safetensors")
    rest.fit(batches, epochs=2)
    assert bits(rest) == bits(whole) and rest.history == whole.history


def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path):
    trainer, loader, validation = started(tmp_path, every=999)
    trainer.fit(loader, validation, 1)
    path = tmp_path / "last.safetensors"
    with pytest.raises(FileNotFoundError):
        trainer.load(tmp_path / "none")
    other, *_ = started(tmp_path, train.Hooks())
    with pytest.raises(
        ValueError, match=r"load: the checkpoint has the callbacks \['EarlyStopping', 'Checkpoint'\], but"
    ):
        other.load(path)
    plain = train.Trainer(trainer.model, trainer.loss, trainer.optimizer, callbacks=trainer.callbacks)
    with pytest.raises(ValueError, match="load: one of the checkpoint and the trainer has a schedule"):
        plain.load(path)
    sources = [tw.random.Generator(0)]
    more = train.Trainer(
        trainer.model, trainer.loss, trainer.optimizer, callbacks=trainer.callbacks, schedule=trainer.schedule,
        generator=sources,
    )  # fmt: skip
    with pytest.raises(ValueError, match="load: the checkpoint has 1 generators, but the trainer has 2"):
        more.load(path)
    tw.io.save(tmp_path / "weights", trainer.model)
    with pytest.raises(tw.io.FormatError, match="is no checkpoint of a Trainer"):
        trainer.load(tmp_path / "weights")
    tw.io.save(tmp_path / "damaged", {}, {"format": "tilewright.train 1", "tree": json.dumps({"tensor": "x"})})
    with pytest.raises(tw.io.FormatError, match="is a damaged checkpoint"):
        trainer.load(tmp_path / "damaged")


def test_files_hold_trees_of_tensors_and_plain_values(tmp_path):
    tree = {"a": tw.arange(3), 1: [None, True, 0.1, float("inf"), "x", {"b": tw.ones(2, dtype="bfloat16")}], "c": {}}
    write(tmp_path / "tree", tree)
    got = read(tmp_path / "tree")
    assert got["a"].tolist() == [0, 1, 2] and got["c"] == {} and list(got) == list(tree)
    assert got[1][:5] == tree[1][:5] and got[1][5]["b"].dtype == tw.bfloat16
    with pytest.raises(TypeError, match=r"save: a\.0 is a set, which a checkpoint cannot hold"):
        write(tmp_path / "tree", {"a": [{1}]})
    assert read(tmp_path / "tree")["c"] == {}
