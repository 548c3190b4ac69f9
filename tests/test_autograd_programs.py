"""Random programs of views, broadcasts, writes and reuse: gradients and second derivatives against PyTorch."""

from __future__ import annotations

import random

import numpy as np
import pytest

import tilewright as tw

torch = pytest.importorskip("torch")


class Program:
    """The same random steps in both libraries; `tensors` are pairs of the same value."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        shapes = [(3, 4), (4,), (3, 1), (), (2, 3, 4)]
        self.leaves = [self.leaf(self.random.choice(shapes)) for _ in range(3)] + [self.leaf((3, 4))]
        self.tensors = list(self.leaves)
        self.log: list[str] = []

    def leaf(self, shape):
        value = np.asarray(self.numbers.normal(size=shape) * 0.5)
        return tw.asarray(value, requires_grad=True), torch.tensor(value, requires_grad=True)

    def pick(self):
        return self.random.choice(self.tensors)

    def step(self) -> None:
        getattr(self, self.random.choice(["unary", "binary", "view", "reduce", "join", "write", "augment", "binary"]))()
        ours, theirs = self.tensors[-1]
        assert ours.shape == tuple(theirs.shape), self.log

    def add(self, what, ours, theirs) -> None:
        self.log.append(what)
        self.tensors.append((ours, theirs))

    def unary(self):
        x, t = self.pick()
        name = self.random.choice(["tanh", "exp", "sin", "square", "negative", "abs"])
        self.add(name, getattr(tw, name)(tw.tanh(x)), getattr(torch, name)(torch.tanh(t)))

    def binary(self):
        (x, t), (y, u) = self.pick(), self.pick()
        try:
            np.broadcast_shapes(x.shape, y.shape)
        except ValueError:
            return
        name = self.random.choice(["add", "subtract", "multiply", "maximum"])
        self.add(name, getattr(tw, name)(x, y), getattr(torch, name)(t, u))

    def view(self):
        x, t = self.pick()
        if not x.shape:
            self.add("broadcast", tw.broadcast_to(x, (2, 3)), t.expand(2, 3))
        elif self.random.random() < 0.3:
            self.add("flip shape", x.reshape(x.shape[::-1]), t.reshape(x.shape[::-1]))
        elif x.ndim > 1 and self.random.random() < 0.5:
            self.add("transpose", tw.swapaxes(x, 0, 1), t.transpose(0, 1))
        else:
            key = self.random.choice([(slice(None, None, 2),), (-1,), (..., slice(1, None)), ([0, 0, -1],), (None,)])
            self.add(f"getitem {key}", x[key], t[key])

    def reduce(self):
        x, t = self.pick()
        if x.ndim and x.size:
            axis, keep = self.random.randrange(x.ndim), self.random.random() < 0.5
            kind = self.random.choice(["sum", "mean"])
            self.add(kind, getattr(x, kind)(axis, keepdims=keep), getattr(t, kind)(axis, keepdim=keep))

    def join(self):
        x, t = self.pick()
        if x.ndim:
            self.add("concatenate", tw.concatenate([x, x * 2.0]), torch.cat([t, t * 2.0]))

    def copied(self):
        x, t = self.pick()
        return x * 1.0, t * 1.0

    def write(self):
        (x, t), (y, u) = self.copied(), self.pick()
        if x.ndim and x.size and y.ndim < x.ndim:
            try:
                np.broadcast_to(np.empty(y.shape), x.shape[1:])
            except ValueError:
                return
            x[0] = y
            t[0] = u
            self.add("setitem", x, t)

    def augment(self):
        (x, t), (y, u) = self.copied(), self.pick()
        try:
            if np.broadcast_shapes(x.shape, y.shape) != x.shape:
                return
        except ValueError:
            return
        if self.random.random() < 0.5:
            x += y
            t = t + u
        else:
            x *= y
            t = t * u
        self.add("augment", x, t)


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed):
    program = Program(seed)
    for _ in range(14):
        program.step()
    total = sum((tw.tanh(x).sum() for x, _ in program.tensors[4:]), tw.asarray(0.0, dtype="float64"))
    theirs = sum((torch.tanh(t).sum() for _, t in program.tensors[4:]), torch.tensor(0.0, dtype=torch.float64))
    np.testing.assert_allclose(total.item(), theirs.item(), rtol=1e-10)

    ours = [x for x, _ in program.leaves]
    reference = [t for _, t in program.leaves]
    first = tw.autograd.gradients(total, ours, create_graph=True)
    expected = torch.autograd.grad(theirs, reference, create_graph=True, allow_unused=True, materialize_grads=True)
    for g, e in zip(first, expected, strict=True):
        np.testing.assert_allclose(
            g.detach().numpy(), e.detach().numpy(), rtol=1e-9, atol=1e-11, err_msg=str(program.log)
        )

    penalty = sum(((g * g).sum() for g in first), tw.asarray(0.0, dtype="float64"))
    if not penalty.requires_grad:
        return
    penalty.backward()
    sum((g * g).sum() for g in expected).backward()
    for x, t in program.leaves:
        got = np.zeros(x.shape) if x.grad is None else x.grad.numpy()
        want = np.zeros(x.shape) if t.grad is None else t.grad.numpy()
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-10, err_msg=str(program.log))
