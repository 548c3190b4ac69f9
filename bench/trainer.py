"""What `tw.train.Trainer` costs beside a loop written by hand: `python -m bench.trainer`.

Both train the same small network on the same batches, in turns; the network is small, so that the loop shows. The loop
by hand reads the loss of each batch, as the trainer does.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import tilewright as tw

if TYPE_CHECKING:
    from collections.abc import Callable

BATCHES, SIZE = 500, 16


def parts() -> tuple[tw.nn.Module, tw.nn.Module, tw.optim.Optimizer, list[tuple[tw.Tensor, tw.Tensor]]]:
    """Model, loss, optimiser and batches, the same at each call."""
    tw.random.seed(0)
    model = tw.models.MLP([32, 32, 10])
    batches = [(tw.random.normal(size=(SIZE, 32)), tw.random.integers(0, 10, size=SIZE)) for _ in range(BATCHES)]
    return model, tw.nn.CrossEntropyLoss(), tw.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), batches


def by_hand() -> Callable[[], float]:
    model, loss_of, optimizer, batches = parts()

    def epoch() -> float:
        total = 0.0
        for x, y in batches:
            loss = loss_of(model(x), y)
            total += loss.item()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        return total / BATCHES

    return epoch


def by_trainer(progress: bool) -> Callable[[], float]:
    model, loss, optimizer, batches = parts()
    trainer = tw.train.Trainer(model, loss, optimizer, progress=progress)

    def epoch() -> float:
        trainer.fit(batches, epochs=trainer.epoch + 1)
        return float(trainer.logs["loss"])

    return epoch


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.trainer", description="The trainer beside a loop by hand.")
    parser.add_argument("--rounds", type=int, default=15, help="epochs of each, in turns")
    args = parser.parse_args()
    loops = {"by hand": by_hand(), "Trainer": by_trainer(False), "Trainer with its bar": by_trainer(True)}
    times: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(args.rounds):
        losses = {}
        for name, epoch in loops.items():
            start = time.perf_counter()
            losses[name] = epoch()
            times[name].append((time.perf_counter() - start) / BATCHES * 1e6)
        if max(losses.values()) - min(losses.values()) > 1e-6:
            raise RuntimeError(f"they do not train alike: {losses}")
    for name, values in times.items():
        more = statistics.median(v - h for v, h in zip(values, times["by hand"], strict=True))
        print(f"{name:22} {statistics.median(values):7.1f} us a batch, {more:+6.1f}")


if __name__ == "__main__":
    main()
