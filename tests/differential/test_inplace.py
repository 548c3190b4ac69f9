"""Random writes in place, held against the same program without any: the same gradients, or RuntimeError.

Every tensor of a program is a view of some memory. The other program keeps for each memory one flat tensor, a function
of the leaves; a write makes a new one of it, and reading is taking elements from it. So both sides know what shares
memory, but only one of them writes.
"""

from __future__ import annotations

import collections
import random
import re

import numpy as np
import pytest

import tilewright as tw

from .faults import Fault, Faults, shrink

SHAPE = (3, 4)
STEPS = 12


class Entry:
    """A tensor, and where its elements lie in which memory: `memory[places]`."""

    def __init__(self, tensor, memory: int, places, *, detached: bool = False, leaf: bool = False) -> None:
        self.tensor = tensor
        self.memory = memory
        self.places = places
        self.detached = detached
        self.leaf = leaf


class Program:
    """Runs steps on both sides; `log` is the program as text."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.memories: list[tw.Tensor] = []
        self.entries: list[Entry] = []
        self.keys: list = []  # index arrays that were used as keys: NumPy's, tensors or lists
        self.log: list[str] = []
        self.refused = 0
        numbers = np.random.default_rng(seed)
        self.leaves = [numbers.normal(size=SHAPE) for _ in range(2)]
        self.ours = [tw.asarray(v.copy(), requires_grad=True) for v in self.leaves]
        self.theirs = [tw.asarray(v.copy(), requires_grad=True) for v in self.leaves]
        for i, (x, y) in enumerate(zip(self.ours, self.theirs, strict=True)):
            self.add(f"leaf {i}", x, y, leaf=True)
        for i in range(2):
            value = numbers.normal(size=SHAPE)
            self.add(f"constant {i}", tw.asarray(value.copy()), tw.asarray(value.copy()))

    # ---- both sides --------------------------------------------------------------------------------------------------

    def add(self, text: str, ours, theirs, **more) -> None:
        """A new tensor in memory of its own."""
        self.log.append(f"t{len(self.entries)} = {text}")
        self.memories.append(tw.reshape(theirs, -1))
        places = np.arange(ours.size).reshape(ours.shape)
        self.entries.append(Entry(ours, len(self.memories) - 1, places, **more))

    def view(self, text: str, entry: Entry, tensor, places, **more) -> None:
        self.log.append(f"t{len(self.entries)} = {text}")
        self.entries.append(Entry(tensor, entry.memory, places, **{"detached": entry.detached, **more}))

    def read(self, entry: Entry):
        """The other side's value of a tensor."""
        value = tw.reshape(tw.take(self.memories[entry.memory], entry.places.reshape(-1)), entry.places.shape)
        return value.detach() if entry.detached else value

    def written(self, entry: Entry, places, value, recorded: bool) -> None:
        """The other side of a write of `value` at these places, none of which comes twice."""
        memory = self.memories[entry.memory]
        flat = tw.reshape(tw.broadcast_to(value, places.shape), -1)
        source = np.zeros(memory.size, np.int64)
        source[places.reshape(-1)] = np.arange(places.size)
        mask = np.zeros(memory.size, bool)
        mask[places.reshape(-1)] = True
        if places.size == 0:
            return
        new = tw.where(tw.asarray(mask), tw.take(flat, source), memory)
        # A write that is not recorded changes values and no gradient.
        self.memories[entry.memory] = new if recorded else memory + (new.detach() - memory.detach())

    def attempt(self, text: str, write, entry: Entry, places, value, recorded: bool) -> None:
        """A write in place; RuntimeError means that it was refused."""
        self.log.append(text)
        try:
            write()
        except RuntimeError:
            self.refused += 1
            self.log[-1] += "  # refused"
            return
        if recorded and entry.detached:
            if any(e is not None and e is not entry and e.memory == entry.memory for e in self.entries):
                raise Fault("a recorded write was not refused, though another tensor looks at the same memory")
            entry.detached = False
            self.memories[entry.memory] = self.memories[entry.memory].detach()
        self.written(entry, places, value, recorded)

    # ---- steps -------------------------------------------------------------------------------------------------------

    def step(self, number: int) -> None:
        """Its own random numbers, so that a program without this step does the rest as before."""
        self.rng = random.Random(f"{self.seed} {number}")
        kinds = (
            ["compute"] * 3
            + ["make_view"] * 2
            + ["augment", "assign", "fill", "unrecorded", "use_key", "write_key", "forget"]
        )
        getattr(self, self.rng.choice(kinds))()

    def pick(self) -> tuple[int, Entry]:
        i = self.rng.choice([i for i, e in enumerate(self.entries) if e is not None])
        return i, self.entries[i]

    def pick_for(self, shape) -> tuple[int, Entry] | None:
        """A tensor that broadcasts to a shape."""
        fitting = [i for i, e in enumerate(self.entries) if e is not None and fits(e.places.shape, shape)]
        return (i := self.rng.choice(fitting), self.entries[i])[-2:] if fitting else None

    def compute(self) -> None:
        i, x = self.pick()
        if self.rng.random() < 0.4:
            name = self.rng.choice(["tanh", "square", "exp", "sin"])
            f = getattr(tw, name)
            self.add(f"tanh({name}(t{i}))", tw.tanh(f(x.tensor)), tw.tanh(f(self.read(x))))
            return
        j, y = self.pick()
        try:
            np.broadcast_shapes(x.places.shape, y.places.shape)
        except ValueError:
            return
        name = self.rng.choice(["multiply", "add", "maximum", "subtract"])
        f = getattr(tw, name)
        self.add(f"{name}(t{i}, t{j})", f(x.tensor, y.tensor), f(self.read(x), self.read(y)))

    def make_view(self) -> None:
        i, x = self.pick()
        shape = x.places.shape
        kind = self.rng.choice(["row", "step", "transpose", "reshape", "detach", "broadcast", "newaxis"])
        if kind == "row" and shape:
            n = self.rng.randrange(-shape[0], shape[0])
            self.view(f"t{i}[{n}]", x, x.tensor[n], x.places[n])
        elif kind == "step" and shape:
            self.view(f"t{i}[::-2]", x, x.tensor[::-2], x.places[::-2])
        elif kind == "transpose":
            self.view(f"t{i}.T", x, x.tensor.T, x.places.T)
        elif kind == "reshape" and x.tensor._array.is_contiguous:
            self.view(f"t{i}.reshape(-1)", x, x.tensor.reshape(-1), x.places.reshape(-1))
        elif kind == "detach":
            self.view(f"t{i}.detach()", x, x.tensor.detach(), x.places, detached=True)
        elif kind == "newaxis":
            self.view(f"t{i}[None]", x, x.tensor[None], x.places[None])

    def augment(self) -> None:
        i, x = self.pick()
        found = self.pick_for(x.places.shape)
        if found is None or x.leaf:
            return
        j, y = found
        name, sign = self.rng.choice([("add", "+"), ("subtract", "-"), ("multiply", "*")])
        value = getattr(tw, name)(self.read(x), self.read(y))

        def write():
            target = x.tensor
            if name == "add":
                target += y.tensor
            elif name == "subtract":
                target -= y.tensor
            else:
                target *= y.tensor

        self.attempt(f"t{i} {sign}= t{j}", write, x, x.places, value, self.recorded(x, y))

    def recorded(self, x: Entry, y: Entry | None) -> bool:
        """Whether the tape sees the write: through a detached target, only where the value has a gradient."""
        return not x.detached or (y is not None and y.tensor.requires_grad)

    def assign(self) -> None:
        i, x = self.pick()
        shape = x.places.shape
        key = self.rng.choice([..., 0, slice(None, None, 2), (slice(None), -1), [0, 2], None, np.array([1, 0]), "mask"])
        if isinstance(key, str):
            key = np.arange(x.places.size).reshape(shape) % 3 == 1
        if self.rng.random() < 0.3 and isinstance(key, (list, np.ndarray)):
            key = tw.asarray(key)
        plain = key.numpy() if isinstance(key, tw.Tensor) else key
        try:
            places = np.asarray(x.places[plain])
        except IndexError:
            return
        found = self.pick_for(places.shape)
        if found is None or (x.leaf and self.rng.random() < 0.8):
            return
        j, y = found
        value = self.read(y)
        recorded = self.recorded(x, y)
        self.attempt(f"t{i}[{key!r}] = t{j}", lambda: x.tensor.__setitem__(key, y.tensor), x, places, value, recorded)
        if isinstance(key, (list, np.ndarray, tw.Tensor)) and np.asarray(plain).dtype.kind == "i":
            self.keys.append(key)

    def fill(self) -> None:
        i, x = self.pick()
        j, y = self.pick_for(x.places.shape) or (i, x)
        if x.leaf:
            return
        name = self.rng.choice(["copy_", "fill_", "zero_"])
        if name == "copy_":
            call, value, source = (lambda: x.tensor.copy_(y.tensor)), self.read(y), y
        else:
            number = 0.0 if name == "zero_" else 0.5
            call = x.tensor.zero_ if name == "zero_" else (lambda: x.tensor.fill_(0.5))
            value, source = tw.full(x.places.shape, number, dtype="float64"), None
        text = f"t{i}.{name}({f't{j}' if name == 'copy_' else ''})"
        self.attempt(text, call, x, x.places, value, self.recorded(x, source))

    def unrecorded(self) -> None:
        """Under no_grad, as an optimiser writes."""
        i, x = self.pick()
        found = self.pick_for(x.places.shape)
        if found is None:
            return
        j, y = found
        value = (self.read(x) + self.read(y)).detach()

        def write():
            with tw.no_grad():
                target = x.tensor
                target += y.tensor

        self.attempt(f"with no_grad(): t{i} += t{j}", write, x, x.places, value, False)

    def use_key(self) -> None:
        """An index array that is kept, to be written to later."""
        i, x = self.pick()
        if x.places.ndim != 2:
            return
        axis = self.rng.randrange(2)
        n = x.places.shape[axis]
        values = np.array([self.rng.randrange(-n, n) for _ in range(3)])
        key = self.rng.choice([values.copy(), tw.asarray(values.copy()), values.tolist()])
        self.keys.append(key)
        kind = self.rng.choice(["getitem", "take", "along", "loss"])
        theirs = self.read(x)
        if kind == "getitem":
            ours = x.tensor[:, key] if axis else x.tensor[key]
            self.add(f"t{i}[{':, ' * axis}{key!r}]", ours, tw.take(theirs, values, axis=axis))
        elif kind == "take":
            self.add(
                f"take(t{i}, {key!r}, axis={axis})",
                tw.take(x.tensor, key, axis=axis),
                tw.take(theirs, values, axis=axis),
            )
        elif kind == "loss":
            if isinstance(key, list) or x.places.shape[0] != 3:
                return
            key[:] = self.rng.choice([0, 1])
            target = np.asarray(key.numpy() if isinstance(key, tw.Tensor) else key).copy()
            loss = tw.nn.functional.cross_entropy
            self.add(f"cross_entropy(t{i}, {key!r})", loss(x.tensor, key), loss(theirs, target))
        elif not isinstance(key, list):
            wide = np.broadcast_to(
                values[:2, None] if axis == 0 else values[:2],
                (2, x.places.shape[1]) if axis == 0 else (x.places.shape[0], 2),
            )
            key = tw.asarray(wide.copy()) if isinstance(key, tw.Tensor) else wide.copy()
            self.keys[-1] = key
            ours = tw.take_along_axis(x.tensor, key, axis=axis)
            self.add(
                f"take_along_axis(t{i}, {key!r}, axis={axis})", ours, tw.take_along_axis(theirs, wide.copy(), axis=axis)
            )

    def write_key(self) -> None:
        """What was an index array then is another one now."""
        if self.keys:
            key = self.rng.choice(self.keys)
            self.log.append(f"write to the key {key!r}")
            if isinstance(key, list):
                key[0] = 1 - key[0] if key[0] in (0, 1) else 0
            else:
                key[:] = 1 - key[:1]
                key[key > 1] = 0  # in bounds
                key[key < -1] = 0

    def forget(self) -> None:
        """Drop a tensor, so that its memory is shared by one less."""
        if len(self.entries) > 6:
            i, x = self.pick()
            if not x.leaf:
                self.log.append(f"del t{i}")
                self.entries[i] = None

    # ---- the end -----------------------------------------------------------------------------------------------------

    def values_differ(self) -> str | None:
        for i, entry in enumerate(self.entries):
            if entry is not None:
                got, want = entry.tensor.detach().numpy(), self.read(entry).detach().numpy()
                if got.shape != want.shape or not np.allclose(got, want, rtol=1e-12, atol=1e-13):
                    return f"t{i} has values {got.tolist()}, should have {want.tolist()}"
        return None

    def loss(self, values):
        return sum((tw.tanh(v).sum() for v in values), tw.asarray(0.0, dtype="float64"))

    def gradients_differ(self, tally) -> str | None:
        kept = [e for e in self.entries if e is not None]
        loss, theirs = self.loss([e.tensor for e in kept]), self.loss([self.read(e) for e in kept])
        if loss.requires_grad != theirs.requires_grad:
            return f"the loss requires grad: {loss.requires_grad}, should be {theirs.requires_grad}"
        if not loss.requires_grad:
            return None
        want = tw.autograd.gradients(theirs, self.theirs, create_graph=True)
        for order in (1, 2):
            try:
                got = tw.autograd.gradients(loss, self.ours, create_graph=True)
            except RuntimeError as error:
                tally["refused"] += "in place" in str(error)
                return None if "in place" in str(error) else f"order {order}: {error}"
            for i, (g, w) in enumerate(zip(got, want, strict=True)):
                if not np.allclose(g.detach().numpy(), w.detach().numpy(), rtol=1e-9, atol=1e-11):
                    return f"derivative {order} of leaf {i}: {g.tolist()}, should be {w.tolist()}"
            tally[f"order {order}"] += 1
            loss, theirs = self.loss(got), self.loss(want)
            if order == 1 and theirs.requires_grad:
                want = tw.autograd.gradients(theirs, self.theirs)
            else:
                break
        return None


def fits(shape, target) -> bool:
    try:
        return np.broadcast_shapes(shape, target) == tuple(target)
    except ValueError:
        return False


def problem_of(seed: int, steps, tally) -> str | None:
    """What is wrong with a program, and the program; None where nothing is."""
    program = Program(seed)
    try:
        for step in steps:
            program.step(step)
            wrong = program.values_differ()
            if wrong:
                break
        else:
            wrong = program.gradients_differ(tally)
    except Fault as fault:
        wrong = str(fault)
    except Exception as error:
        wrong = f"raised {error!r}"
    tally["writes refused"] += program.refused
    return f"seed {seed}: {wrong}\n    " + "\n    ".join(program.log) if wrong else None


@pytest.mark.parametrize("part", range(2))
def test_writes_in_place(part, seeds, tally):
    faults, count, seen = Faults(), 0, collections.Counter()
    for seed in seeds(500):
        count += 1
        number = 2 * seed + part
        if problem_of(number, range(STEPS), seen):
            text = shrink(list(range(STEPS)), lambda steps: problem_of(number, steps, collections.Counter()))  # noqa: B023
            wrong, *log = text.partition(": ")[2].splitlines()
            faults.add(wrong[:20] + re.sub(r"\d|\(.*", "", log[-1]) * wrong.startswith("derivative"), text)
    tally("programs that write in place", count)
    tally("of them with first derivatives compared", seen["order 1"])
    tally("of them with second derivatives compared", seen["order 2"])
    faults.report()
