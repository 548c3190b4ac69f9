"""# Truncated backpropagation through time

Backpropagation through time unrolls a recurrent network over all T steps of a sequence. It keeps the states of all
steps for the way back, and there is one update for T steps. Truncated backpropagation (Williams and Peng, 1990) cuts
the sequence into windows of k steps. The state goes on from window to window, the gradient does not:

> ∂L_t/∂h_s is followed for s ≥ the start of t's window, and taken as 0 before it.

Memory then grows with k and not with T. The price: no error reaches a cause in an earlier window.
"""

# %%
import time

from matplotlib import pyplot as plt
from shared import either

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F


class Reader(nn.Module):
    """A GRU, and a linear layer that answers at each step."""

    def __init__(self, hidden=48):
        self.gru, self.head = nn.GRU(1, hidden), nn.Linear(hidden, 1)

    def forward(self, x, state=None):
        output, state = self.gru(x, state)
        return self.head(output)[..., 0], state


def read(network, x, target, length, optimizer=None, carry=True):
    """Go through a sequence in windows of this length, with an update after each; the losses."""
    state, losses = None, []
    for window, wanted in nn.utils.bptt_windows(x, target, length=length):
        answer, state = network(window, nn.utils.detach_state(state) if carry else None)
        loss = F.binary_cross_entropy_with_logits(answer, wanted)
        network.zero_grad()
        loss.backward()
        if optimizer is not None:
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        losses.append(loss.item())
    return losses


# %% [markdown]
# ## Time and memory
#
# The task is an echo: the input is a random bit at each step, the answer is the bit of 10 steps before. One sequence is
# read in windows of different lengths, the last of which is the whole sequence. The peak of memory is what the
# library's allocator has in use beyond what it had before; the time is the processor's, the best of three runs.


# %%
def echo(steps, distance=10, batch=32):
    bits = tw.random.integers(0, 2, (distance + steps, batch)).astype("float32")
    return bits[distance:, :, None], bits[:steps]


tw.random.seed(0)
steps = either(2048, 128)
network, (x, target) = Reader(), echo(steps)
windows, seconds, peaks = [length for length in (8, 32, 128, 512, 2048) if length <= steps], [], []
for length in windows:
    tw.memory.reset_peak()
    before, spent = tw.memory.stats()["in_use"], []
    for _ in range(3):
        start = time.process_time()
        read(network, x, target, length)
        spent.append(time.process_time() - start)
    seconds.append(min(spent) * length / steps)
    peaks.append((tw.memory.stats()["peak"] - before) / 2**20)
    print(f"windows of {length:4}: {1000 * seconds[-1]:5.1f} ms and {peaks[-1]:6.2f} MiB for an update")
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.loglog(windows, peaks, "o-")
left.set(xlabel="window k", ylabel="MiB", title="memory of an update")
right.loglog(windows, [1000 * each for each in seconds], "o-")
right.set(xlabel="window k", ylabel="milliseconds", title="time of an update")

# %% [markdown]
# Both grow in proportion to the window. A sequence of 2048 steps takes about the same time in total, however it is cut;
# but in windows of 8 it needs less than a hundredth of the memory, and there are 256 updates and not one.
#
# ## What the windows learn
#
# Each network now reads the same number of steps, in windows of k. It is tested on a new sequence that it reads from
# start to end. A second network of each kind starts every window from a state of zeros.


# %%
def train(length, steps, carry):
    """The losses, and the share of right answers on a new sequence."""
    tw.random.seed(0)
    network = Reader()
    losses = read(network, *echo(steps), length, tw.optim.Adam(network.parameters(), lr=0.005), carry)
    x, target = echo(500)
    return losses, ((network(x)[0] > 0) == (target > 0.5))[10:].mean().item()


windows, steps = either((5, 8, 10, 11, 12, 15, 20, 50, 100, 200, 1000), (8, 20)), either(20000, 400)
carried = [train(length, steps, True) for length in windows]
fresh = [train(length, steps, False) for length in windows]
print("window" + " " * 14, *(f"{length:4}" for length in windows))
for name, runs in (("state carried", carried), ("state from zeros", fresh)):
    print(f"right, {name:16}", *(f"{right:4.0%}" for _, right in runs))

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.semilogx(windows, [right for _, right in carried], "o-", label="state carried")
left.semilogx(windows, [right for _, right in fresh], "o-", label="state from zeros")
left.axvline(10, color="black", linestyle=":", label="the bit is 10 steps back")
left.set(xlabel="window k", ylabel="share of right answers", ylim=(0.45, 1.25), title="answers on a new sequence")
left.legend(fontsize=8)
for length, (losses, _) in zip(windows, carried):
    if length in (10, 11, 20, 200, 1000):
        right.plot([length * (i + 1) for i in range(len(losses))], losses, label=f"k = {length}")
right.set(
    xlabel="steps read", ylabel="cross-entropy", xticks=range(0, steps + 1, steps // 4), title="training, state carried"
)
right.legend(fontsize=8)

# %% [markdown]
# A window of 10 steps or fewer never holds the bit and the answer at once. There is no gradient that says "keep this
# bit", and the loss stays near log 2 = 0.69. What is right beyond one half at k = 5 and 8 can only come from what
# happens to be left in the state. At 11 the window holds the pair for one answer in 11, and that is enough to
# learn: the state that is carried gives the other answers their bits.
#
# From a state of zeros the first 10 answers of a window cannot be known. Up to k = 20 such a network learns little that
# holds on a long sequence; it has never read further than its window.
#
# Long windows cost updates: all networks read 20,000 steps, which are 1000 updates at k = 20, and 20 at k = 1000. The
# best windows here, 15 and 20, are not much longer than the dependency.
