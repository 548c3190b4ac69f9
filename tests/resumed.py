"""A training run that is killed at a batch, or goes on to its end: `resumed.py FOLDER KILL_AT`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import tilewright as tw
from tilewright import nn, train

EPOCHS, SAMPLES, BATCH = 3, 22, 4  # 6 batches in an epoch, the last one of 2


class Noise:
    """A random change of batches, by a generator of its own."""

    def __init__(self):
        self.generator = tw.random.Generator(5)

    def __call__(self, batch):
        return batch[0] + self.generator.normal(size=batch[0].shape), batch[1]


def made(folder, *more, prefetch=2):
    """A trainer with everything that has a state, and its loaders."""
    tw.random.seed(1)
    x = tw.random.Generator(0).normal(size=(SAMPLES, 3))
    data = tw.data.TensorDataset(x, tw.astype(x[:, 0] > 0, "int64"))
    transform, order = Noise(), tw.random.Generator(3)
    loader = tw.data.DataLoader(data, BATCH, True, generator=order, transform=transform, prefetch=prefetch)
    model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.3), nn.Linear(5, 2))
    optimizer = tw.optim.AdamW(model.parameters(), lr=0.05)
    schedule = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, 9)
    stopping = train.EarlyStopping("validation_loss", patience=1)
    trainer = train.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        metrics=[train.accuracy],
        callbacks=[stopping, train.Checkpoint(Path(folder) / "last.safetensors", unit="batch"), *more],
        schedule=schedule,
        schedule_per="step",
        accumulate=2,
        clip_norm=1.0,
        autocast="bfloat16",
        progress=False,
    )
    return trainer, loader, tw.data.DataLoader(data, 7, shuffle=True)


def main(folder, kill_at):
    def kill(trainer):
        if trainer.batches == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    trainer, loader, validation = made(folder, train.Hooks(on_batch_end=kill))
    if (Path(folder) / "last.safetensors").exists():
        trainer.load(Path(folder) / "last.safetensors")
        tw.random.uniform(size=9)  # what is drawn before training goes on does not matter
    trainer.fit(loader, validation, EPOCHS)
    tw.io.save(Path(folder) / "model.safetensors", trainer.model)
    (Path(folder) / "history").write_text(repr(trainer.history))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
